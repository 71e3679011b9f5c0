"""The page cache: looking up, storing, and fetching one page."""

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from tasks.fetching.engine import ConfirmedPage, KnownPage, NewPage, Start, StoredPage
from tasks.fetching.extraction.document import EXTRACTOR
from tasks.fetching.freshness import FRESHNESS_FIELDS, Freshness, Lifetimes
from tasks.fetching.urls import Url, cache_key
from tasks.models import Page

OPERATOR_NAMESPACE = "local"
"""Whose pages the command line reads and writes: the operator's own."""


def lifetimes() -> Lifetimes:
    """How long pages stay fresh on this server."""
    return Lifetimes(
        default=timedelta(seconds=settings.ROVER.cache_ttl_seconds),
        minimum=timedelta(seconds=settings.ROVER.cache_min_ttl_seconds),
        maximum=timedelta(seconds=settings.ROVER.cache_max_ttl_seconds),
        stale=timedelta(seconds=settings.ROVER.cache_stale_seconds),
    )


def namespace_of(owner_id: int | None) -> str:
    """The part of the cache that belongs to this owner."""
    return OPERATOR_NAMESPACE if owner_id is None else f"owner-{owner_id}"


def page_key(url: Url) -> str:
    """The key of a page: SHA-256 of the normalised URL that was asked for, in hex."""
    return hashlib.sha256(cache_key(url).encode()).hexdigest()


def pages_known(
    namespace: str, keys: Collection[str], now: datetime, *, refresh: bool = False
) -> dict[str, Start]:
    """What is known of pages by their keys: each fresh one to be used as it is, unless all are to be
    refreshed, each other one to be asked about. One that another extractor made is not asked about: the
    answer that it has not changed would bring nothing to extract anew."""
    if not keys:
        return {}
    rows = Page.objects.filter(namespace=namespace, key__in=keys).values_list(*_KNOWN, named=True)
    return {row.key: _known(row, now, refresh=refresh) for row in rows}


_KNOWN = (
    *("key", "pk", "final_url", "http_status", "wire_bytes", "tokens", "extractor"),
    *("etag", "last_modified", "cache_headers", "expires_at"),
)


def _known(row: Any, now: datetime, *, refresh: bool) -> Start:
    page = StoredPage(
        page_id=row.pk,
        final_url=row.final_url,
        http_status=row.http_status,
        n_bytes=row.wire_bytes,
        tokens=row.tokens,
    )
    if row.expires_at > now and not refresh:
        return Start(go=True, stored=page)
    if row.extractor != EXTRACTOR:
        return Start(go=True)
    known = KnownPage(
        page=page, etag=row.etag, last_modified=row.last_modified, cache_headers=row.cache_headers
    )
    return Start(go=True, known=known)


AUTHORITATIVE_STATUSES = frozenset({404, 410, 451})
"""With these an origin says that there is no such page any more, and nothing may stand in for it."""


def pages_drop(namespace: str, keys: Collection[str]) -> None:
    """Their origins say that these are gone."""
    if keys:
        Page.objects.filter(namespace=namespace, key__in=keys).delete()


def pages_confirm(namespace: str, pages: Mapping[str, ConfirmedPage]) -> None:
    """Their origins said that these have not changed; one of them may have said, too, not to keep it."""
    for key, page in pages.items():
        row = Page.objects.filter(namespace=namespace, key=key, pk=page.page.page_id or 0)
        if page.freshness is None:
            row.delete()
            continue
        row.update(
            confirmed_at=page.answered_at,
            cache_headers=dict(page.headers),
            etag=page.headers.get("etag", ""),
            last_modified=page.headers.get("last-modified", ""),
            **_times(page.freshness),
        )


def pages_store(namespace: str, pages: Mapping[str, NewPage]) -> dict[str, int]:
    """Insert or replace the pages by key and return their row ids. Of one that must not be stored, what was
    stored before goes, too: its origin has said that nothing of it is to be kept."""
    forbidden = [key for key, page in pages.items() if page.freshness is None]
    if forbidden:
        Page.objects.filter(namespace=namespace, key__in=forbidden).delete()
    rows = [page_of(namespace, key, page) for key, page in pages.items() if page.freshness is not None]
    stored = Page.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["namespace", "key"], update_fields=_REPLACED
    )
    return {row.key: row.pk for row in stored}


_REPLACED = [field.name for field in Page._meta.fields if field.name not in ("id", "namespace", "key")]


def page_of(namespace: str, key: str, page: NewPage) -> Page:
    """The row for a page that was just fetched, not yet saved."""
    fetched, document = page.fetched, page.document
    return Page(
        namespace=namespace,
        key=key,
        url=fetched.url.href,
        final_url=fetched.final_url.href,
        http_status=fetched.status,
        kind=document.kind,
        content_type=(fetched.header("content-type") or "")[:255],
        title=document.title or "",
        markdown=document.markdown,
        metadata=document.metadata,
        links=list(document.links),
        flags=list(document.flags),
        quality=document.quality,
        content_hash=document.content_hash,
        tokens=document.tokens,
        tokenizer=document.tokenizer,
        extractor=document.extractor,
        wire_bytes=fetched.wire_bytes,
        etag=fetched.header("etag") or "",
        last_modified=fetched.header("last-modified") or "",
        cache_headers={
            name: value for name in FRESHNESS_FIELDS if (value := fetched.header(name)) is not None
        },
        fetched_at=page.answered_at,
        **(_times(page.freshness) if page.freshness else {"expires_at": page.answered_at}),
    )


def _times(freshness: Freshness) -> dict[str, datetime]:
    return {
        "expires_at": freshness.fresh_until,
        "stale_until": freshness.stale_until,
        "error_until": freshness.error_until,
    }
