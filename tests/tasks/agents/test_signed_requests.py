"""Signed requests from end to end: an agent publishes its key, a public library signs, and a task is called
verified if, and only if, that signature binds that very request, once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tasks.models import SeenNonce
from tasks.services.signature_directories import signature_directories
from tests.tasks.agents import signing
from tests.tasks.agents.signing import AGENT, SERVER, WISH, Publisher, Why, proved, send, signed, stored, who
from tests.tasks.agents.support import Agents
from tests.tasks.signing import KEYID, OTHER_KEY
from tests.tasks.streaming_fixtures import in_database

own_directories, bot, why = signing.own_directories, signing.bot, signing.why
pytestmark = pytest.mark.usefixtures("shop", "own_directories")


# --- a good signature ---


async def test_a_signature_over_the_whole_request_verifies_its_agent(agents: Agents, bot: Publisher) -> None:
    found = await who(agents, signed(WISH, agent=bot.origin))

    assert found == {
        "key": bot.origin,
        "name": bot.origin.partition("://")[2],
        "vendor": bot.origin.partition("://")[2],
        "trust": "verified_signed",
        "source": "signature_agent",
        "verificationMethod": "http_message_signatures",
    }
    assert len(bot.requests) == 1


async def test_its_record_says_with_which_key_and_its_notes_are_that_keys(
    agents: Agents, bot: Publisher
) -> None:
    created = (await send(agents, signed(WISH, agent=bot.origin))).json()

    row = await in_database(stored)(created["id"])

    assert row.memory_key == f"verified:{KEYID}"
    assert row.agent["signatureKeyId"] == KEYID
    assert row.agent["signatureAgent"] == bot.origin
    assert row.agent["signatureDirectory"].startswith(f"{bot.origin}/.well-known/")


async def test_a_signer_calls_itself_what_it_likes_in_the_body_it_signed(
    agents: Agents, bot: Publisher
) -> None:
    wish = WISH | {"agent": {"key": "corner-bot", "name": "Corner Bot", "vendor": "Bank of Trust"}}

    found = await who(agents, signed(wish, agent=bot.origin), wish)

    assert (found["key"], found["name"], found["trust"]) == ("corner-bot", "Corner Bot", "verified_signed")
    assert found["vendor"] == bot.origin.partition("://")[2], "the vendor is who proved it"


@pytest.mark.parametrize(
    "covered",
    [
        ("@method", "@target-uri", AGENT),
        ("@method", "@authority", "@path", AGENT),
        ("@method", "@authority", "@request-target", AGENT),
        ("@method", "@scheme", "@authority", "@path", "@query", AGENT),
        ("@method", "@target-uri", "signature-agent"),
    ],
)
async def test_there_is_more_than_one_way_to_cover_a_request(
    agents: Agents, bot: Publisher, covered: tuple[str, ...]
) -> None:
    found = await who(agents, signed(WISH, agent=bot.origin, covered=covered))

    assert found["trust"] == "verified_signed"


async def test_without_a_nonce_the_signature_is_its_own(agents: Agents, bot: Publisher, why: Why) -> None:
    headers = signed(WISH, agent=bot.origin, nonce=None)

    first, second = await who(agents, headers), await who(agents, headers)

    assert (first["trust"], second["trust"]) == ("verified_signed", "heuristic")
    assert why.reasons == ["replayed"]


async def test_the_query_is_part_of_what_is_signed(agents: Agents, bot: Publisher) -> None:
    headers = signed(WISH, agent=bot.origin, url=f"{SERVER}/v1/tasks?a=%20b")

    found = await who(agents, headers, path="/v1/tasks?a=%20b")

    assert found["trust"] == "verified_signed"


# --- one that covers less ---


@pytest.mark.parametrize(
    ("covered", "with_body"),
    [
        (("@authority", AGENT), False),
        (("@method", "@target-uri", AGENT), False),
        (("@target-uri", AGENT), True),
        (("@method", "@authority", AGENT), True),
    ],
    ids=["host alone", "no body", "no method", "no path"],
)
async def test_a_signature_that_fits_other_requests_too_says_who_and_not_what(
    agents: Agents, bot: Publisher, covered: tuple[str, ...], with_body: bool
) -> None:
    headers = signed(WISH, agent=bot.origin, covered=covered, with_body=with_body)

    created = (await send(agents, headers)).json()
    found = (await agents.get(created["task"])).json()["agent"]

    assert (found["trust"], found["verificationMethod"]) == (
        "signed_directory_only",
        "signature_agent_directory",
    )
    assert (await in_database(stored)(created["id"])).memory_key.startswith("vendor:")
    assert await in_database(proved)() == {}


# --- one that does not hold ---


def changed_body(agent: str) -> dict[str, str]:
    return signed(WISH | {"prompt": "buy everything"}, agent=agent)


def changed_body_and_digest(agent: str) -> dict[str, str]:
    other = signed(WISH | {"prompt": "buy everything"}, agent=agent)
    return other | {"Content-Digest": signed(WISH, agent=agent)["Content-Digest"]}


BROKEN: dict[str, tuple[Callable[[str], dict[str, str]], str]] = {
    "another key": (lambda agent: signed(WISH, agent=agent, key=OTHER_KEY), "unknown_key"),
    "another body": (changed_body, "digest_mismatch"),
    "another body and its digest": (changed_body_and_digest, "bad_signature"),
    "another path": (lambda agent: signed(WISH, agent=agent, url=f"{SERVER}/v1/batches"), "bad_signature"),
    "another query": (lambda agent: signed(WISH, agent=agent, url=f"{SERVER}/v1/tasks?"), "bad_signature"),
    "another server": (
        lambda agent: signed(WISH, agent=agent, url="https://elsewhere.example/v1/tasks"),
        "bad_signature",
    ),
    "another method": (lambda agent: signed(WISH, agent=agent, method="PUT"), "bad_signature"),
    "expired": (
        lambda agent: signed(WISH, agent=agent, created=datetime.now(UTC) - timedelta(minutes=10)),
        "expired",
    ),
    "of the future": (
        lambda agent: signed(WISH, agent=agent, created=datetime.now(UTC) + timedelta(minutes=10)),
        "not_yet_valid",
    ),
    "good for too long": (
        lambda agent: signed(WISH, agent=agent, lifetime=timedelta(hours=2)),
        "lifetime_too_long",
    ),
    "of another protocol": (lambda agent: signed(WISH, agent=agent, tag="something-else"), "other_tag"),
    "not over its agent": (
        lambda agent: signed(WISH, agent=agent, covered=("@method", "@target-uri")),
        "not_covered",
    ),
    "cut": (lambda agent: signed(WISH, agent=agent) | {"Signature": "sig1=:AAAA:"}, "bad_signature"),
    "garbage": (lambda agent: signed(WISH, agent=agent) | {"Signature": "\xff\x01"}, "malformed"),
    "without its signature": (
        lambda agent: {k: v for k, v in signed(WISH, agent=agent).items() if k != "Signature"},
        "malformed",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_signature_that_does_not_hold_refuses_nothing_and_proves_nothing(
    agents: Agents, bot: Publisher, why: Why, name: str
) -> None:
    make, reason = BROKEN[name]

    answer = await send(agents, make(bot.origin))

    assert answer.status == 202
    found = (await agents.get(answer.json()["task"])).json()["agent"]
    assert (found["trust"], found["source"]) == ("heuristic", "signature_agent")
    assert (answer.headers["signature-error"], why.reasons) == (reason, [reason])
    assert await in_database(proved)() == {}


async def test_a_page_may_read_why(agents: Agents, bot: Publisher) -> None:
    answer = await send(agents, signed(WISH, agent=bot.origin, key=OTHER_KEY))

    assert "Signature-Error" in answer.headers["access-control-expose-headers"].split(", ")


async def test_there_is_no_complaint_without_a_reason(agents: Agents, bot: Publisher) -> None:
    for headers in (signed(WISH, agent=bot.origin), {}, {"Signature-Agent": "ExampleBot"}):
        assert "signature-error" not in (await send(agents, headers)).headers


async def test_the_agent_is_then_what_the_rest_says(agents: Agents, bot: Publisher) -> None:
    wish = WISH | {"agent": {"key": "k", "name": "N"}}

    found = await who(agents, signed(wish, agent=bot.origin, key=OTHER_KEY), wish)

    assert (found["key"], found["name"], found["trust"]) == ("k", "N", "self_reported")


async def test_a_body_that_was_changed_on_the_way_is_not_the_signers(agents: Agents, bot: Publisher) -> None:
    wish = WISH | {"agent": {"key": "thief"}}

    found = await who(agents, signed(WISH, agent=bot.origin), wish)

    assert (found["key"], found["trust"]) == ("thief", "self_reported")


# --- used once ---


async def test_a_signature_counts_once(agents: Agents, bot: Publisher, why: Why) -> None:
    headers = signed(WISH, agent=bot.origin)

    first, second = await who(agents, headers), await who(agents, headers)

    assert (first["trust"], second["trust"]) == ("verified_signed", "heuristic")
    assert why.reasons == ["replayed"]


async def test_a_nonce_counts_once_also_in_another_request(agents: Agents, bot: Publisher, why: Why) -> None:
    other = WISH | {"prompt": "find the address"}

    first = await who(agents, signed(WISH, agent=bot.origin, nonce="once"))
    second = await who(agents, signed(other, agent=bot.origin, nonce="once"), other)

    assert (first["trust"], second["trust"]) == ("verified_signed", "heuristic")
    assert why.reasons == ["replayed"]


async def test_what_one_process_has_seen_counts_for_the_next(
    agents: Agents, bot: Publisher, why: Why
) -> None:
    headers = signed(WISH, agent=bot.origin)
    assert (await who(agents, headers))["trust"] == "verified_signed"
    signature_directories.cache_clear()
    second = Agents.start()
    try:
        found = await who(second, headers)
    finally:
        await second.close()

    assert (found["trust"], why.reasons) == ("heuristic", ["replayed"])
    assert await in_database(SeenNonce.objects.count)() == 1


async def test_a_forger_uses_up_nobodys_nonce(agents: Agents, bot: Publisher) -> None:
    headers = signed(WISH, agent=bot.origin)

    await who(agents, headers | {"Signature": "sig1=:AAAA:"})

    assert (await who(agents, headers))["trust"] == "verified_signed"


async def test_a_request_that_is_signed_anew_may_be_repeated_under_its_key(
    agents: Agents, bot: Publisher
) -> None:
    def headers() -> dict[str, str]:
        return signed(WISH, agent=bot.origin) | {"Idempotency-Key": "one"}

    first = await send(agents, headers())
    second = await send(agents, headers(), ip="198.51.100.9")

    assert second.json() == first.json()
    assert second.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize("key", ["one", "0f8c0a52-6f0e-4b57-9d57-3f1b2b9d1c11"])
async def test_nobody_else_gets_the_tokens_of_a_signer_by_its_name_and_idempotency_key(
    agents: Agents, bot: Publisher, key: str
) -> None:
    wish = WISH | {"agent": {"key": "corner-bot"}}
    first = await send(agents, signed(wish, agent=bot.origin) | {"Idempotency-Key": key}, wish)

    second = await send(agents, {"Idempotency-Key": key}, wish)

    assert (first.status, second.status) == (202, 202)
    assert second.json()["id"] != first.json()["id"]
    assert "idempotency-replayed" not in second.headers
