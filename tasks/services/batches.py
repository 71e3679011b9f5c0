"""Making a batch: check everything, store it, wake a worker. Nothing is requested from any origin here."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings

from tasks.core.batches import BatchArguments, envelope, parse_arguments
from tasks.core.errors import UrlsRejected
from tasks.core.states import TaskKind, TaskStatus
from tasks.fetching.errors import FetchError, InvalidUrl
from tasks.fetching.resolving import Resolver, SystemResolver
from tasks.fetching.screening import (
    Allowed,
    Rejected,
    denied,
    screen_addresses,
    screen_url,
)
from tasks.fetching.urls import Url, mask_secrets, parse
from tasks.models import BatchItem, Task
from tasks.services.engines import ssrf_policy
from workspace.io.queue import Job, enqueue
from workspace.io.transactions import write_transaction

RESOLVE_SECONDS = 2.0
"""A name that takes longer is not refused here: it fails as an item, if it then still does not resolve."""


def batch_create(
    *,
    owner_id: int | None,
    arguments: Mapping[str, Any],
    now: datetime,
    resolver: Resolver | None = None,
) -> dict[str, Any]:
    """Store a batch that a worker then runs, and return the answer that its caller gets. Without an owner it
    is the operator's.

    Raises:
        InvalidArgs, EmptyUrlList, TooManyUrls: the arguments.
        UrlsRejected: at least one URL is refused; it names every one. Nothing is stored.
    """
    parsed = parse_arguments(arguments, max_urls=settings.ROVER.batch_max_urls)
    urls_check(parsed.urls, resolver=resolver)
    with write_transaction():
        task = Task.objects.create(
            owner_id=owner_id,
            kind=TaskKind.BATCH_FETCH,
            status=TaskStatus.RUNNING,
            params=_params(parsed),
            hinted_at=now,
            created_at=now,
            updated_at=now,
        )
        BatchItem.objects.bulk_create(
            BatchItem(task=task, index=index, url=url) for index, url in enumerate(parsed.urls)
        )
        enqueue(Job.RUN_TASK, task_id=str(task.pk))
    return envelope(str(task.pk))


def _params(parsed: BatchArguments) -> dict[str, Any]:
    """The arguments as they will be run. The URLs are in the items, once."""
    return {
        "total": len(parsed.urls),
        "force_refresh": parsed.force_refresh,
        "concurrency": parsed.concurrency.total,
        "per_domain_concurrency": parsed.concurrency.per_host,
    }


def urls_check(urls: Sequence[str], *, resolver: Resolver | None = None) -> None:
    """Hold every URL against the address policy: its text, and the addresses that its host has now.

    Raises:
        UrlsRejected: with every offender, in the order of the list.
    """
    policy = ssrf_policy()
    refused: dict[int, FetchError] = {}
    to_resolve: dict[str, list[tuple[int, Url]]] = {}
    for index, text in enumerate(urls):
        try:
            url = parse(text)
        except InvalidUrl as error:
            refused[index] = error
            continue
        match screen_url(policy, url):
            case Rejected() as rejected:
                refused[index] = denied(rejected, policy=policy, url=url)
            case Allowed(address=None) if url.scheme in ("http", "https"):
                to_resolve.setdefault(url.host, []).append((index, url))
    if settings.ROVER.batch_resolve_upfront and to_resolve:
        for host, addresses in _resolve_all(tuple(to_resolve), resolver).items():
            for index, url in to_resolve[host]:
                verdict = screen_addresses(policy, url, addresses)
                if isinstance(verdict, Rejected):
                    refused[index] = denied(verdict, policy=policy, url=url)
    if refused:
        raise _rejection(urls, refused)


def _resolve_all(hosts: Sequence[str], resolver: Resolver | None) -> dict[str, tuple[str, ...]]:
    """The addresses of each host that resolves in time; the others are left out."""

    async def one(resolve: Resolver, host: str) -> tuple[str, ...]:
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                return await resolve.resolve(host)
        except (FetchError, TimeoutError):
            return ()

    async def every() -> list[tuple[str, ...]]:
        if resolver is not None:
            return await asyncio.gather(*(one(resolver, host) for host in hosts))
        system = SystemResolver()
        try:
            return await asyncio.gather(*(one(system, host) for host in hosts))
        finally:
            system.close()

    answers = asyncio.run(every())
    return {host: found for host, found in zip(hosts, answers, strict=True) if found}


def _rejection(urls: Sequence[str], refused: Mapping[int, FetchError]) -> UrlsRejected:
    rejected = [
        {
            "index": index,
            "url": mask_secrets(urls[index][:2000]),
            "code": refused[index].code,
            "reason": str(refused[index].data.get("reason", refused[index].code)),
        }
        for index in sorted(refused)
    ]
    first = rejected[0]
    count = f"{len(rejected)} of {len(urls)} URLs refused, so none was fetched"
    message = f"{count}; first: [{first['index']}] {first['reason']}"
    return UrlsRejected(message, rejected=rejected, level=str(settings.ROVER.ssrf_level))
