"""Key directories of agents: how they are asked, what is kept, and the way from a request to a verdict."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tasks.core.http_signatures import MemoryNonces, SignedRequest
from tasks.core.signature_keys import DIRECTORY_PATH, DIRECTORY_TYPE, MAX_DIRECTORY_BYTES, read_directory
from tasks.core.signature_verdicts import Reason, SignatureFailed, VerifiedSignature
from tasks.services.signature_directories import (
    MAX_DIRECTORIES,
    MAX_READINGS_AT_ONCE,
    READINGS_PER_MINUTE,
    DirectoryUnavailable,
    Reading,
    SignatureDirectories,
    fetch_directory,
    verify_request,
)
from tests.fetching.hostile_site import HostileSite, Peer, answer, raw, redirect
from tests.tasks.signing import CREATED, KEY, KEYID, OTHER_KEY, Signer, jwk, with_field

NOW = datetime.fromtimestamp(CREATED + 10, UTC)
HOUR = 3600
URL = "https://bot.example" + DIRECTORY_PATH
NETWORK = "203.0.113.7"
TYPE = f"Content-Type: {DIRECTORY_TYPE}"
DOCUMENT = json.dumps({"keys": [jwk()]}).encode()


@pytest.fixture
async def site() -> AsyncIterator[HostileSite]:
    async with HostileSite() as site:
        yield site.route(DIRECTORY_PATH, answer(DOCUMENT, TYPE))


async def trouble(site: HostileSite) -> str:
    with pytest.raises(DirectoryUnavailable) as caught:
        await fetch_directory(site.href(DIRECTORY_PATH))
    return str(caught.value)


class TestFetching:
    async def test_a_directory_gives_its_keys(self, site: HostileSite, settings: Any) -> None:
        reading = await fetch_directory(site.href(DIRECTORY_PATH))
        assert (set(reading.keys), reading.fresh_seconds) == ({KEYID}, HOUR)
        assert site.requests[0].headers["user-agent"] == settings.ROVER.agent

    async def test_parameters_of_the_media_type_are_nothing_new(self, site: HostileSite) -> None:
        site.route(DIRECTORY_PATH, answer(DOCUMENT, f"{TYPE}; charset=utf-8"))
        assert (await fetch_directory(site.href(DIRECTORY_PATH))).keys

    @pytest.mark.parametrize(
        "status", ["201 Created", "404 Not Found", "410 Gone", "503 Service Unavailable"]
    )
    async def test_only_200_is_a_directory(self, site: HostileSite, status: str) -> None:
        site.route(DIRECTORY_PATH, answer(DOCUMENT, TYPE, status=status))
        assert await trouble(site) == f"its status is {status[:3]}"

    async def test_a_redirect_is_not_followed(self, site: HostileSite) -> None:
        site.route(DIRECTORY_PATH, redirect("/elsewhere")).route("/elsewhere", answer(DOCUMENT, TYPE))
        await trouble(site)
        assert site.targets == [DIRECTORY_PATH]

    @pytest.mark.parametrize("media_type", ["Content-Type: application/json", "X-None: 1"])
    async def test_another_media_type_is_none(self, site: HostileSite, media_type: str) -> None:
        site.route(DIRECTORY_PATH, answer(DOCUMENT, media_type))
        assert "media type" in await trouble(site)

    async def test_a_long_one_is_not_read_to_its_end(self, site: HostileSite) -> None:
        site.route(DIRECTORY_PATH, answer(DOCUMENT + b" " * MAX_DIRECTORY_BYTES, TYPE))
        assert "longer than" in await trouble(site)

    async def test_what_is_no_key_set_is_none(self, site: HostileSite) -> None:
        site.route(DIRECTORY_PATH, answer(b"<html>", TYPE))
        assert await trouble(site) == "it is not JSON"

    async def test_what_is_not_http_is_none(self, site: HostileSite) -> None:
        site.route(DIRECTORY_PATH, raw(b"SSH-2.0\r\n", close=True))
        assert await trouble(site)

    async def test_one_that_drips_is_given_up(
        self, site: HostileSite, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def drip(peer: Peer) -> None:
            await peer.send(f"HTTP/1.1 200 OK\r\n{TYPE}\r\nContent-Length: 60000\r\n\r\n".encode())
            await peer.drip(b" " * 60_000, every_seconds=0.05)

        monkeypatch.setattr("tasks.services.signature_directories.FETCH_SECONDS", 0.4)
        site.route(DIRECTORY_PATH, drip)
        assert "too long" in await trouble(site)

    @pytest.mark.parametrize(
        "agent", ["http://127.0.0.1:1", "https://10.0.0.1", "https://169.254.169.254", "https://[::1]"]
    )
    async def test_the_address_policy_decides_where_it_may_look(self, agent: str, settings: Any) -> None:
        settings.ROVER = settings.ROVER.model_copy(update={"ssrf_level": "strict"})
        with pytest.raises(DirectoryUnavailable, match="address policy"):
            await fetch_directory(agent + DIRECTORY_PATH)

    @pytest.mark.parametrize(
        ("cache_control", "seconds"),
        [
            ("max-age=7200", 7200),
            ("public, Max-Age=300", 300),
            ("max-age=1", 60),
            ("max-age=999999999", 24 * HOUR),
            ("no-store", 60),
            ("no-cache, max-age=7200", 60),
            ("s-maxage=7200", HOUR),
            ("nonsense", HOUR),
        ],
    )
    async def test_it_is_kept_as_long_as_it_asks_within_bounds(
        self, site: HostileSite, cache_control: str, seconds: float
    ) -> None:
        site.route(DIRECTORY_PATH, answer(DOCUMENT, TYPE, f"Cache-Control: {cache_control}"))
        assert (await fetch_directory(site.href(DIRECTORY_PATH))).fresh_seconds == seconds


@dataclass
class Publisher:
    """Directories that say what a test wants, at a time that it sets."""

    keys: list[dict[str, Any]] = field(default_factory=lambda: [jwk()])
    is_down: bool = False
    at: float = 1000.0
    asked: list[str] = field(default_factory=list)
    may_answer: asyncio.Event | None = None

    async def read(self, url: str) -> Reading:
        self.asked.append(url)
        if self.may_answer is not None:
            await self.may_answer.wait()
        if self.is_down:
            raise DirectoryUnavailable("its status is 503")
        return Reading(keys=read_directory(json.dumps({"keys": self.keys}).encode()))

    def directories(self) -> SignatureDirectories:
        return SignatureDirectories(self.read, clock=lambda: self.at)


@pytest.fixture
def publisher() -> Publisher:
    return Publisher()


async def find(
    directories: SignatureDirectories, url: str = URL, *, keyid: str = KEYID, asker: str = NETWORK
) -> Ed25519PublicKey | None:
    return await directories.find(url, keyid, now=NOW, asker=asker)


class TestKeeping:
    async def test_a_directory_is_asked_once_an_hour(self, publisher: Publisher) -> None:
        directories = publisher.directories()
        for passed in (0, 1, HOUR - 2, 2):
            publisher.at += passed
            assert await find(directories)
        assert len(publisher.asked) == 2

    async def test_callers_at_the_same_time_share_one_question(self, publisher: Publisher) -> None:
        directories = publisher.directories()
        found = await asyncio.gather(*(find(directories) for _ in range(20)))
        assert (all(found), len(publisher.asked)) == (True, 1)

    async def test_a_caller_who_leaves_does_not_take_the_answer_with_him(self, publisher: Publisher) -> None:
        publisher.may_answer = asyncio.Event()
        directories = publisher.directories()
        leaving = asyncio.create_task(find(directories))
        staying = asyncio.create_task(find(directories))
        await asyncio.sleep(0)
        leaving.cancel()
        publisher.may_answer.set()
        assert await staying
        with pytest.raises(asyncio.CancelledError):
            await leaving

    async def test_an_unknown_key_is_looked_for_once_a_minute(self, publisher: Publisher) -> None:
        directories = publisher.directories()
        assert await find(directories)
        publisher.at += 61
        for _ in range(5):
            assert await find(directories, keyid="n" * 43) is None
        assert len(publisher.asked) == 2

    async def test_a_new_key_is_found_before_the_hour_is_over(self, publisher: Publisher) -> None:
        directories = publisher.directories()
        await find(directories)
        publisher.keys = [jwk(), jwk(OTHER_KEY)]
        publisher.at += 61
        other = Signer(key=OTHER_KEY).input().partition('keyid="')[2].partition('"')[0]
        assert await find(directories, keyid=other)

    async def test_a_key_that_is_withdrawn_is_gone_with_the_next_reading(self, publisher: Publisher) -> None:
        directories = publisher.directories()
        await find(directories)
        publisher.keys = []
        publisher.at += HOUR
        assert await find(directories) is None

    async def test_a_key_past_its_own_end_is_not_found(self, publisher: Publisher) -> None:
        publisher.keys = [jwk(exp=CREATED)]
        assert await find(publisher.directories()) is None

    async def test_a_failure_takes_no_key_away_for_a_day(self, publisher: Publisher) -> None:
        directories = publisher.directories()
        await find(directories)
        publisher.is_down = True
        publisher.at += 24 * HOUR - 1
        assert await find(directories)
        publisher.at += 1
        with pytest.raises(DirectoryUnavailable, match="503"):
            await find(directories)

    async def test_a_key_nobody_could_look_for_is_not_called_unknown(self, publisher: Publisher) -> None:
        directories = publisher.directories()
        await find(directories)
        publisher.is_down = True
        publisher.at += 61
        with pytest.raises(DirectoryUnavailable):
            await find(directories, keyid="n" * 43)

    async def test_failures_are_retried_ever_more_rarely(self, publisher: Publisher) -> None:
        publisher.is_down = True
        directories = publisher.directories()
        asked_after = []
        for second in range(0, 1500, 10):
            before = len(publisher.asked)
            with pytest.raises(DirectoryUnavailable):
                await find(directories)
            publisher.at += 10
            if len(publisher.asked) > before:
                asked_after.append(second)
        assert asked_after == [0, 30, 90, 210, 450, 930]

    async def test_after_a_failure_it_works_again(self, publisher: Publisher) -> None:
        publisher.is_down = True
        directories = publisher.directories()
        with pytest.raises(DirectoryUnavailable):
            await find(directories)
        publisher.is_down = False
        publisher.at += 30
        assert await find(directories)

    async def test_so_many_are_asked_at_once_and_no_more(self, publisher: Publisher) -> None:
        publisher.may_answer = asyncio.Event()
        directories = publisher.directories()
        waiting = [
            asyncio.create_task(find(directories, f"https://{number}.example", asker=str(number)))
            for number in range(MAX_READINGS_AT_ONCE)
        ]
        await asyncio.sleep(0)
        with pytest.raises(DirectoryUnavailable, match="too many"):
            await find(directories)
        publisher.may_answer.set()
        assert all(await asyncio.gather(*waiting))
        assert await find(directories)

    async def test_strangers_do_not_fill_the_memory(self, publisher: Publisher) -> None:
        directories = publisher.directories()
        await find(directories)
        for number in range(MAX_DIRECTORIES):
            await find(directories, f"https://{number}.example", asker=str(number))
        asked = len(publisher.asked)
        await find(directories, f"https://{MAX_DIRECTORIES - 1}.example")
        assert len(publisher.asked) == asked
        await find(directories)
        assert len(publisher.asked) == asked + 1


class TestOneNetwork:
    async def flood(self, directories: SignatureDirectories, asker: str = NETWORK) -> None:
        """As many readings as one network may start in a minute."""
        for number in range(READINGS_PER_MINUTE):
            await find(directories, f"https://{asker}-{number}.example", asker=asker)

    async def test_starts_ten_readings_a_minute(self, publisher: Publisher) -> None:
        directories = publisher.directories()
        await self.flood(directories)
        for number in range(50):
            with pytest.raises(DirectoryUnavailable, match="this address"):
                await find(directories, f"https://more-{number}.example")
        assert len(publisher.asked) == READINGS_PER_MINUTE

    async def test_may_go_on_in_the_next_minute(self, publisher: Publisher) -> None:
        directories = publisher.directories()
        await self.flood(directories)
        publisher.at += 60
        assert await find(directories)

    async def test_does_not_spend_what_others_may(self, publisher: Publisher) -> None:
        directories = publisher.directories()
        await self.flood(directories)
        assert await find(directories, asker="198.51.100.1")

    async def test_asks_as_often_as_it_likes_for_what_is_known(self, publisher: Publisher) -> None:
        directories = publisher.directories()
        assert await find(directories)
        await self.flood(directories, asker="198.51.100.1")
        for _ in range(50):
            assert await find(directories, asker="198.51.100.1")

    async def test_keeps_using_old_keys_when_it_may_not_have_them_read_anew(
        self, publisher: Publisher
    ) -> None:
        directories = publisher.directories()
        assert await find(directories)
        publisher.at += HOUR
        await self.flood(directories)
        asked = len(publisher.asked)
        assert await find(directories)
        assert len(publisher.asked) == asked

    async def test_pushes_out_nothing_by_what_it_may_not_ask(self, publisher: Publisher) -> None:
        directories = publisher.directories()
        assert await find(directories, asker="198.51.100.1")
        await self.flood(directories)
        for number in range(MAX_DIRECTORIES):
            with pytest.raises(DirectoryUnavailable):
                await find(directories, f"https://more-{number}.example")
        asked = len(publisher.asked)
        assert await find(directories, asker="198.51.100.1")
        assert len(publisher.asked) == asked


class TestVerifying:
    async def verdict(
        self, request: SignedRequest, publisher: Publisher, nonces: MemoryNonces | None = None
    ) -> VerifiedSignature | SignatureFailed | None:
        return await verify_request(
            request,
            now=NOW,
            asker=NETWORK,
            directories=publisher.directories(),
            nonces=nonces or MemoryNonces(),
        )

    async def test_with_a_directory_on_the_network(self, site: HostileSite) -> None:
        agent = site.href().rstrip("/")
        signer = Signer(agent=f'sig1="{agent}"', values={'"signature-agent";key="sig1"': f'"{agent}"'})
        found = await verify_request(
            signer.request(),
            now=NOW,
            asker=NETWORK,
            directories=SignatureDirectories(fetch_directory),
            nonces=MemoryNonces(),
        )
        expected = VerifiedSignature(keyid=KEYID, signature_agent=agent, directory_url=agent + DIRECTORY_PATH)
        assert found == expected

    async def test_a_request_without_a_signature_costs_nothing(self, publisher: Publisher) -> None:
        request = SignedRequest(method="GET", url="https://rover.test/", headers=(("Signature-Agent", "x"),))
        assert await self.verdict(request, publisher) is None
        assert publisher.asked == []

    async def test_a_request_that_cannot_be_accepted_asks_no_directory(self, publisher: Publisher) -> None:
        found = await self.verdict(Signer(parameters={"expires": None}).request(), publisher)
        assert isinstance(found, SignatureFailed) and found.reason is Reason.NO_TIMES
        assert publisher.asked == []

    async def test_a_key_counts_only_in_the_directory_of_the_agent_that_is_named(
        self, publisher: Publisher
    ) -> None:
        publisher.keys = [jwk(OTHER_KEY)]
        found = await self.verdict(Signer(key=KEY).request(), publisher)
        assert isinstance(found, SignatureFailed) and found.reason is Reason.UNKNOWN_KEY

    async def test_a_silent_directory_is_not_a_bad_signature(self, publisher: Publisher) -> None:
        publisher.is_down = True
        found = await self.verdict(Signer().request(), publisher)
        assert isinstance(found, SignatureFailed)
        assert (found.reason, "503" in found.detail) == (Reason.DIRECTORY_UNAVAILABLE, True)

    async def test_a_signature_counts_once(self, publisher: Publisher) -> None:
        nonces = MemoryNonces()
        assert isinstance(await self.verdict(Signer().request(), publisher, nonces), VerifiedSignature)
        again = await self.verdict(Signer().request(), publisher, nonces)
        assert isinstance(again, SignatureFailed) and again.reason is Reason.REPLAYED

    async def test_of_many_at_once_one_counts(self, publisher: Publisher) -> None:
        nonces, directories = MemoryNonces(), publisher.directories()
        found = await asyncio.gather(
            *(
                verify_request(
                    Signer().request(), now=NOW, asker=NETWORK, directories=directories, nonces=nonces
                )
                for _ in range(10)
            )
        )
        assert sum(isinstance(verdict, VerifiedSignature) for verdict in found) == 1

    async def test_a_forger_uses_up_nobodys_nonce(self, publisher: Publisher) -> None:
        nonces = MemoryNonces()
        forged = with_field(Signer().request(), "Signature", "sig1=:AAAA:")
        found = await self.verdict(forged, publisher, nonces)
        assert isinstance(found, SignatureFailed) and found.reason is Reason.BAD_SIGNATURE
        assert isinstance(await self.verdict(Signer().request(), publisher, nonces), VerifiedSignature)

    async def test_a_signature_that_binds_nothing_and_has_no_nonce_may_come_again(
        self, publisher: Publisher
    ) -> None:
        nonces = MemoryNonces()
        covered = ('"@authority"', '"signature-agent";key="sig1"')
        request = Signer(parameters={"nonce": None}, covered=covered).request()
        for _ in range(2):
            found = await self.verdict(request, publisher, nonces)
            assert isinstance(found, VerifiedSignature) and not found.binds_request

    async def test_of_two_good_signatures_the_one_that_binds_the_request_counts(
        self, publisher: Publisher
    ) -> None:
        agent = '"signature-agent";key="sig1"'
        weak = Signer(label="weak", parameters={"nonce": None}, covered=('"@authority"', agent)).request()
        strong = Signer().request()
        first, second = dict(weak.headers), dict(strong.headers)
        both = with_field(
            strong, "Signature-Input", f"{first['Signature-Input']}, {second['Signature-Input']}"
        )
        both = with_field(both, "Signature", f"{first['Signature']}, {second['Signature']}")
        found = await self.verdict(both, publisher)
        assert isinstance(found, VerifiedSignature) and found.binds_request

    async def test_a_bad_signature_beside_a_good_one_does_no_harm(self, publisher: Publisher) -> None:
        good = dict(Signer().request().headers)
        broken = Signer(parameters={"created": None}).input()
        both = with_field(Signer().request(), "Signature-Input", f"a={broken}, {good['Signature-Input']}")
        both = with_field(both, "Signature", f"a=:AAAA:, {good['Signature']}")
        assert isinstance(await self.verdict(both, publisher), VerifiedSignature)

    async def test_time_runs_out_by_the_clock_of_the_caller(self, publisher: Publisher) -> None:
        late = NOW + timedelta(hours=1)
        found = await verify_request(
            Signer().request(),
            now=late,
            asker=NETWORK,
            directories=publisher.directories(),
            nonces=MemoryNonces(),
        )
        assert isinstance(found, SignatureFailed) and found.reason is Reason.EXPIRED
