"""The step decider that asks a language model, over the endpoint and client of `tasks.executing.model`."""

from tasks.executing.in_page.model.decider import ModelStepDecider

__all__ = ["ModelStepDecider"]
