"""The page cache: looking up, storing, and fetching one page."""

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from django.conf import settings

from tasks.fetching.engine import NewPage, StoredPage
from tasks.fetching.freshness import Lifetimes
from tasks.fetching.urls import Url, cache_key
from tasks.models import Page

OPERATOR_NAMESPACE = "local"
"""Whose pages the command line reads and writes: the operator's own."""


def lifetimes() -> Lifetimes:
    """How long pages stay fresh on this server."""
    return Lifetimes(
        default=timedelta(seconds=settings.ROVER.cache_ttl_seconds),
        maximum=timedelta(seconds=settings.ROVER.cache_max_ttl_seconds),
    )


def namespace_of(owner_id: int | None) -> str:
    """The part of the cache that belongs to this owner."""
    return OPERATOR_NAMESPACE if owner_id is None else f"owner-{owner_id}"


def page_key(url: Url) -> str:
    """The key of a page: SHA-256 of the normalised URL that was asked for, in hex."""
    return hashlib.sha256(cache_key(url).encode()).hexdigest()


def pages_fresh(namespace: str, keys: Collection[str], now: datetime) -> dict[str, StoredPage]:
    """The stored pages among `keys` that may still be used without asking their origin."""
    if not keys:
        return {}
    fields = ("key", "pk", "final_url", "http_status", "wire_bytes", "tokens")
    rows = Page.objects.filter(namespace=namespace, key__in=keys, expires_at__gt=now).values_list(*fields)
    return {
        key: StoredPage(page_id=pk, final_url=final_url, http_status=status, n_bytes=n_bytes, tokens=tokens)
        for key, pk, final_url, status, n_bytes, tokens in rows
    }


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
        fetched_at=page.answered_at,
        expires_at=page.freshness.fresh_until if page.freshness else page.answered_at,
    )
