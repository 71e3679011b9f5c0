"""A server on loopback that speaks chat completions with tool calls, from a script; it keeps what it was sent."""

import asyncio
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

USAGE = {"prompt_tokens": 90, "completion_tokens": 10, "total_tokens": 100}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the server answers. `delay` seconds go before it; `is_cut`: the connection ends instead."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    is_cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One request: `target` of its first line, headers in lower case, its body as JSON, and when it came."""

    target: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    at: float

    @property
    def last(self) -> str:
        """The text of the last message."""
        return str(self.body["messages"][-1]["content"])

    @property
    def results(self) -> list[str]:
        """The texts of all tool messages, oldest first."""
        return [str(said["content"]) for said in self.body["messages"] if said["role"] == "tool"]


Script = Reply | Callable[[Sent], Reply]


def message(said: Mapping[str, Any], usage: object = USAGE) -> Reply:
    """A completion whose message is `said`."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", **said}}
    body = {"id": "c1", "object": "chat.completion", "choices": [choice], "usage": usage}
    return Reply(body=json.dumps(body).encode())


def says(text: str | None) -> Reply:
    """A completion of text alone."""
    return message({"content": text})


def calls(*wanted: tuple[str, Any], usage: object = USAGE) -> Reply:
    """A completion that calls tools: name and arguments (a string is sent as it is)."""
    entries = [
        {
            "id": f"call_{number}",
            "type": "function",
            "function": {
                "name": name,
                "arguments": arguments if isinstance(arguments, str) else json.dumps(arguments),
            },
        }
        for number, (name, arguments) in enumerate(wanted)
    ]
    return message({"content": None, "tool_calls": entries}, usage)


def reads(url: str, **more: Any) -> Reply:
    """A completion that reads a page."""
    return calls(("read_page", {"url": url, **more}))


def answers(text: str, *citations: tuple[str, str]) -> Reply:
    """A completion that answers; citations are address and quote."""
    return calls(
        ("answer", {"text": text, "citations": [{"url": url, "quote": quote} for url, quote in citations]})
    )


def refuses(status: int, complaint: str = "no", **headers: str) -> Reply:
    """An error as such servers write it."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, body=json.dumps({"error": {"message": complaint}}).encode(), headers=fields)


class ModelServer:
    """Answers requests by `script`, one entry each; the last entry serves all further ones."""

    def __init__(self, *script: Script) -> None:
        self._script = itertools.chain(script, itertools.repeat(script[-1]))
        self._connections: set[asyncio.Task[None]] = set()
        self.sent: list[Sent] = []
        self.n_left_early = 0
        self.base_url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**22)
        self.base_url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while await self._answer(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client has left, or the test is over
        finally:
            self._connections.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:-2])}
        body = json.loads(await reader.readexactly(int(fields["content-length"])))
        now = asyncio.get_running_loop().time()
        sent = Sent(target=head[0].split()[1], headers=fields, body=body, at=now)
        self.sent.append(sent)
        entry = next(self._script)
        reply = entry if isinstance(entry, Reply) else entry(sent)
        if reply.delay and await _leaves(reader, reply.delay):
            self.n_left_early += 1
            return False
        if reply.is_cut:
            return False
        told = {"Content-Type": "application/json", "Content-Length": str(len(reply.body)), **reply.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        writer.write(f"HTTP/1.1 {reply.status} X\r\n{lines}\r\n".encode() + reply.body)
        await writer.drain()
        return True


async def _leaves(reader: asyncio.StreamReader, seconds: float) -> bool:
    """Whether the client closes the connection within `seconds`."""
    try:
        return not await asyncio.wait_for(reader.read(1), seconds)
    except TimeoutError:
        return False
