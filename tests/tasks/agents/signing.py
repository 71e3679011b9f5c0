"""Requests signed by a public library, as an agent's author would, and agents that publish their keys.

`tests/tasks/signing.py` makes signatures by hand, from the standard; here somebody else's code makes them.
"""

import json
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from secrets import token_urlsafe
from typing import Any, Self

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, algorithms
from http_message_signatures.resolvers import HTTPSignatureKeyResolver

from tasks.core.signature_keys import DIRECTORY_PATH, DIRECTORY_TYPE, thumbprint
from tasks.models import AgentTask, ProvenKey
from tasks.services.signature_directories import signature_directories
from tests.fetching.hostile_site import HostileSite, answer
from tests.tasks.agents.support import Agents, row_of
from tests.tasks.signing import KEY, jwk
from tests.tasks.streaming_fixtures import Exchange

SERVER = "http://127.0.0.1:8000"
"""What the outside calls the server under test, whatever port a request comes to."""
HERE = "192.0.2.7"
WISH = {"url": "https://shop.example/", "prompt": "find the opening hours"}
AGENT = '"signature-agent";key="sig1"'
WHOLE = ("@method", "@target-uri", AGENT)
"""What is covered; the library adds content-digest for a body."""


@dataclass
class Message:
    """A request in the shape that the library signs."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


class _Key(HTTPSignatureKeyResolver):
    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    def resolve_private_key(self, key_id: str) -> Ed25519PrivateKey:
        return self._key


def signed(
    wish: dict[str, Any] | bytes,
    *,
    agent: str,
    url: str = f"{SERVER}/v1/tasks",
    method: str = "POST",
    key: Ed25519PrivateKey = KEY,
    covered: Sequence[str] = WHOLE,
    with_body: bool = True,
    created: datetime | None = None,
    lifetime: timedelta = timedelta(minutes=5),
    nonce: str | None = "",
    tag: str = "web-bot-auth",
) -> dict[str, str]:
    """The header fields of a signed request; `nonce`: '' for a fresh one, None for none."""
    body = wish if isinstance(wish, bytes) else json.dumps(wish).encode()
    message = Message(method=method, url=url, headers={"Signature-Agent": f'sig1="{agent}"'})
    signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=_Key(key))
    created = created or datetime.now(UTC)
    signer.sign(
        message,
        key_id=thumbprint(key.public_key()),
        created=created,
        expires=created + lifetime,
        nonce=token_urlsafe(24) if nonce == "" else nonce,
        label="sig1",
        tag=tag,
        covered_component_ids=covered,
        body=body if with_body else None,
    )
    return message.headers


def directory(*keys: Ed25519PrivateKey) -> bytes:
    """The key directory that publishes these."""
    return json.dumps({"keys": [jwk(key) for key in keys]}).encode()


class Publisher(HostileSite):
    """An agent's own site on loopback: a key directory, and a count of who asked for it."""

    def publish(self, *keys: Ed25519PrivateKey) -> Self:
        """From now on these are its keys."""
        return self.route(DIRECTORY_PATH, answer(directory(*keys), f"Content-Type: {DIRECTORY_TYPE}"))

    def fall_silent(self) -> Self:
        """From now on there is no directory."""
        return self.route(DIRECTORY_PATH, answer(b"", status="503 Service Unavailable"))

    @property
    def origin(self) -> str:
        return self.href().rstrip("/")


# --- in a test ---


@pytest.fixture
def own_directories() -> Iterator[None]:
    """What a process knows of directories, and whom it has heard, begins anew with each test."""
    signature_directories.cache_clear()
    yield
    signature_directories.cache_clear()


@pytest.fixture
async def bot() -> AsyncIterator[Publisher]:
    async with Publisher() as site:
        yield site.publish(KEY)


@pytest.fixture
def why(caplog: pytest.LogCaptureFixture) -> "Why":
    caplog.set_level(logging.INFO, logger="tasks.v1.agents.api")
    return Why(caplog)


@dataclass
class Why:
    """The reasons for which signatures were not accepted, as the log tells them."""

    caplog: pytest.LogCaptureFixture

    @property
    def reasons(self) -> list[str]:
        said = [record.getMessage() for record in self.caplog.records]
        return [line.rpartition(": ")[2] for line in said if "signature was not accepted" in line]


async def send(
    agents: Agents, headers: dict[str, str], wish: Any = WISH, *, path: str = "/v1/tasks", ip: str = HERE
) -> Exchange:
    body = wish if isinstance(wish, bytes) else json.dumps(wish).encode()
    lines = {name.lower().replace("-", "_"): value for name, value in headers.items()}
    return await agents.post(path, body, ip=ip, **lines)


async def who(agents: Agents, headers: dict[str, str], wish: Any = WISH, **kwargs: Any) -> dict[str, Any]:
    """Whom the task that this request made calls its agent; a signature never refuses it."""
    answer = await send(agents, headers, wish, **kwargs)
    assert answer.status == 202, answer.body
    found: dict[str, Any] = (await agents.get(answer.json()["task"])).json()["agent"]
    return found


def stored(name: str) -> AgentTask:
    return AgentTask.objects.get(pk=row_of(name).pk)


def proved() -> dict[str, str]:
    return dict(ProvenKey.objects.values_list("key", "signature_agent"))
