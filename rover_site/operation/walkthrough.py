"""What `rover up` tells people once the server is ready; with `--demo` it first shows a batch and an agent's
task at work.

Everything goes through HTTP, as any other client would do it.
"""

import json
import re
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from rover_site import __version__
from rover_site.operation.child_output import write_line
from tasks.core.events import LoggedEvent
from tasks.core.human import event_line
from tasks.core.printable import printable
from tasks.core.public_ids import read_event_name

DEMO_ANNOUNCEMENT = "demo site on "
N_URLS = 30
READY_SECONDS = 60.0
POLL_SECONDS = 0.1
REQUEST_SECONDS = 10.0
STREAM_SECONDS = 60.0
WISH = "get me the latest blog post"
MISSING_PAGE = "/no-such-page"
"""One failure belongs to the picture: a batch goes on when a page is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the walk-through knows about the server. Without `demo_url` there is no batch to show."""

    base_url: str
    bind: str
    port: int
    has_owner: bool
    token: str = ""
    sign_in_path: str = ""
    site_path: str = ""
    demo_url: str = ""

    @property
    def connect_host(self) -> str:
        """Where this machine itself reaches the server."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.bind, self.bind)  # noqa: S104 - only compared


class ServerNotReady(Exception):
    """The server did not get ready in time, or answered what it should not."""


def show(facts: Facts) -> None:
    """Wait until the server is ready and print what a person needs, on standard output.

    Raises:
        ServerNotReady: it did not get ready in time, or refused the demo batch.
    """
    _wait_until_ready(facts)
    _say(f"\nRover {__version__} is up: {facts.base_url}/")
    if facts.demo_url:
        task_id = _show_batch(facts)
        _show_agent_task(facts)
        _say(*_hints(facts, task_id))
    elif not facts.has_owner:
        _say("Nobody may sign in yet. Make the first owner: rover owner create NAME")
    _say("Ctrl-C stops everything.\n")


def _show_batch(facts: Facts) -> str:
    urls = _demo_urls(facts.demo_url)
    answer = _request(facts, "POST", "/v1/batches", {"urls": urls})
    task_id = str(answer["task_id"])
    _say(f"\nFetching {len(urls)} pages of the demo site in one batch:")
    for event in _events(facts, f"/v1/batches/{task_id}", _logged):
        _say(event_line(event).text)
    return task_id


def _show_agent_task(facts: Facts) -> None:
    """What an agent does that knows the site's address and has a wish. An owner may have closed the demo site
    to agents since the first start; then that is told."""
    wish = {"url": f"{facts.demo_url}/", "prompt": WISH}
    _say("", f"An agent asks the demo site: {WISH}")
    try:
        made = _request(facts, "POST", "/v1/tasks", wish, Prefer="execution=cloud")
    except ServerNotReady as refused:
        _say(f"It was refused: {refused}")
        return
    address = urlsplit(str(made["task"]))
    for event in _events(facts, f"{address.path}?{address.query}", _told):
        if event.kind != "ready":
            _say(event_line(event).text)
    answer = _request(facts, "GET", f"{address.path}?{address.query}")
    text = str((answer.get("result") or {}).get("text", ""))
    _say("", *(f"  {printable(line)}" for line in text.splitlines()))


def _hints(facts: Facts, task_id: str) -> list[str]:
    header = shlex.quote(f"Authorization: Bearer {facts.token}")
    batches = f"{facts.base_url}/v1/batches"
    body = shlex.quote(json.dumps({"urls": [f"{facts.demo_url}/", f"{facts.demo_url}/blog"]}))
    wish = shlex.quote(json.dumps({"url": f"{facts.demo_url}/", "prompt": "when are you open?"}))
    return [
        "",
        f"Sign in    {facts.base_url}{facts.sign_in_path}",
        "           as demo; good for one sign-in within 30 minutes",
        f"Demo site  {facts.demo_url}/",
        f"Workspace  {facts.base_url}{facts.site_path}",
        "           where it is opened to agents, once you are signed in",
        "",
        "Start a batch:",
        f"  curl -s {batches} -H {header} -H 'Content-Type: application/json' -d {body}",
        "Read the one above, event by event or as it stands:",
        f"  curl -sN {batches}/{task_id} -H {header} -H 'Accept: application/x-ndjson'",
        f"  curl -s {batches}/{task_id} -H {header} -H 'Accept: application/json'",
        "Start a task as an agent does, without any key, and wait for its answer:",
        f"  curl -s {facts.base_url}/v1/tasks -H 'Prefer: execution=cloud, wait=20' -d {wish}",
        "",
    ]


def _wait_until_ready(facts: Facts) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            _request(facts, "GET", "/readyz")
        except (OSError, HTTPException, ServerNotReady):
            time.sleep(POLL_SECONDS)
        else:
            return
    raise ServerNotReady(f"the server did not get ready within {READY_SECONDS:.0f} s")


def _demo_urls(demo_url: str) -> list[str]:
    """Pages of the demo site as its sitemap lists them, and one that does not exist."""
    address = urlsplit(demo_url)
    with closing(HTTPConnection(address.hostname or "", address.port, timeout=REQUEST_SECONDS)) as connection:
        connection.request("GET", "/sitemap.xml")
        sitemap = connection.getresponse().read().decode()
    listed = re.findall(r"<loc>([^<]+)</loc>", sitemap)
    return [*list(dict.fromkeys(listed))[: N_URLS - 1], demo_url + MISSING_PAGE]


def _events(facts: Facts, path: str, read: Callable[[dict[str, Any]], LoggedEvent]) -> Iterator[LoggedEvent]:
    """Events of the task at `path` as they happen, to the last. A stream that breaks is taken up where it
    broke."""
    after, deadline = 0, time.monotonic() + STREAM_SECONDS
    while time.monotonic() < deadline:
        try:
            for record in _stream(facts, f"{path}{'&' if '?' in path else '?'}after={after}"):
                event = read(record)
                yield event
                after = event.seq
                if event.is_terminal:
                    return
        except (OSError, HTTPException):
            time.sleep(POLL_SECONDS)
    raise ServerNotReady(f"{path.partition('?')[0]} did not end within {STREAM_SECONDS:.0f} s")


def _stream(facts: Facts, path: str) -> Iterator[dict[str, Any]]:
    with closing(_connection(facts)) as connection:
        response = _send(facts, connection, "GET", path, accept="application/x-ndjson")
        for line in response:
            if line.strip():
                yield json.loads(line)


def _told(record: dict[str, Any]) -> LoggedEvent:
    """An event of an agent's task; its pieces, if it is a large one, are told as they come."""
    return LoggedEvent(
        task_id=UUID(int=0),
        seq=read_event_name(record["id"]) or 0,
        kind=record["type"],
        ts=datetime.fromisoformat(record["ts"]),
        payload=record["data"],
    )


def _logged(record: dict[str, Any]) -> LoggedEvent:
    return LoggedEvent(
        task_id=UUID(record.pop("task_id")),
        seq=record.pop("seq"),
        kind=record.pop("kind"),
        ts=datetime.fromisoformat(record.pop("ts")),
        payload={key: value for key, value in record.items() if key != "event_id"},
    )


def _request(
    facts: Facts, method: str, path: str, body: dict[str, Any] | None = None, **headers: str
) -> dict[str, Any]:
    with closing(_connection(facts)) as connection:
        response = _send(facts, connection, method, path, body=body, more=headers)
        answer: dict[str, Any] = json.load(response)
        return answer


def _connection(facts: Facts) -> HTTPConnection:
    return HTTPConnection(facts.connect_host, facts.port, timeout=REQUEST_SECONDS)


def _send(
    facts: Facts,
    connection: HTTPConnection,
    method: str,
    path: str,
    *,
    body: dict[str, Any] | None = None,
    accept: str = "application/json",
    more: Mapping[str, str] | None = None,
) -> HTTPResponse:
    headers = {"Host": urlsplit(facts.base_url).netloc, "Accept": accept, "Content-Type": "application/json"}
    if facts.token and not path.startswith("/v1/tasks"):  # agents have no key
        headers["Authorization"] = f"Bearer {facts.token}"
    headers |= more or {}
    connection.request(method, path, None if body is None else json.dumps(body).encode(), headers)
    response = connection.getresponse()
    if response.status >= 400:
        raise ServerNotReady(f"{method} {path} was answered {response.status}: {response.read()[:500]!r}")
    return response


def _say(*lines: str) -> None:
    for line in lines:
        write_line(line, fd=1)
