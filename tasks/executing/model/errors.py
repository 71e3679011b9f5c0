"""Why a run with a model ends without an answer. Each becomes a `Failed` with the same code."""

from workspace.core.errors import ErrorKind, RoverError


class ModelFailure(RoverError):
    """The model did not get the wish done. Messages name neither the endpoint nor what it said: they reach
    whoever made the task."""

    kind = ErrorKind.UPSTREAM


class ModelUnavailable(ModelFailure):
    """The endpoint is down, overloaded or too slow, also after retries. `data`: http_status where there is
    one."""

    code = "model_unavailable"
    kind = ErrorKind.UNAVAILABLE
    retryable = True


class ModelRefused(ModelFailure):
    """The endpoint does not take the request: key, model name or arguments. `data`: http_status."""

    code = "model_refused"


class ModelInvalid(ModelFailure):
    """The endpoint answered, but not with anything that can be used. `data`: reason."""

    code = "model_invalid"


class BudgetExhausted(ModelFailure):
    """A part of the budget is used up. `data`: budget (steps, tokens, seconds, pages, bytes)."""

    code = "budget_exhausted"
