"""The cast of the task tests: two owners, an origin that counts, and a worker's turn."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from rover_site.demo import DemoSiteThread, Page
from tasks.models import Task
from tasks.services.batches import batch_create
from tasks.services.engines import Workshop
from tasks.services.running import task_run
from workspace.core.tokens import Scope
from workspace.models import User
from workspace.services.owners import owner_create, owner_token_create


def work_on(task: Task, now: datetime | None = None) -> None:
    """Work on a task as a worker does, until it ends or is given back."""
    with Workshop() as workshop:
        task_run(task_id=task.pk, now=now or timezone.now(), workshop=workshop)


@pytest.fixture
def owner(db: None) -> User:
    return owner_create(username="owner", password=None)


@pytest.fixture
def other_owner(db: None) -> User:
    return owner_create(username="other", password=None)


@pytest.fixture
def token(owner: User) -> str:
    return owner_token_create(owner=owner, name="test", scopes=[Scope.FETCH], now=timezone.now())


@pytest.fixture(scope="session")
def origin_process() -> Iterator[DemoSiteThread]:
    addresses = [f"127.0.0.{n}" for n in range(1, 11)]
    archive = Page(body=b"PK\x03\x04" + bytes(60), content_type="application/zip")
    with DemoSiteThread(addresses=addresses, extra={"/archive.zip": archive}) as site:
        yield site


@pytest.fixture
def origin(origin_process: DemoSiteThread) -> DemoSiteThread:
    origin_process.log.reset()
    return origin_process


@pytest.fixture
def start_batch(transactional_db: None) -> Callable[..., Task]:
    """Make a batch of the operator's; keyword arguments go into its arguments."""

    def start(urls: list[str], **arguments: Any) -> Task:
        created = batch_create(owner_id=None, arguments={"urls": urls, **arguments}, now=timezone.now())
        return Task.objects.get(pk=UUID(created["task_id"]))

    return start


@pytest.fixture
def run_batch(start_batch: Callable[..., Task]) -> Callable[..., Task]:
    """Make a batch and work on it as a worker would, to the end."""

    def run(urls: list[str], **arguments: Any) -> Task:
        task = start_batch(urls, **arguments)
        work_on(task)
        return Task.objects.get(pk=task.pk)

    return run
