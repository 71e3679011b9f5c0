"""Making a batch: the whole list is checked before anything is stored or sent."""

import time
import uuid
from collections.abc import Callable

import pytest
from django.utils import timezone

from rover_site.demo import DemoSiteThread
from tasks.core.batches import parse_arguments
from tasks.core.errors import EmptyUrlList, InvalidArgs, TooManyUrls, UrlsRejected
from tasks.fetching.errors import DnsFailed
from tasks.models import BatchItem, Task
from tasks.services.batches import batch_create
from workspace.core.ids import new_id

METADATA = "http://169.254.169.254/latest/meta-data/"


class NamedHosts:
    """A resolver that knows a few names and counts its questions."""

    def __init__(self, **addresses: tuple[str, ...]) -> None:
        self.addresses = {name.replace("_", "."): found for name, found in addresses.items()}
        self.asked: list[str] = []

    async def resolve(self, host: str) -> tuple[str, ...]:
        self.asked.append(host)
        if host not in self.addresses:
            raise DnsFailed(f"{host} has no address")
        return self.addresses[host]


def create(urls: list[str], resolver: NamedHosts | None = None, **arguments: object) -> dict[str, object]:
    return batch_create(
        owner_id=None, arguments={"urls": urls, **arguments}, now=timezone.now(), resolver=resolver
    )


def test_the_answer_has_exactly_the_documented_fields(db: None) -> None:
    created = create(["http://127.0.0.1/"])

    task_id = created["task_id"]
    assert created == {
        "task_id": task_id,
        "status": "running",
        "kind": "batch_fetch",
        "monitor_command": f"rover batch {task_id} --monitor",
        "poll_command": f"rover batch {task_id}",
        "cancel_command": f"rover task {task_id} --cancel",
    }
    assert uuid.UUID(str(task_id)).version == 7


def test_the_row_exists_when_the_answer_is_given_and_slow_origins_do_not_delay_it(
    origin: DemoSiteThread, db: None
) -> None:
    began = time.monotonic()
    created = create([origin.url(f"/corners/slow?ms=3000&n={n}") for n in range(100)])

    assert Task.objects.filter(pk=str(created["task_id"]), status="running").exists()
    assert time.monotonic() - began < 3
    assert origin.log.connections == 0


@pytest.mark.parametrize("position", [0, 50, 99])
def test_one_refused_address_stops_the_whole_batch_before_any_connection(
    position: int, origin: DemoSiteThread, db: None
) -> None:
    urls = [origin.url(f"/?n={n}") for n in range(99)]
    urls.insert(position, METADATA)

    with pytest.raises(UrlsRejected) as caught:
        create(urls)

    assert caught.value.data["rejected"] == [
        {"index": position, "url": METADATA, "code": "ssrf_denied", "reason": "link_local"}
    ]
    assert (Task.objects.count(), BatchItem.objects.count(), origin.log.connections) == (0, 0, 0)


def test_every_offender_is_named_with_its_own_reason(db: None) -> None:
    urls = [
        "http://127.0.0.1/",
        "http://0xA9FEA9FE/",
        "not a url",
        "http://10.0.0.1/",
        "http://127.0.0.1:22/",
        "http://metadata.google.internal/",
        "ftp://example.com/",
    ]

    with pytest.raises(UrlsRejected) as caught:
        create(urls, NamedHosts())

    found = {entry["index"]: entry["reason"] for entry in caught.value.data["rejected"]}
    assert found == {
        1: "link_local",
        2: "invalid_url",
        3: "private",
        4: "port_not_allowed",
        5: "link_local",
        6: "scheme_not_allowed",
    }
    assert (caught.value.code, caught.value.kind) == ("ssrf_denied", "forbidden")


def test_a_list_whose_first_offender_does_not_parse_answers_invalid_url(db: None) -> None:
    with pytest.raises(UrlsRejected) as caught:
        create(["http://[", METADATA])

    assert (caught.value.code, caught.value.kind) == ("invalid_url", "invalid")


def test_a_name_that_resolves_to_a_forbidden_address_is_refused_up_front(db: None) -> None:
    resolver = NamedHosts(inside_test=("93.184.216.34", "10.0.0.5"), fine_test=("93.184.216.34",))

    with pytest.raises(UrlsRejected) as caught:
        create(["http://fine.test/", "http://inside.test/a", "http://inside.test/b"], resolver)

    assert [entry["index"] for entry in caught.value.data["rejected"]] == [1, 2]
    assert sorted(resolver.asked) == ["fine.test", "inside.test"]


def test_a_name_that_does_not_resolve_is_not_refused(db: None) -> None:
    assert create(["http://nowhere.test/"], NamedHosts())["status"] == "running"


def test_an_operator_can_switch_the_look_up_off(
    db: None, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.conf import settings as django_settings

    monkeypatch.setattr(
        django_settings,
        "ROVER",
        django_settings.ROVER.model_copy(update={"batch_resolve_upfront": False}),
    )
    resolver = NamedHosts(inside_test=("10.0.0.5",))

    create(["http://inside.test/"], resolver)

    assert resolver.asked == []


@pytest.mark.parametrize(("count", "error"), [(0, EmptyUrlList), (1, None), (100, None), (101, TooManyUrls)])
def test_a_batch_holds_one_to_a_hundred_urls(count: int, error: type[Exception] | None, db: None) -> None:
    urls = [f"http://127.0.0.1/{n}" for n in range(count)]
    if error is None:
        assert create(urls)["status"] == "running"
    else:
        with pytest.raises(error):
            create(urls)
        assert Task.objects.count() == 0


@pytest.mark.parametrize(
    ("asked", "stored"), [(0, 1), (1, 1), (8, 8), (32, 32), (33, 32), (200, 32), (10**12, 32)]
)
def test_concurrency_is_clamped_to_1_to_32_never_refused(asked: int, stored: int, db: None) -> None:
    created = create(["http://127.0.0.1/"], concurrency=asked)

    assert Task.objects.get(pk=str(created["task_id"])).params["concurrency"] == stored


@pytest.mark.parametrize(("asked", "stored"), [(0, 1), (1, 1), (2, 2), (8, 8), (9, 8), (200, 8)])
def test_per_domain_concurrency_is_clamped_to_1_to_8_never_refused(asked: int, stored: int, db: None) -> None:
    created = create(["http://127.0.0.1/"], per_domain_concurrency=asked)

    assert Task.objects.get(pk=str(created["task_id"])).params["per_domain_concurrency"] == stored


def test_the_defaults_are_eight_and_two_and_no_forced_refresh(db: None) -> None:
    created = create(["http://127.0.0.1/"])

    assert Task.objects.get(pk=str(created["task_id"])).params == {
        "total": 1,
        "force_refresh": False,
        "concurrency": 8,
        "per_domain_concurrency": 2,
    }


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({}, "urls"),
        ({"urls": None}, "urls"),
        ({"urls": "http://127.0.0.1/"}, "urls"),
        ({"urls": {"a": 1}}, "urls"),
        ({"urls": ["http://a.test/", 7]}, "urls[1]"),
        ({"urls": [], "colour": "red"}, "colour"),
        ({"urls": ["x"], "concurrency": -1}, "concurrency"),
        ({"urls": ["x"], "concurrency": "8"}, "concurrency"),
        ({"urls": ["x"], "concurrency": None}, "concurrency"),
        ({"urls": ["x"], "concurrency": 8.5}, "concurrency"),
        ({"urls": ["x"], "concurrency": True}, "concurrency"),
        ({"urls": ["x"], "per_domain_concurrency": "2"}, "per_domain_concurrency"),
        ({"urls": ["x"], "force_refresh": "yes"}, "force_refresh"),
        ({"urls": ["x"], "force_refresh": 1}, "force_refresh"),
    ],
)
def test_wrong_arguments_are_named(arguments: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidArgs) as caught:
        parse_arguments(arguments, max_urls=100)

    assert [error["field"] for error in caught.value.data["errors"]] == [field]


def test_a_url_of_more_than_8_kib_is_no_url(db: None) -> None:
    with pytest.raises(UrlsRejected) as caught:
        create(["http://127.0.0.1/" + "a" * 9000])

    assert caught.value.code == "invalid_url"


def test_a_thousand_ids_sort_in_the_order_of_their_making() -> None:
    ids = [str(new_id()) for _ in range(1000)]

    assert ids == sorted(ids)
    assert len({i[:13] for i in ids}) < 1000, "several fell into one millisecond"


def test_secrets_in_a_refused_url_are_masked(db: None) -> None:
    with pytest.raises(UrlsRejected) as caught:
        create(["http://10.0.0.1/?token=hush&page=2"])

    assert "hush" not in str(caught.value.data)


def test_the_hint_for_a_worker_is_stored_with_the_task(start_batch: Callable[..., Task]) -> None:
    from django_q.models import OrmQ

    task = start_batch(["http://127.0.0.1/"])

    assert [hint.task["kwargs"] for hint in OrmQ.objects.all()] == [{"task_id": str(task.pk)}]
