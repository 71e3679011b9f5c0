"""A decider that asks a language model: any server that speaks OpenAI's chat completions with tool calls.

`endpoint` says where the model is and what a run may take, `client` talks to it, `turns` reads what it says,
`tools` is all it may ask for, `visit` uses the hands for it, `fence` keeps the text of pages apart from
instructions, `citing` checks what an answer rests on, `decider` puts them together. A model proposes; scope,
budget and evidence are decided by code that it cannot talk to.
"""

from tasks.executing.model.decider import ModelExecutor
from tasks.executing.model.endpoint import ModelEndpoint, ModelLimits

__all__ = ["ModelEndpoint", "ModelExecutor", "ModelLimits"]
