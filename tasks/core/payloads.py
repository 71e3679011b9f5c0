"""What the events of a batch say, field by field."""

from typing import Any

from tasks.fetching.engine import ConfirmedPage, Done, Failed, Item, NewPage, StoredPage
from tasks.fetching.urls import mask_secrets


def item_started(item: Item) -> dict[str, Any]:
    """Payload of `item_started`. Secrets in query strings are masked wherever a log or a reader sees them."""
    return {"index": item.index, "url": mask_secrets(item.url)}


def item_done(item: Item, done: Done) -> dict[str, Any]:
    """Payload of `item_done`; `cached` is true when the text came from the store: the page was fresh, or its
    origin said that it has not changed (`revalidated`)."""
    return item_started(item) | _page(done.page) | {"duration_ms": done.duration_ms}


def item_failed(item: Item, failed: Failed) -> dict[str, Any]:
    """Payload of `item_failed`; `code` is the machine's word, `error` the person's."""
    error = failed.error
    payload = item_started(item) | {
        "error": error.message,
        "code": error.code,
        "family": error.family,
        "retryable": error.retryable,
        "will_retry": False,
        "duration_ms": failed.duration_ms,
    }
    for name in ("http_status", "reason", "phase", "hop"):
        if name in error.data:
            payload[name] = error.data[name]
    return payload


def _page(page: StoredPage | ConfirmedPage | NewPage) -> dict[str, Any]:
    match page:
        case ConfirmedPage(page=stored, freshness=freshness):
            keep = freshness is not None
            return _page(stored) | {"revalidated": True, "cacheable": keep, "stored": keep}
        case StoredPage():
            return {
                "tokens": page.tokens,
                "cached": True,
                "cache_status": "hit",
                "cacheable": page.page_id is not None,
                "stored": page.page_id is not None,
                "final_url": mask_secrets(page.final_url),
                "http_status": page.http_status,
                "bytes": page.n_bytes,
            }
        case NewPage():
            keep = page.freshness is not None
            return {
                "tokens": page.document.tokens,
                "cached": False,
                "cache_status": "miss",
                "cacheable": keep,
                "stored": keep,
                "final_url": mask_secrets(page.fetched.final_url.href),
                "http_status": page.fetched.status,
                "bytes": page.fetched.wire_bytes,
            }
