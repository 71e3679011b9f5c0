"""Which decider serves a page: the model where the operator configured one, else the rules."""

from tasks.executing.in_page.model.decider import DEFAULT_LIMITS, ModelStepDecider
from tasks.executing.in_page.protocol import StepDecider
from tasks.executing.in_page.rules.decider import RulesStepDecider
from tasks.executing.model.endpoint import ModelEndpoint, ModelLimits

__all__ = ["step_decider"]


def step_decider(
    endpoint: ModelEndpoint | None, *, limits: ModelLimits = DEFAULT_LIMITS, prefer_rules: bool = False
) -> StepDecider:
    """The decider for a run. A shortcut is no third one: its prompt is the wish (`Wish.shortcut`) of either.

    `prefer_rules`: the site or the caller wants no model, configured or not.
    """
    if endpoint is None or prefer_rules:
        return RulesStepDecider()
    return ModelStepDecider(endpoint, limits=limits)
