"""Who is calling: trust by evidence, name by what is said, and notes that nobody else can reach."""

import hashlib
import unicodedata
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.attribution import (
    Agent,
    Claims,
    Source,
    Trust,
    VerificationMethod,
    attribute,
    claimed_keys,
)
from tasks.core.known_agents import recognise
from tasks.core.signature_verdicts import VerifiedSignature

DAY = date(2026, 11, 22)
BODY = {
    "key": "gpt-5.4-demo-agent",
    "name": "GPT-5.4 Demo Agent",
    "vendor": "OpenAI",
    "model": "gpt-5.4",
    "version": "2026-03",
}
BROWSER = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
SIGNED = VerifiedSignature(
    keyid="kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
    signature_agent="https://bot.example",
    directory_url="https://bot.example/.well-known/http-message-signatures-directory",
)
LOOSELY_SIGNED = replace(SIGNED, binds_request=False)
PRIVATE_NOTES = f"verified:{SIGNED.keyid}"
ALL_HEADERS = {
    "User-Agent": "ExampleBot/1.0",
    "Signature-Agent": "ExampleBot",
    "Signature": "sig1=:AAAA:",
    "Signature-Input": 'sig1=("@method")',
    "X-RTRVR-Client-Id": "caller-123",
}


def agent(body: Any = None, headers: dict[str, str] | None = None, **rest: Any) -> Agent:
    """The record of a caller from one address on one day."""
    given = {"previous_key": None, "ip": "203.0.113.7", "day": DAY, **rest}
    said = Claims.of(body, headers or {}, given.pop("verified", None))
    return attribute(said, **given)


def keys_to_look_up(
    body: Any = None,
    headers: dict[str, str] | None = None,
    verified: VerifiedSignature | None = None,
    previous_key: str | None = None,
) -> tuple[str, ...]:
    """Those of the same caller."""
    return claimed_keys(Claims.of(body, headers or {}, verified), previous_key=previous_key)


class TestTrust:
    @pytest.mark.parametrize(
        ("found", "trust", "method", "source"),
        [
            (
                agent(BODY, ALL_HEADERS, verified=SIGNED),
                "verified_signed",
                "http_message_signatures",
                "signature_agent",
            ),
            (
                agent(BODY, ALL_HEADERS, verified=LOOSELY_SIGNED),
                "signed_directory_only",
                "signature_agent_directory",
                "signature_agent",
            ),
            (agent(BODY, ALL_HEADERS), "self_reported", "self_reported", "public_task_agent"),
            (agent(None, ALL_HEADERS), "heuristic", "heuristic_headers", "signature_agent"),
            (agent(None, {"User-Agent": "x"}), "heuristic", "heuristic_headers", "user_agent"),
            (agent(), "anonymous", "anonymous", "anonymous"),
        ],
        ids=["signed", "loosely signed", "agent object", "headers", "user agent", "nothing"],
    )
    def test_goes_by_the_strongest_evidence(self, found: Agent, trust: str, method: str, source: str) -> None:
        assert (found.trust, found.verification_method, found.source) == (trust, method, source)

    @pytest.mark.parametrize("header", [*ALL_HEADERS, "X-Client-Id", "X-RTRVR-Agent-Id", "X-RTRVR-Agent-Key"])
    def test_of_any_header_alone_is_heuristic(self, header: str) -> None:
        assert agent(None, {header: ALL_HEADERS.get(header, "value")}).trust is Trust.HEURISTIC

    def test_names_of_headers_have_no_case(self) -> None:
        assert agent(None, {"USER-agent": "ExampleBot/1.0"}).display_name == "ExampleBot"

    @pytest.mark.parametrize(
        "body",
        [{}, {"key": ""}, {"name": " \x00 "}, {"key": 7}, {"key": {}}, {"homepage": "no"}, [], "text", 7],
    )
    def test_of_an_agent_object_that_says_nothing_is_none(self, body: object) -> None:
        assert agent(body).trust is Trust.ANONYMOUS

    def test_cannot_be_claimed_in_the_body(self) -> None:
        body = {
            **BODY,
            "trust": "verified_signed",
            "verificationMethod": "x",
            "memoryKey": PRIVATE_NOTES,
            "signatureKeyId": SIGNED.keyid,
        }
        found = agent(body)
        assert (found.trust, found.memory_key, found.signature_key_id) == (
            Trust.SELF_REPORTED,
            f"self:{BODY['key']}",
            None,
        )


class TestKey:
    @pytest.mark.parametrize(
        ("body", "headers", "previous", "key"),
        [
            (BODY, {"X-RTRVR-Agent-Id": "h", **ALL_HEADERS}, "p", BODY["key"]),
            ({"agentKey": "k"}, ALL_HEADERS, "p", "k"),
            ({"agentId": "i"}, ALL_HEADERS, "p", "i"),
            ({"key": "first", "agentKey": "second"}, {}, None, "first"),
            ({"name": "N"}, {"X-RTRVR-Agent-Id": "h", **ALL_HEADERS}, "p", "h"),
            (None, {"X-RTRVR-Agent-Key": "h2", **ALL_HEADERS}, "p", "h2"),
            ({"clientId": "c"}, ALL_HEADERS, "p", "c"),
            (None, ALL_HEADERS, "p", "caller-123"),
            (None, {"X-Client-Id": "neutral"}, "p", "neutral"),
            (None, {"Signature-Agent": "ExampleBot"}, "p", "ExampleBot"),
            (None, {"Signature-Agent": 'sig1="https://bot.example"'}, "p", "https://bot.example"),
            (None, {"User-Agent": "ExampleBot/1.0"}, "p", "p"),
        ],
    )
    def test_is_the_first_that_is_said(
        self, body: Any, headers: dict[str, str], previous: str | None, key: str
    ) -> None:
        assert agent(body, headers, previous_key=previous).key == key

    def test_of_somebody_who_says_nothing_lasts_a_day(self) -> None:
        today, tomorrow = agent(), agent(day=DAY + timedelta(days=1))
        assert today.key == agent().key != tomorrow.key
        assert today.key.startswith("anon:")

    def test_does_not_depend_on_trust(self) -> None:
        assert agent(BODY, verified=SIGNED).key == agent(BODY).key

    def test_of_a_signer_without_a_name_is_its_origin(self) -> None:
        assert agent(verified=SIGNED).key == "https://bot.example"

    def test_is_cut_so_that_two_keys_stay_two(self) -> None:
        one, other = agent({"key": "k" * 200 + "1"}), agent({"key": "k" * 200 + "2"})
        assert len(one.key) == len(other.key) == 128
        assert one.key != other.key

    def test_that_is_an_origin_is_cut_in_the_same_way(self) -> None:
        origins = [f"https://{'a' * 60}.{'b' * 60}.{name}.example" for name in ("one", "two")]
        found = [agent(verified=replace(SIGNED, signature_agent=origin)) for origin in origins]
        assert [len(one.key) for one in found] == [128, 128]
        assert found[0].key != found[1].key
        assert [one.signature_agent for one in found] == origins
        heard = agent(None, {"Signature-Agent": f'"{origins[0]}"'})
        assert heard.key == found[0].key

    def test_of_a_long_origin_is_proved_as_it_was_cut(self) -> None:
        origin = f"https://{'a' * 60}.{'b' * 60}.example"
        signed = replace(SIGNED, signature_agent=origin)
        (asked,) = keys_to_look_up(verified=signed)
        proved = {asked: origin}
        assert agent(verified=signed, verified_keys=proved).key == asked
        assert agent(None, {"Signature-Agent": f'"{origin}"'}, verified_keys=proved).key.startswith("anon:")

    def test_of_128_characters_stays_whole(self) -> None:
        assert agent({"key": "k" * 128}).key == "k" * 128


class TestProvedKeys:
    OWNED = {BODY["key"]: SIGNED.signature_agent, SIGNED.signature_agent: SIGNED.signature_agent}

    def test_nobody_reports_a_key_that_another_proved(self) -> None:
        found = agent(BODY, verified_keys=self.OWNED)
        assert (found.key, found.memory_key) == (agent().key, "vendor:openai")

    def test_nor_signs_with_a_key_of_his_own_for_it(self) -> None:
        thief = replace(SIGNED, keyid="t" * 43, signature_agent="https://evil.example")
        found = agent(BODY, verified=thief, verified_keys=self.OWNED)
        assert (found.key, found.memory_key) == ("https://evil.example", "verified:" + "t" * 43)

    def test_nor_with_a_signature_that_leaves_the_body_open(self) -> None:
        found = agent(BODY, verified=LOOSELY_SIGNED, verified_keys=self.OWNED)
        assert (found.key, found.memory_key) == ("https://bot.example", "vendor:bot-example")

    @pytest.mark.parametrize(
        "header", ["X-RTRVR-Agent-Id", "X-RTRVR-Client-Id", "X-Client-Id", "Signature-Agent"]
    )
    def test_nor_says_it_in_a_header(self, header: str) -> None:
        assert agent(None, {header: BODY["key"]}, verified_keys=self.OWNED).key.startswith("anon:")

    def test_nor_brings_it_from_a_session(self) -> None:
        assert agent(previous_key=BODY["key"], verified_keys=self.OWNED).key.startswith("anon:")

    @pytest.mark.parametrize("disguise", [" {} ", "{}\x00", "\u202e{}", "{}\u2066"])
    def test_nor_hides_it_behind_what_is_cleaned_away(self, disguise: str) -> None:
        found = agent({"key": disguise.format(BODY["key"])}, verified_keys=self.OWNED)
        assert found.key.startswith("anon:")

    def test_its_owner_uses_it_with_a_new_key_pair_too(self) -> None:
        rotated = replace(SIGNED, keyid="r" * 43)
        assert agent(BODY, verified=rotated, verified_keys=self.OWNED).key == BODY["key"]

    def test_the_keys_to_look_up_are_those_that_could_be_taken(self) -> None:
        asked = keys_to_look_up(BODY, ALL_HEADERS, previous_key="p")
        assert asked == (BODY["key"], "caller-123", "ExampleBot", "p")

    def test_of_a_signer_the_origin_is_looked_up_not_what_the_header_says(self) -> None:
        asked = keys_to_look_up(None, ALL_HEADERS, LOOSELY_SIGNED)
        assert asked == ("caller-123", "https://bot.example")

    @pytest.mark.parametrize(
        "header", ["X-RTRVR-Agent-Id", "X-RTRVR-Agent-Key", "X-RTRVR-Client-Id", "X-Client-Id"]
    )
    def test_a_header_that_nobody_signed_names_no_signer(self, header: str) -> None:
        headers = {header: "somebody"}
        asked = keys_to_look_up(None, headers, SIGNED)
        found = agent(None, headers, verified=SIGNED)
        assert (asked, found.key) == ((SIGNED.signature_agent,), SIGNED.signature_agent)
        assert found.client_id is None

    @pytest.mark.parametrize("name", ["key", "agentId", "clientId"])
    def test_a_signer_does_not_take_another_signers_origin_for_his_name(self, name: str) -> None:
        found = agent({name: "https://other.example"}, verified=SIGNED)
        assert found.key == SIGNED.signature_agent

    def test_his_own_origin_he_may_say(self) -> None:
        assert agent({"key": "https://bot.example"}, verified=SIGNED).key == "https://bot.example"


class TestMemory:
    @pytest.mark.parametrize(
        ("found", "memory"),
        [
            (agent(BODY, verified=SIGNED), PRIVATE_NOTES),
            (agent(None, verified=SIGNED), PRIVATE_NOTES),
            (agent(BODY, verified=LOOSELY_SIGNED), "self:gpt-5.4-demo-agent"),
            (agent(None, verified=LOOSELY_SIGNED), "vendor:bot-example"),
            (agent(BODY), "self:gpt-5.4-demo-agent"),
            (agent({"name": "N", "vendor": "Acme & Söhne GmbH"}), "vendor:acme-sohne-gmbh"),
            (agent(None, {"User-Agent": "GPTBot/1.2"}), "vendor:openai"),
            (agent(None, {"Signature-Agent": 'a="https://bot.example/"'}), "vendor:bot-example"),
        ],
    )
    def test_is_named_by_the_evidence(self, found: Agent, memory: str) -> None:
        assert found.memory_key == memory

    @pytest.mark.parametrize("key", [PRIVATE_NOTES, SIGNED.keyid, "vendor:openai", "anon:x"])
    def test_cannot_be_reached_by_a_key_that_looks_like_it(self, key: str) -> None:
        assert agent({"key": key}).memory_key == f"self:{key}"

    @pytest.mark.parametrize("name", ["百度", "小米", "百度 Cloud", "小米 Cloud", "&"])
    def test_of_a_vendor_with_other_letters_is_its_own(self, name: str) -> None:
        digest = hashlib.sha256(name.encode()).hexdigest()[:32]
        expected = f"vendor:cloud-{digest}" if "Cloud" in name else f"vendor:{digest}"
        assert agent({"vendor": name}).memory_key == expected

    @pytest.mark.parametrize(
        ("one", "other", "is_same"),
        [
            ("203.0.113.7", "203.0.113.250", True),
            ("203.0.113.7", "203.0.114.7", False),
            ("203.0.113.7", "::ffff:203.0.113.9", True),
            ("2001:db8:1:2::3", "2001:db8:1:ffff::1", True),
            ("2001:db8:1::1", "2001:db8:2::1", False),
            ("fe80::1%eth0", "fe80::1", True),
            ("", "not an address", True),
        ],
    )
    def test_of_an_anonymous_caller_goes_by_his_network(self, one: str, other: str, is_same: bool) -> None:
        assert (agent(ip=one).memory_key == agent(ip=other).memory_key) is is_same

    def test_of_an_anonymous_caller_goes_by_his_program(self) -> None:
        assert agent(None, {"User-Agent": "a/1"}).memory_key != agent(None, {"User-Agent": "b/1"}).memory_key

    def test_of_an_anonymous_caller_cannot_be_computed_without_the_servers_secret(self) -> None:
        assert agent(pepper=b"one").memory_key != agent(pepper=b"other").memory_key


class TestNames:
    def test_come_from_the_agent_object_not_from_headers(self) -> None:
        found = agent({**BODY, "homepage": "https://demo.example/"}, {"User-Agent": "ClaudeBot/9"})
        assert found.as_wire() == {
            "key": "gpt-5.4-demo-agent",
            "displayName": "GPT-5.4 Demo Agent",
            "trust": "self_reported",
            "source": "public_task_agent",
            "memoryKey": "self:gpt-5.4-demo-agent",
            "verificationMethod": "self_reported",
            "vendor": "OpenAI",
            "model": "gpt-5.4",
            "version": "2026-03",
            "homepage": "https://demo.example/",
            "userAgent": "ClaudeBot/9",
        }

    def test_of_a_signer_has_the_vendor_that_was_proved(self) -> None:
        found = agent(BODY, verified=SIGNED).as_wire()
        assert found["vendor"] == "bot.example"
        assert found["signatureAgent"] == "https://bot.example"
        assert found["signatureDirectory"] == SIGNED.directory_url
        assert found["signatureKeyId"] == SIGNED.keyid

    @pytest.mark.parametrize(
        ("found", "name"),
        [
            (agent(None, verified=SIGNED), "bot.example"),
            (agent({"model": "m", "vendor": "V"}), "m"),
            (agent({"key": "k"}), "k"),
            (agent(None, {"Signature-Agent": "ExampleBot"}), "ExampleBot"),
            (agent(None, {"X-Client-Id": "c"}), "c"),
            (agent(None, {"User-Agent": BROWSER}), "Chrome"),
            (agent(), "Anonymous agent"),
        ],
    )
    def test_fall_back_to_what_there_is(self, found: Agent, name: str) -> None:
        assert found.display_name == name

    @pytest.mark.parametrize("field", ["name", "vendor", "model", "version"])
    def test_have_120_characters_at_most(self, field: str) -> None:
        found = agent({field: "ä" * 5000})
        assert {"name": found.display_name}.get(field, getattr(found, field, None)) == "ä" * 120

    def test_are_one_clean_line(self) -> None:
        found = agent({"name": "\x1b[31mEvil\x1b[0m\nBot\u202e\x00\x7f ", "key": "a\r\nb"})
        assert (found.display_name, found.key) == ("Evil Bot", "a b")

    def test_are_not_escaped_but_kept_as_they_are(self) -> None:
        assert agent({"name": "<script>"}).display_name == "<script>"

    @pytest.mark.parametrize(
        ("homepage", "kept"),
        [
            ("https://demo.example/about?x=1", True),
            ("https://demo.example/" + "a" * 279, True),
            ("https://demo.example/" + "a" * 280, False),
            ("http://demo.example/", False),
            ("javascript:alert(1)", False),
            ("https://", False),
            ("https://user:secret@demo.example/", False),
            ("https://demo.example/ onclick=x", False),
            ("https://[bad", False),
            (7, False),
        ],
    )
    def test_a_homepage_is_an_https_address_or_nothing(self, homepage: object, kept: bool) -> None:
        assert agent({"name": "N", "homepage": homepage}).homepage == (homepage if kept else None)

    def test_a_long_user_agent_is_cut(self) -> None:
        assert len(agent(None, {"User-Agent": "x" * 9000}).user_agent or "") == 300


class TestUserAgents:
    @pytest.mark.parametrize(
        ("text", "name", "vendor", "version"),
        [
            (
                "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
                "GPTBot",
                "OpenAI",
                "1.2",
            ),
            (
                "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; +https://openai.com/bot",
                "ChatGPT",
                "OpenAI",
                "1.0",
            ),
            (
                "Mozilla/5.0 (compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
                "ClaudeBot",
                "Anthropic",
                "1.0",
            ),
            ("Mozilla/5.0 (compatible; Claude-User/1.0)", "Claude", "Anthropic", "1.0"),
            (
                "Mozilla/5.0 (compatible; Perplexity-User/1.0; +https://perplexity.ai/perplexity-user)",
                "Perplexity",
                "Perplexity",
                "1.0",
            ),
            (
                "meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)",
                "meta-externalagent",
                "Meta",
                "1.1",
            ),
            ("gptbot", "GPTBot", "OpenAI", None),
            ("NotGPTBot/1.0", "NotGPTBot", None, "1.0"),
            ("GPTBots/1.0", "GPTBots", None, "1.0"),
            ("ExampleBot/1.0", "ExampleBot", None, "1.0"),
            ("curl/8.5.0", "curl", None, "8.5.0"),
            ("python-requests/2.32.0", "python-requests", None, "2.32.0"),
            ("ExampleBot", "ExampleBot", None, None),
            ("Mozilla/5.0 (compatible; FooBot/3.1; +https://foo.example)", "FooBot", None, "3.1"),
            (BROWSER, "Chrome", None, None),
            (BROWSER + " Edg/140.0", "Edge", None, None),
            ("Mozilla/5.0 (X11; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox", None, None),
            ("Mozilla/5.0", "Browser", None, None),
        ],
        ids=lambda value: str(value)[:30],
    )
    def test_name_their_sender(self, text: str, name: str, vendor: str | None, version: str | None) -> None:
        found = recognise(text)
        assert found is not None
        assert (found.name, found.vendor, found.version) == (name, vendor, version)

    @pytest.mark.parametrize("text", ["", "   ", "(comment)", "/1.0", "🤖"])
    def test_without_a_product_name_nobody(self, text: str) -> None:
        assert recognise(text) is None


class TestHandoffs:
    PARENT = agent(BODY)
    SIGNED_PARENT = agent(BODY, verified=SIGNED)

    def test_inherit_who_handed_over(self) -> None:
        found = agent(None, {"User-Agent": "curl/8"}, ip="198.51.100.1", handoff_parent=self.PARENT)
        assert found == replace(self.PARENT, source=Source.HANDOFF_AGENT)

    def test_with_an_agent_of_their_own_are_that_agents(self) -> None:
        found = agent({"key": "other"}, handoff_parent=self.PARENT)
        assert (found.key, found.source, found.trust) == ("other", "handoff_agent", "self_reported")
        assert found.vendor is None

    def test_do_not_carry_proof_without_a_signature(self) -> None:
        found = agent(None, handoff_parent=self.SIGNED_PARENT)
        assert (found.key, found.display_name) == (self.SIGNED_PARENT.key, self.SIGNED_PARENT.display_name)
        assert (found.trust, found.verification_method) == (
            Trust.SELF_REPORTED,
            VerificationMethod.SELF_REPORTED,
        )
        assert found.memory_key == agent().memory_key

    def test_carry_proof_with_the_parents_signature(self) -> None:
        found = agent(None, verified=SIGNED, handoff_parent=self.SIGNED_PARENT)
        assert found == replace(self.SIGNED_PARENT, source=Source.HANDOFF_AGENT)

    def test_signed_by_somebody_else_are_his(self) -> None:
        other = replace(SIGNED, keyid="o" * 43, signature_agent="https://other.example")
        found = agent(None, verified=other, handoff_parent=self.SIGNED_PARENT)
        assert (found.key, found.memory_key) == ("https://other.example", "verified:" + "o" * 43)
        assert (found.trust, found.source) == (Trust.VERIFIED_SIGNED, Source.HANDOFF_AGENT)

    def test_with_a_loose_signature_are_loosely_signed(self) -> None:
        found = agent(None, verified=LOOSELY_SIGNED, handoff_parent=self.SIGNED_PARENT)
        assert (found.trust, found.memory_key) == (Trust.SIGNED_DIRECTORY_ONLY, "vendor:bot-example")

    def test_that_lost_their_proof_get_it_back_with_a_signature(self) -> None:
        child = agent(None, handoff_parent=self.SIGNED_PARENT)
        found = agent(None, verified=SIGNED, handoff_parent=child)
        assert (found.trust, found.memory_key) == (Trust.VERIFIED_SIGNED, PRIVATE_NOTES)


any_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
names = st.sampled_from(
    ["key", "agentKey", "agentId", "clientId", "name", "vendor", "model", "version", "homepage"]
)
header_names = st.sampled_from(
    ["User-Agent", "Signature-Agent", "Signature", "X-RTRVR-Agent-Id", "X-Client-Id"]
)


@given(
    st.dictionaries(names, any_value | st.text(st.characters(), max_size=400)),
    st.dictionaries(header_names, st.text(st.characters())),
    st.text(),
    st.none() | st.just(SIGNED) | st.just(LOOSELY_SIGNED),
)
def test_whatever_is_said_gives_a_record_of_clean_short_lines(
    body: dict[str, Any], headers: dict[str, str], ip: str, verified: VerifiedSignature | None
) -> None:
    found = agent(body, headers, ip=ip, verified=verified)
    for name, value in found.as_wire().items():
        assert value, name
        assert not any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in value), name
        assert len(value) <= 300
    assert len(found.key) <= 128
    assert found.memory_key.partition(":")[0] in {"verified", "self", "vendor", "anon"}
    assert (found.memory_key == PRIVATE_NOTES) is (verified == SIGNED)
