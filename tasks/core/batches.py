"""What a batch is asked with, checked without a database or a network."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasks.core.errors import EmptyUrlList, InvalidArgs, TooManyUrls
from tasks.core.limits import DEFAULT_CONCURRENCY, DEFAULT_PER_DOMAIN, Concurrency

FIELDS = ("urls", "force_refresh", "concurrency", "per_domain_concurrency")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchArguments:
    """The arguments of `batch_fetch` after checking and clamping."""

    urls: tuple[str, ...]
    force_refresh: bool
    concurrency: Concurrency


def parse_arguments(arguments: Mapping[str, Any], *, max_urls: int) -> BatchArguments:
    """Check the shape of the arguments, then the number of URLs; the first failing step wins.

    Raises:
        InvalidArgs: unknown keys, wrong types, numbers that are no integers or negative; all are named.
        EmptyUrlList, TooManyUrls: the number of URLs is outside 1..max_urls.
    """
    errors = [_problem(name, "unknown argument") for name in arguments if name not in FIELDS]
    urls = arguments.get("urls")
    if "urls" not in arguments:
        errors.append(_problem("urls", "required"))
    elif not isinstance(urls, list | tuple):
        errors.append(_problem("urls", "must be a list of strings"))
    else:
        errors += [
            _problem(f"urls[{i}]", "must be a string") for i, u in enumerate(urls) if not isinstance(u, str)
        ]
    force_refresh = arguments.get("force_refresh", False)
    if not isinstance(force_refresh, bool):
        errors.append(_problem("force_refresh", "must be true or false"))
    total = _integer(arguments, "concurrency", DEFAULT_CONCURRENCY, errors)
    per_host = _integer(arguments, "per_domain_concurrency", DEFAULT_PER_DOMAIN, errors)
    if errors:
        fields = ", ".join(error["field"] for error in errors[:5])
        raise InvalidArgs(f"the arguments are not valid: {fields}", errors=errors)
    checked: tuple[str, ...] = tuple(urls or ())
    _check_count(len(checked), max_urls)
    return BatchArguments(
        urls=checked, force_refresh=force_refresh, concurrency=Concurrency.clamped(total, per_host)
    )


def _problem(field: str, message: str) -> dict[str, str]:
    return {"field": field, "message": message}


def _integer(arguments: Mapping[str, Any], name: str, default: int, errors: list[dict[str, str]]) -> int:
    value = arguments.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        errors.append(
            _problem(name, "must be an integer, 0 or more; it is clamped, not refused, when too large")
        )
        return default
    return value


def _check_count(count: int, max_urls: int) -> None:
    if count == 0:
        raise EmptyUrlList("the list of URLs is empty; give between 1 and " + str(max_urls))
    if count > max_urls:
        raise TooManyUrls(
            f"{count} URLs; at most {max_urls} go into one batch", count=count, maximum=max_urls
        )


def envelope(task_id: str) -> dict[str, Any]:
    """The answer to an accepted batch: field by field what the contract shows."""
    return {
        "task_id": task_id,
        "status": "running",
        "kind": "batch_fetch",
        "monitor_command": f"rover batch {task_id} --monitor",
        "poll_command": f"rover batch {task_id}",
        "cancel_command": f"rover task {task_id} --cancel",
    }
