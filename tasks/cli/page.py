"""Printing one page."""

from typing import TYPE_CHECKING, Any

import yaml
from django.utils import timezone

from tasks.cli.terminal import Terminal
from tasks.core.printable import printable, printable_block
from tasks.core.wire import timestamp
from tasks.services.pages import OPERATOR_NAMESPACE
from tasks.services.reading import page_get

if TYPE_CHECKING:
    from tasks.services.reading import PageView


def print_page(url: str, *, force_refresh: bool, timeout_secs: float | None, raw: bool) -> None:
    """Fetch the page, or take it from the cache, and print it on standard output.

    Raises:
        FetchError: there is no page to print, and why.
    """
    view = page_get(
        url=url,
        namespace=OPERATOR_NAMESPACE,
        force_refresh=force_refresh,
        timeout_seconds=timeout_secs,
        now=timezone.now(),
    )
    text = printable_block(view.markdown).rstrip("\n")
    Terminal(color="never").verbatim(text + "\n" if raw else f"{front_matter(view)}\n{text}\n")


def front_matter(view: "PageView") -> str:
    """What is known about the page, as YAML between two `---` lines."""
    fields: dict[str, Any] = {
        "url": view.url,
        "final_url": view.final_url,
        "title": view.title,
        "http_status": view.http_status,
        "kind": str(view.kind),
        "content_type": view.content_type,
        "fetched_at": timestamp(view.fetched_at),
        "confirmed_at": timestamp(view.confirmed_at) if view.confirmed_at else None,
        "expires_at": timestamp(view.expires_at),
        "cache_status": str(view.cache_status),
        "content_hash": view.content_hash,
        "tokens": view.tokens,
        "tokenizer": view.tokenizer,
        "quality": round(view.quality, 3),
        "flags": list(view.flags),
        "metadata": dict(view.metadata),
    }
    known = {name: _safe(value) for name, value in fields.items() if value not in (None, "", [], {})}
    body = yaml.safe_dump(known, sort_keys=False, allow_unicode=True, width=10_000)
    return f"---\n{body}---\n"


def _safe(value: Any) -> Any:
    """The value with every text in it made printable, as plain types that YAML knows."""
    if isinstance(value, dict):
        return {printable(str(key)): _safe(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_safe(inner) for inner in value]
    return value if isinstance(value, int | float | bool | None) else printable(str(value))
