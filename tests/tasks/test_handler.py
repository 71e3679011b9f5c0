"""Django behind its lean handler: few threads, lasting connections, every kind of response."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from asgiref.sync import sync_to_async
from django.contrib import admin
from django.core.signals import request_finished
from django.db import connection
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from rover_site.handler import LeanHandler, default_threads
from tests.tasks.streaming_fixtures import Exchange, in_database, until
from workspace.io.waiting import waits_for_others
from workspace.models import User
from workspace.services.owners import owner_create

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls(__name__)]
seen: list[tuple[str, int]] = []


class Counted(APIView):
    """A view of the REST framework that reads and writes the database."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def post(self, request: Request) -> Response:
        User.objects.create(username=dict(request.data)["name"])
        return Response({"n": User.objects.count(), "thread": threading.get_ident()}, status=201)


def whoami(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA data_version")
    return HttpResponse(f"{threading.get_ident()} {id(connection.connection)}")


async def patient(request: HttpRequest) -> HttpResponse:
    await asyncio.sleep(0)
    return HttpResponse(str(await User.objects.acount()))


def part_by_part(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[str]:
        for number in range(3):
            seen.append(("part", threading.get_ident()))
            yield f"{number} {User.objects.count()};"

    seen.append(("view", threading.get_ident()))
    return StreamingHttpResponse(parts())


def endless(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[bytes]:
        try:
            while True:
                yield b"x"
        finally:
            seen.append(("closed", threading.get_ident()))

    return StreamingHttpResponse(parts())


async def awaited(request: HttpRequest) -> StreamingHttpResponse:
    async def parts() -> AsyncIterator[bytes]:
        for number in range(3):
            await asyncio.sleep(0)
            yield str(number).encode()

    return StreamingHttpResponse(parts())


def file(request: HttpRequest) -> FileResponse:
    return FileResponse(Path(request.GET["path"]).open("rb"))


def broken(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


def gate(request: HttpRequest) -> HttpResponse:
    entered.release()
    opened.wait(10)
    return HttpResponse("through")


def speak(request: HttpRequest) -> HttpResponse:
    before = translation.get_language()
    translation.activate("de")
    return HttpResponse(before or "")


site = admin.AdminSite()
site.register(User)
entered = threading.Semaphore(0)
opened = threading.Event()
answered = threading.Event()


@csrf_exempt
@waits_for_others
def silent(request: HttpRequest) -> HttpResponse:
    """Somebody else's server takes its time."""
    return HttpResponse("answered" if answered.wait(20) else "never")


urlpatterns = [
    path("admin/", site.urls),
    path("counted", Counted.as_view()),
    path("whoami", whoami),
    path("patient", patient),
    path("parts", part_by_part),
    path("endless", endless),
    path("awaited", awaited),
    path("file", file),
    path("broken", broken),
    path("gate", gate),
    path("speak", speak),
    path("workspace/silent", site.admin_view(silent)),
]


class Server:
    def __init__(self, handler: LeanHandler) -> None:
        self.handler = handler
        self.cookies: dict[str, str] = {}

    def start(
        self, path: str, *, method: str = "GET", body: bytes = b"", chunked: bytes = b"", **headers: str
    ) -> Exchange:
        route, _, query = path.partition("?")
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {
            "host": "127.0.0.1",
            "cookie": cookies,
            **({} if chunked else {"content-length": str(len(body))}),
        } | headers
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": route,
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in sent.items()],
            "client": ["127.0.0.1", 1],
            "server": ["127.0.0.1", 2],
        }
        exchange = Exchange(application=self.handler, scope=scope)
        exchange.start(body or chunked)
        return exchange

    async def ask(self, path: str, **kwargs: Any) -> Exchange:
        exchange = self.start(path, **kwargs)
        await exchange.ended()
        for name, value in exchange.header_list:
            if name == "set-cookie":
                cookie, _, rest = value.partition("=")
                self.cookies[cookie] = rest.partition(";")[0]
        return exchange


@pytest.fixture(params=[1, 3])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    handler = LeanHandler(n_threads=request.param)
    seen.clear()
    opened.clear()
    yield Server(handler)
    handler.threads.close()
    handler.waiting_threads.close()


async def test_a_person_signs_in_to_the_admin_and_sees_it(server: Server) -> None:
    await in_database(owner_create)(username="owner", password="a long password", is_superuser=True)
    await server.ask("/admin/login/")
    form = {"username": "owner", "password": "a long password", "next": "/admin/"}
    form["csrfmiddlewaretoken"] = server.cookies["csrftoken"]

    signed_in = await server.ask(
        "/admin/login/",
        method="POST",
        body=urlencode(form).encode(),
        content_type="application/x-www-form-urlencoded",
    )
    page = await server.ask("/admin/")

    assert (signed_in.status, signed_in.headers["location"]) == (302, "/admin/")
    assert (page.status, b"Site administration" in page.body) == (200, True)


async def test_a_rest_view_reads_its_body_and_writes(server: Server) -> None:
    answer = await server.ask(
        "/counted", method="POST", body=b'{"name":"x"}', content_type="application/json"
    )

    assert (answer.status, answer.json()["n"]) == (201, 1)


async def test_a_body_sent_in_chunks_of_unknown_number_is_read_too(server: Server) -> None:
    exchange = server.start(
        "/counted", method="POST", content_type="application/json", chunked=b'{"name":"x"}'
    )
    await exchange.ended()

    assert exchange.status == 201


async def test_fifty_requests_at_once_use_the_given_threads_and_one_connection_each(server: Server) -> None:
    answers = await asyncio.gather(*(server.ask("/whoami") for _ in range(50)))

    pairs = {tuple(answer.body.split()) for answer in answers}
    assert len({thread for thread, _ in pairs}) == len(pairs) <= server.handler.threads._size


async def test_fifty_asynchronous_views_at_once_are_answered(server: Server) -> None:
    answers = await asyncio.gather(*(server.ask("/patient") for _ in range(50)))

    assert [(answer.status, answer.body) for answer in answers] == [(200, b"0")] * 50


async def test_a_synchronous_stream_is_read_in_the_thread_of_its_view(server: Server) -> None:
    answer = await server.ask("/parts")

    assert answer.body == b"0 0;1 0;2 0;"
    assert len(answer.sends) == 4
    assert {thread for _, thread in seen} == {seen[0][1]} != {threading.get_ident()}


async def test_a_slow_client_of_a_stream_does_not_hold_a_thread(server: Server) -> None:
    server.handler.threads._size = 1
    slow = server.start("/parts")
    slow.stall = asyncio.Event()
    await until(lambda: seen)

    assert (await server.ask("/whoami")).status == 200
    slow.stall.set()
    await slow.ended()
    assert slow.is_complete


async def test_a_stream_whose_client_left_ends_and_is_closed_in_its_thread(server: Server) -> None:
    exchange = server.start("/endless")
    await until(lambda: len(exchange.sends) > 3)
    exchange.leave()
    await exchange.ended()

    await until(lambda: [name for name, _ in seen] == ["closed"])
    assert seen[0][1] != threading.get_ident()


async def test_an_asynchronous_stream_is_read_in_the_loop(server: Server) -> None:
    assert (await server.ask("/awaited")).body == b"012"


async def test_a_file_is_sent_in_large_parts_and_closed(server: Server, tmp_path: Path) -> None:
    content = bytes(range(256)) * 1000
    (tmp_path / "file").write_bytes(content)

    answer = await server.ask(f"/file?path={tmp_path / 'file'}")

    assert (answer.body, answer.headers["content-length"]) == (content, "256000")
    assert len(answer.sends) == 5


@pytest.mark.parametrize(("route", "status"), [("/broken", 500), ("/nowhere", 404)])
async def test_an_error_is_a_page(server: Server, route: str, status: int) -> None:
    answer = await server.ask(route)

    assert (answer.status, answer.is_complete) == (status, True)
    assert b"ZeroDivisionError" not in answer.body


async def test_a_response_is_finished_in_the_thread_that_has_its_connection(server: Server) -> None:
    finished: list[int] = []

    def note(**_: object) -> None:
        finished.append(threading.get_ident())

    request_finished.connect(note)
    try:
        answer = await server.ask("/whoami")
    finally:
        request_finished.disconnect(note)

    assert finished == [int(answer.body.split()[0])]


async def test_what_a_view_leaves_behind_does_not_reach_the_next_request(server: Server) -> None:
    first = [await server.ask("/speak") for _ in range(6)]

    assert {answer.body for answer in first} == {b"en"}


async def test_a_client_that_left_before_its_turn_is_not_served(server: Server) -> None:
    threads = server.handler.threads
    busy = [server.start("/gate") for _ in range(threads._size)]
    for _ in busy:
        await sync_to_async(entered.acquire, thread_sensitive=False)()
    waiting = server.start("/parts")
    await until(lambda: threads._jobs)
    assert waiting.task is not None
    waiting.task.cancel()
    await asyncio.wait([waiting.task])
    opened.set()
    await asyncio.gather(*(exchange.ended() for exchange in busy))
    await server.ask("/whoami")

    assert seen == []


@pytest.mark.parametrize(("configured", "expected"), [(0, 1), (3, 3)])
def test_the_number_of_threads_is_the_setting_or_suits_sqlite(
    settings: Any, configured: int, expected: int
) -> None:
    settings.ROVER = settings.ROVER.model_copy(update={"web_threads": configured})

    assert default_threads() == expected


async def test_a_view_that_waits_for_somebody_elses_server_holds_up_nobody(server: Server) -> None:
    await in_database(owner_create)(username="owner", password="a long password", is_superuser=True)
    await server.ask("/admin/login/")
    form = {"username": "owner", "password": "a long password"}
    form["csrfmiddlewaretoken"] = server.cookies["csrftoken"]
    await server.ask(
        "/admin/login/",
        method="POST",
        body=urlencode(form).encode(),
        content_type="application/x-www-form-urlencoded",
    )
    answered.clear()

    waiting = [server.start("/workspace/silent", method="POST") for _ in range(2)]
    try:
        for _ in range(3):
            assert (await server.ask("/whoami")).status == 200
        assert not any(exchange.is_complete for exchange in waiting)
    finally:
        answered.set()
    for exchange in waiting:
        await exchange.ended()
        assert exchange.body == b"answered"
