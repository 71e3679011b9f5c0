"""Signatures that others can verify: the vectors of Standard Webhooks, its public verifier, and the code that
the pages show."""

import hashlib
import hmac
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from roverbook.core.happenings import Happening
from roverbook.core.webhooks.signing import key_of, new_secret, signature_headers, standard_signature
from roverbook.core.webhooks.verifying import NODE, PHP, PYTHON, SNIPPETS
from roverbook.services.webhooks.endpoints import webhook_secret_rotate
from tests.roverbook.webhooks.conftest import NewHook, Tell
from tests.roverbook.webhooks.receiver import Got, Receiver
from workspace.services.audit import Actor

SECRET = "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
OURS = b'{"type":"task.completed","timestamp":"2026-09-21T14:13:20Z","data":{"id":"agt_123","workflow":"wf_456","status":"completed"}}'


@pytest.mark.parametrize(
    ("secret", "message", "timestamp", "body", "signature"),
    [
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        (SECRET, "msg_0190c3a4b7f07abc8def0123456789ab", 1790000000, OURS, "v1,k0Vi5TKnTC8cbim7tWhoG9ItQ8mQ9dLUenVF9h/9yDQ="),
    ],
    ids=["the library's", "ours"],
)  # fmt: skip
def test_known_signatures(secret: str, message: str, timestamp: int, body: bytes, signature: str) -> None:
    assert standard_signature(secret, message=message, timestamp=timestamp, body=body) == signature


def test_the_own_signature_has_a_v1_for_each_secret() -> None:
    headers = signature_headers(
        message="whk_1",
        delivery="d",
        event="visit.failed",
        timestamp=17,
        body=b"{}",
        secrets=["new" * 6, "old" * 6],
    )

    signed = [hmac.new(key, b"17.{}", hashlib.sha256).hexdigest() for key in (b"new" * 6, b"old" * 6)]
    assert headers["X-RoverBook-Signature"] == f"t=17,v1={signed[0]},v1={signed[1]}"
    assert headers["Webhook-Signature"].count("v1,") == 2
    assert headers["Webhook-Signature"].count(" ") == 1


def test_without_a_secret_nothing_is_signed() -> None:
    headers = signature_headers(
        message="whk_1", delivery="d", event="visit.failed", timestamp=17, body=b"", secrets=[]
    )

    assert not [name for name in headers if "ignature" in name]


def test_secrets_are_strong_and_each_another() -> None:
    one, two = new_secret(), new_secret()

    assert one != two
    assert len(key_of(one) or b"") == 32
    assert key_of("whsec_" + "A" * 20) is None
    assert key_of("whsec_not base64!") is None


@pytest.fixture
def delivered(
    new_hook: NewHook, receiver: Receiver, tell: Tell, send: Callable[[], int], actor: Actor
) -> Any:
    """A delivery made while a secret is being replaced; returns the request, the new secret and the old one."""
    hook, old = new_hook(receiver.url)
    new = webhook_secret_rotate(actor=actor, endpoint=hook, now=hook.created_at)
    tell(summary="naïve “text” \u2028 end")
    assert send() == 1
    return receiver.got[0], new, old


@pytest.mark.django_db(transaction=True)
def test_the_public_verifier_accepts_either_secret_and_nothing_else(delivered: tuple[Got, str, str]) -> None:
    got, new, old = delivered
    for secret in (new, old):
        assert Webhook(secret).verify(got.body, dict(got.headers))["data"]["summary"].startswith("naïve")
    for secret, body, headers in (
        (new_secret(), got.body, got.headers),
        (new, got.body + b" ", got.headers),
        (new, got.body, {**got.headers, "webhook-id": "whk_other"}),
        (new, got.body, {**got.headers, "webhook-timestamp": str(int(got.headers["webhook-timestamp"]) - 1)}),
        (new, got.body, {**got.headers, "webhook-timestamp": "1614265330"}),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, dict(headers))


Verify = Callable[[str, Mapping[str, str], bytes], bool]


def in_python(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    names: dict[str, Any] = {}
    exec(PYTHON, names)
    return bool(names["verify"](secret, dict(headers), body))


def in_node(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    given = json.dumps([secret, dict(headers), body.hex()])
    script = NODE + f'const [s, h, b] = {given}; console.log(verify(s, h, Buffer.from(b, "hex")))'
    return _answer(["node", "-e", script])


def in_php(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    given = json.dumps([secret, dict(headers), body.hex()]).replace("'", "\\'")
    script = PHP.removeprefix("<?php\n") + f"$g = json_decode('{given}', true);"
    script += 'echo verify($g[0], $g[1], hex2bin($g[2])) ? "true" : "false";'
    return _answer(["php", "-r", script])


def _answer(command: list[str]) -> bool:
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]}")
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return {"true": True, "false": False}[said.stdout.strip()]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verify", [in_python, in_node, in_php])
def test_the_code_on_the_page_verifies(verify: Verify, delivered: tuple[Got, str, str]) -> None:
    got, new, old = delivered

    assert verify(new, got.headers, got.body)
    assert verify(old, got.headers, got.body)
    assert not verify(new_secret(), got.headers, got.body)
    assert not verify(new, got.headers, got.body + b" ")
    assert not verify(new, {**got.headers, "webhook-timestamp": "1614265330"}, got.body)
    assert not verify(
        new, {name: value for name, value in got.headers.items() if "webhook" not in name}, got.body
    )


def test_the_handbook_shows_the_same_code_and_every_event() -> None:
    text = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text()

    for code in SNIPPETS.values():
        assert f"\n{code}```" in text
    assert re.findall(r"^\| `(\w+\.\w+)` \|", text, re.MULTILINE) == [event.value for event in Happening]
