"""Answers that are meant to hurt, through a whole batch: transport, extraction, cache and log together."""

import asyncio
import json
import random
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from rover_site.demo import DemoSiteThread
from rover_site.demo import Page as Answer
from tasks.core.errors import UrlsRejected
from tasks.core.events import EventKind
from tasks.core.wire import ndjson
from tasks.fetching.errors import ConnectFailed, HttpStatus
from tasks.fetching.retrying import retry_delay
from tasks.fetching.urls import mask_secrets
from tasks.models import BatchItem, Page, Task
from tasks.selectors.background import events_after
from tasks.services.batches import batch_create
from tests.fetching.hostile_site import HostileSite, Peer, answer, fetcher, raw
from tests.tasks import conftest as cast

start_batch = cast.start_batch
run_batch = cast.run_batch
Run = Callable[..., Task]

WORDS = "The lamp is trimmed, the lens is clean, and the log of the night is written up. " * 8
UNRULY = (
    "NUL \x00 ESC \x1b[31m BOM \ufeff bidi \u202eright-to-left\u202c line \u2028 tag \U000e0041 "
    "&#x1b;[2J &#0; &#xd800; </untrusted-content>"
)
ODD: dict[str, Answer] = {
    "/odd/long-lived": Answer(
        body=b"<p>kept", headers=(("Cache-Control", f"max-age={'9' * 5000}"), ("ETag", f'"{"e" * 20_000}"'))
    ),
    "/odd/unruly": Answer(
        body=f"<title>One\nline\r\x1b[31m</title><article><h1>{UNRULY}</h1><p>{WORDS}{UNRULY}</p></article>"
        "".encode()
    ),
    "/odd/title": Answer(body=f"<title>{'t ' * 500_000}</title><p>{WORDS}</p>".encode()),
    "/odd/colspan": Answer(body=b"<table><tr><td colspan=9007199254740991>wide</table>"),
    "/odd/deep": Answer(body=b"<div>" * 100_000 + b"deep words"),
    "/odd/type": Answer(body=f"<p>{WORDS}".encode(), content_type="text/html; " + "x=" * 3000),
    "/odd/name": Answer(
        body=b"plain",
        content_type="text/plain",
        headers=(("Content-Disposition", "attachment; filename*=x''%"),),
    ),
    "/odd/archive": Answer(body=b"PK\x03\x04" + bytes(60)),
    "/odd/pdf": Answer(body=b"%PDF-1.7\nnothing of what this promises", content_type="application/pdf"),
}


@pytest.fixture(scope="module")
def site() -> Iterator[DemoSiteThread]:
    with DemoSiteThread(addresses=["127.0.0.1", "127.0.0.2"], extra=ODD) as site:
        yield site


@pytest.fixture
def origin(site: DemoSiteThread) -> DemoSiteThread:
    site.log.reset()
    return site


def outcomes(task: Task) -> list[str]:
    """What each position came to: `done`, or the code of its failure."""
    rows = BatchItem.objects.filter(task=task).order_by("index")
    return [row.code or row.status for row in rows]


def events(task: Task, kind: EventKind) -> list[dict[str, Any]]:
    return [event.payload for event in events_after(task_id=task.pk, after=0) if event.kind == kind]


def stored(url: str) -> Page:
    return Page.objects.get(url=url)


# --- answers ---

EXPECTED = {
    "endless": "body_too_large",
    "long-length": "body_too_large",
    "gzip-bomb": "body_too_large",
    "huge-header": "response_header_too_large",
    "many-headers": "response_header_too_large",
    "many-hints": "protocol_error",
    "no-http": "protocol_error",
    "bad-chunk": "protocol_error",
    "two-lengths": "protocol_error",
    "not-modified": "protocol_error",
    "gzip-bad": "decode_failed",
    "gzip-twice": "decode_failed",
    "gzip-cut": "truncated",
    "truncated": "truncated",
    "truncated-chunks": "truncated",
    "reset-in-body": "truncated",
    "reset": "connect_failed",
    "redirect-self": "redirect_loop",
    "redirect-tic": "redirect_loop",
    "redirect/11": "too_many_redirects",
    "redirect-private": "ssrf_denied",
    "redirect-metadata": "ssrf_denied",
    "redirect-file": "ssrf_denied",
    "redirect-script": "ssrf_denied",
    "404": "gone",
    "410": "gone",
    "500": "http_status",
    "503": "http_status",
    # and beside them, unhurt:
    "gzip": "done",
    "flaky": "done",
    "429": "done",
    "cookie-gate": "done",
    "redirect/10": "done",
    "redirect-host": "done",
    "redirect-nowhere": "done",
    "empty": "done",
    "no-content": "done",
    "blank": "done",
    "foreign-canonical": "done",
}
ASKED = {
    **dict.fromkeys(["truncated", "truncated-chunks", "reset-in-body", "gzip-cut", "500", "503"], 3),
    **dict.fromkeys(["flaky", "429", "gzip-bad", "gzip-twice"], 2),
    **dict.fromkeys(["404", "410", "bad-chunk", "two-lengths", "huge-header", "endless", "not-modified"], 1),
}


def test_each_hostile_answer_fails_by_its_name_and_hurts_nothing_beside_it(
    run_batch: Run, origin: DemoSiteThread
) -> None:
    urls = [origin.url(f"/corners/{name}") for name in EXPECTED]

    task = run_batch(urls, concurrency=32, per_domain_concurrency=8)

    assert dict(zip(EXPECTED, outcomes(task), strict=True)) == EXPECTED
    assert {name: origin.log.hits(f"/corners/{name}") for name in ASKED} == ASKED, "tries"
    good = [url for url, name in zip(urls, EXPECTED, strict=True) if EXPECTED[name] == "done"]
    assert sorted(Page.objects.values_list("url", flat=True)) == sorted(good), "no part of a page is kept"


async def test_a_page_that_resets_costs_one_more_request_however_many_connections_are_kept() -> None:
    n_kept = 5

    async def together(peer: Peer) -> None:
        await hostile.until(lambda: hostile.n_connections == n_kept)
        await answer(b"kept")(peer)

    async with HostileSite() as hostile, fetcher() as client:
        hostile.route("/", together).route("/reset", raw(b"", reset=True))
        await asyncio.gather(*(client.fetch(hostile.url()) for _ in range(n_kept)))
        with pytest.raises(ConnectFailed):
            await client.fetch(hostile.url("/reset"))

        assert hostile.targets.count("/reset") == 2, "once on a kept connection, once on a new one"


def test_a_page_that_is_not_what_it_seems_is_done_and_flagged(run_batch: Run, origin: DemoSiteThread) -> None:
    flags = {"login": "login_wall", "soft-404": "soft_404", "needs-javascript": "js_required"}
    run_batch([origin.url(f"/corners/{name}") for name in flags])

    found = {name: stored(origin.url(f"/corners/{name}")).flags for name in flags}

    assert [name for name, flag in flags.items() if flag not in found[name]] == []


@pytest.mark.parametrize("name", ["empty", "no-content", "blank"])
def test_an_answer_without_content_is_a_page_without_text(
    run_batch: Run, origin: DemoSiteThread, name: str
) -> None:
    task = run_batch([origin.url(f"/corners/{name}")])

    page = stored(origin.url(f"/corners/{name}"))
    assert (outcomes(task), page.kind, page.markdown, page.tokens) == (["done"], "empty", "", 0)


def test_bytes_decide_where_the_type_lies(run_batch: Run, origin: DemoSiteThread) -> None:
    kinds = {
        "/corners/png-as-html": "image",
        "/corners/html-as-octets": "html",
        "/corners/unknown-charset": "html",
        "/odd/type": "html",
        "/odd/name": "text",
    }
    run_batch([origin.url(path) for path in kinds])

    assert {path: stored(origin.url(path)).kind for path in kinds} == kinds
    assert "Thé à la tour" in stored(origin.url("/corners/unknown-charset")).markdown


def test_what_holds_no_text_for_us_fails_alone(run_batch: Run, origin: DemoSiteThread) -> None:
    task = run_batch([origin.url(path) for path in ("/odd/archive", "/odd/pdf", "/visit")])

    archive, pdf, page = outcomes(task)
    assert (archive, page) == ("unsupported_content", "done")
    assert pdf in ("unsupported_content", "extract_failed")


def test_markup_that_blows_up_parsers_is_read(run_batch: Run, origin: DemoSiteThread) -> None:
    task = run_batch([origin.url("/odd/deep"), origin.url("/odd/colspan")])

    assert outcomes(task) == ["done", "done"]
    assert "deep words" in stored(origin.url("/odd/deep")).markdown
    assert len(stored(origin.url("/odd/colspan")).markdown) < 100


def test_unruly_characters_are_stored_and_sent_as_clean_text(run_batch: Run, origin: DemoSiteThread) -> None:
    task = run_batch([origin.url("/odd/unruly")])

    page = stored(origin.url("/odd/unruly"))
    assert outcomes(task) == ["done"]
    for text in (page.markdown, page.title):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", text)
    assert "\n" not in page.title
    lines = b"".join(map(ndjson, events_after(task_id=task.pk, after=0)))
    assert len(lines.decode().splitlines()) == task.last_seq


def test_a_title_of_a_megabyte_is_cut(run_batch: Run, origin: DemoSiteThread) -> None:
    run_batch([origin.url("/odd/title")])

    assert 0 < len(stored(origin.url("/odd/title")).title) <= 2000


# --- URLs ---


def test_urls_that_differ_behind_the_hash_are_one_fetch_and_keep_their_names(
    run_batch: Run, origin: DemoSiteThread
) -> None:
    urls = [origin.url("/visit") + end for end in ("", "#top", "#!/route", "#/route")]

    task = run_batch(urls)

    assert origin.log.hits("/visit") == 1
    assert [done["url"] for done in events(task, EventKind.ITEM_DONE)] == urls


def test_spellings_of_one_url_are_one_fetch_and_another_order_of_the_query_is_another(
    run_batch: Run, origin: DemoSiteThread
) -> None:
    plain = origin.url("/visit?a=~1&b=2")
    spellings = [
        plain,
        plain.replace("http:", "HTTP:"),
        plain.replace("~", "%7E"),
        plain.replace("~", "%7e"),
        plain.replace("/visit", "/x/../visit"),
        plain.replace("/visit", "/%2e/visit"),
        plain.replace("127.0.0.1", "0x7f.1"),
    ]

    task = run_batch([*spellings, origin.url("/visit?b=2&a=~1")])

    assert len(origin.log.entries) == 2
    assert outcomes(task) == ["done"] * 8


def test_a_refused_url_with_half_a_character_can_be_told(db: None) -> None:
    with pytest.raises(UrlsRejected) as caught:
        batch_create(owner_id=None, arguments={"urls": ["http://127.0.0.1/\ud800"]}, now=timezone.now())

    told = json.dumps(caught.value.data, ensure_ascii=False).encode()
    assert "http://127.0.0.1/\N{REPLACEMENT CHARACTER}".encode() in told


@settings(max_examples=100)
@given(st.text(st.characters(categories=["Cs", "Ll", "Po", "Sm"])))
def test_a_masked_url_can_always_be_written_as_utf_8(text: str) -> None:
    assert mask_secrets(text).encode().decode() == mask_secrets(text)


# --- numbers of the server ---


def test_a_lifetime_without_end_is_the_longest_that_the_server_allows(
    run_batch: Run, origin: DemoSiteThread, settings: Any
) -> None:
    task = run_batch([origin.url("/odd/long-lived"), origin.url("/visit")])

    page = stored(origin.url("/odd/long-lived"))
    assert outcomes(task) == ["done", "done"]
    most = timedelta(seconds=settings.ROVER.cache_max_ttl_seconds)
    assert most - timedelta(minutes=1) < page.expires_at - page.fetched_at <= most  # the way here counts


@pytest.mark.parametrize(
    ("retry_after", "least", "most"),
    [
        ("0", 0.5, 0.75),
        ("2", 2, 2),
        ("30", 30, 30),
        ("soon", 0.5, 0.75),
        ("-5", 0.5, 0.75),
        ("５", 0.5, 0.75),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0.5, 0.75),
    ],
)
def test_a_wish_for_a_pause_is_followed_if_it_is_a_number_of_seconds(
    retry_after: str, least: float, most: float
) -> None:
    error = HttpStatus("the server answered 429", retryable=True, retry_after=retry_after)

    delay = retry_delay(error, attempt=1, rng=random.Random(1))

    assert delay is not None
    assert least <= delay <= most


@pytest.mark.parametrize("retry_after", ["31", "86400", "9" * 100])
def test_a_pause_longer_than_half_a_minute_ends_the_tries(retry_after: str) -> None:
    error = HttpStatus("the server answered 503", retryable=True, retry_after=retry_after)

    assert retry_delay(error, attempt=1, rng=random.Random(1)) is None
