"""A page whose time is over is asked for by what its origin named it by, and nothing stands in for it longer
than that origin allows."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.utils import timezone

from tasks.core.events import EventKind
from tasks.fetching.errors import FetchError, Gone, HttpStatus
from tasks.models import Event, Page, Task
from tasks.services.reading import PageView, page_get

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = "<title>Prices</title><h1>Prices</h1><p>Bread costs four euros, and a cake costs twenty of them.</p>"


@dataclass
class Origin:
    """One page that can change, move and fail. `asked` are the conditions of each request."""

    port: int = 0
    body: str = TEXT
    etag: str = '"v1"'
    status: int = 200
    moved_to: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def url(self, path: str = "/prices") -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@pytest.fixture
def web() -> Iterator[Origin]:
    origin = Origin()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            condition = self.headers.get("If-None-Match") or self.headers.get("If-Modified-Since") or ""
            origin.asked.append(condition)
            if origin.moved_to and self.path != origin.moved_to:
                self._answer(302, {"Location": origin.moved_to}, "")
            elif origin.status == 200 and origin.etag and condition == origin.etag:
                self._answer(304, {"ETag": origin.etag}, "")
            else:
                named = {"ETag": origin.etag} if origin.etag else {}
                self._answer(origin.status, {"Content-Type": "text/html", **named}, origin.body)

        def _answer(self, status: int, headers: dict[str, str], text: str) -> None:
            body = text.encode()
            self.send_response(status)
            for name, value in {**headers, **origin.headers}.items():
                self.send_header(name, value)
            if status != 304:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    origin.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield origin
    server.shutdown()
    thread.join()
    server.server_close()


def read(url: str, **options: object) -> PageView:
    return page_get(url=url, now=timezone.now(), **options)  # type: ignore[arg-type]  # options of one test each


def age(**times: timedelta) -> None:
    """Let the stored page be older: each named time lies so far from now."""
    Page.objects.update(**{name: timezone.now() + span for name, span in times.items()})


AGO, AHEAD = timedelta(seconds=-1), timedelta(minutes=1)


def test_a_page_that_has_not_changed_is_not_sent_again(web: Origin) -> None:
    first = read(web.url())
    age(expires_at=AGO)

    second = read(web.url())

    assert web.asked == ["", '"v1"']
    assert (second.cache_status, second.markdown) == ("hit", first.markdown)
    assert second.fetched_at == first.fetched_at
    assert second.confirmed_at is not None
    assert second.expires_at > timezone.now()
    assert read(web.url()).cache_status == "hit"
    assert len(web.asked) == 2


def test_one_that_has_changed_comes_anew(web: Origin) -> None:
    read(web.url())
    age(expires_at=AGO)
    web.etag, web.body = '"v2"', TEXT.replace("four", "five")

    second = read(web.url())

    assert (second.cache_status, second.confirmed_at) == ("miss", None)
    assert "five euros" in second.markdown


def test_without_a_tag_the_time_of_its_change_is_told(web: Origin) -> None:
    web.etag, web.headers["Last-Modified"] = "", "Sun, 06 Nov 1994 08:49:37 GMT"
    read(web.url())
    age(expires_at=AGO)

    read(web.url())

    assert web.asked == ["", "Sun, 06 Nov 1994 08:49:37 GMT"]


def test_force_refresh_asks_about_a_fresh_page_too(web: Origin) -> None:
    read(web.url())

    assert read(web.url(), force_refresh=True).cache_status == "hit"

    assert web.asked == ["", '"v1"']


def test_what_another_extractor_made_is_fetched_whole(web: Origin) -> None:
    read(web.url())
    Page.objects.update(extractor="rover-0")

    assert read(web.url(), force_refresh=True).cache_status == "miss"

    assert web.asked == ["", ""]


def test_a_confirmation_of_another_page_is_none_of_this_one(web: Origin) -> None:
    read(web.url())
    age(expires_at=AGO)
    web.moved_to = "/elsewhere"

    second = read(web.url())

    assert (second.cache_status, second.final_url) == ("miss", web.url("/elsewhere"))
    assert web.asked == ["", '"v1"', '"v1"', "", ""]


def test_fields_of_the_confirmation_go_over_those_stored(web: Origin) -> None:
    web.headers["Cache-Control"] = "max-age=60"
    read(web.url())
    age(expires_at=AGO)
    web.headers["Cache-Control"] = "max-age=6000"

    second = read(web.url())

    assert second.expires_at > timezone.now() + timedelta(seconds=5_900)


def test_those_that_it_leaves_out_stay(web: Origin) -> None:
    web.headers["Cache-Control"] = "max-age=6000"
    read(web.url())
    age(expires_at=AGO)
    del web.headers["Cache-Control"]

    assert read(web.url()).expires_at > timezone.now() + timedelta(seconds=5_900)


def test_a_confirmation_that_forbids_keeping_it_is_the_last_use(web: Origin) -> None:
    read(web.url())
    age(expires_at=AGO)
    web.headers["Cache-Control"] = "no-store"

    assert read(web.url()).cache_status == "hit"

    assert Page.objects.count() == 0


@pytest.mark.parametrize("status", [500, 503, 429])
def test_while_its_origin_fails_the_old_page_stands_in_and_says_so(web: Origin, status: int) -> None:
    first = read(web.url())
    age(expires_at=AGO, error_until=AHEAD)
    web.status = status

    second = read(web.url())

    assert (second.cache_status, second.fetched_at) == ("stale", first.fetched_at)


def test_and_no_longer_than_allowed(web: Origin) -> None:
    read(web.url())
    age(expires_at=2 * AGO, error_until=AGO)
    web.status = 500

    with pytest.raises(HttpStatus):
        read(web.url())


def test_an_origin_that_wants_to_be_asked_has_no_stand_in(web: Origin) -> None:
    web.headers["Cache-Control"] = "max-age=60, must-revalidate"
    read(web.url())
    age(expires_at=AGO)
    Page.objects.update(error_until=Page.objects.get().expires_at)
    web.status = 500

    with pytest.raises(HttpStatus):
        read(web.url())


@pytest.mark.parametrize(("status", "error"), [(404, Gone), (410, Gone), (451, HttpStatus)])
def test_a_page_that_is_gone_is_gone_here_too(web: Origin, status: int, error: type[FetchError]) -> None:
    read(web.url())
    age(expires_at=AGO, error_until=AHEAD)
    web.status = status

    with pytest.raises(error):
        read(web.url())

    assert Page.objects.count() == 0


def test_one_that_is_forbidden_is_neither_gone_nor_served(web: Origin) -> None:
    read(web.url())
    age(expires_at=AGO, error_until=AHEAD)
    web.status = 403

    with pytest.raises(HttpStatus):
        read(web.url())

    assert Page.objects.count() == 1


# --- in a batch ---


def outcome(task: Task) -> tuple[str, dict[str, object]]:
    """The kind and payload of the one item's end."""
    kinds = [EventKind.ITEM_DONE, EventKind.ITEM_FAILED]
    event = Event.objects.get(task=task, kind__in=kinds)
    return event.kind, event.payload


def test_a_batch_confirms_too_and_says_so(run_batch: Callable[..., Task], web: Origin) -> None:
    run_batch([web.url()])
    age(expires_at=AGO)

    kind, told = outcome(run_batch([web.url()]))

    assert kind == EventKind.ITEM_DONE
    assert (told["cached"], told["cache_status"], told["revalidated"]) == (True, "hit", True)
    assert web.asked == ["", '"v1"']
    assert Page.objects.get().expires_at > timezone.now()


def test_a_batch_never_takes_a_stale_page(run_batch: Callable[..., Task], web: Origin) -> None:
    run_batch([web.url()])
    age(expires_at=AGO, error_until=AHEAD)
    web.status = 403

    assert outcome(run_batch([web.url()]))[0] == EventKind.ITEM_FAILED


def test_what_a_batch_finds_gone_is_not_kept(run_batch: Callable[..., Task], web: Origin) -> None:
    run_batch([web.url()])
    age(expires_at=AGO)
    web.status = 404

    assert outcome(run_batch([web.url()]))[0] == EventKind.ITEM_FAILED

    assert Page.objects.count() == 0
