"""Signatures of requests: what they must say, and what they must not survive."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import HTTPMessageVerifier, InvalidSignature, MappingKeyResolver, algorithms
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.http_signatures import (
    Claim,
    MemoryNonces,
    SignedRequest,
    check_claim,
    signature_claims,
)
from tasks.core.signature_keys import InvalidDirectory, read_directory, thumbprint
from tasks.core.signature_verdicts import Reason, SignatureFailed, VerifiedSignature
from tests.tasks.signing import AGENT, BODY, CREATED, KEY, KEYID, OTHER_KEY, Signer, digest, jwk, with_field

NOW = datetime.fromtimestamp(CREATED + 10, UTC)
PUBLIC = KEY.public_key()
STANDARD_KEYID = "poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U"  # RFC 9421 B.1.4
STANDARD_KEY = Ed25519PublicKey.from_public_bytes(
    base64.urlsafe_b64decode("JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs=")
)
GET = {
    "method": "GET",
    "body": b"",
    "covered": ('"@method"', '"@authority"', '"@path"', '"signature-agent";key="sig1"'),
}


def claim(request: SignedRequest, **options: Any) -> Claim:
    (found,) = signature_claims(request, **{"now": NOW, **options})
    assert isinstance(found, Claim), found
    return found


def refusal(request: SignedRequest, **options: Any) -> Reason:
    (found,) = signature_claims(request, **{"now": NOW, **options})
    assert isinstance(found, SignatureFailed), found
    return found.reason


def verdict(
    request: SignedRequest, key: Ed25519PublicKey = PUBLIC, **options: Any
) -> VerifiedSignature | Reason:
    """What both steps come to."""
    (found,) = signature_claims(request, **{"now": NOW, **options})
    if isinstance(found, Claim):
        checked = check_claim(request, found, key)
        return checked.reason if isinstance(checked, SignatureFailed) else checked
    return found.reason


class TestAGoodSignature:
    def test_says_who_signed_the_whole_request(self) -> None:
        directory = "https://bot.example/.well-known/http-message-signatures-directory"
        expected = VerifiedSignature(keyid=KEYID, signature_agent=AGENT, directory_url=directory)
        assert verdict(Signer().request()) == expected

    def test_names_where_its_key_is_before_any_key_is_known(self) -> None:
        found = claim(Signer().request())
        assert (found.keyid, found.directory_url.startswith(AGENT)) == (KEYID, True)

    def test_of_a_published_example_made_elsewhere(self) -> None:
        request = SignedRequest(
            method="POST",
            url="https://rover.test/v1/tasks",
            headers=(
                ("Content-Digest", "sha-256=:oeXgYUizkXg3Pi7cTGDWv+PJbxAYvrfi92G3I9Q4Qm4=:"),
                ("Signature-Agent", 'sig1="https://signature-agent.test"'),
                (
                    "Signature-Input",
                    'sig1=("@method" "@authority" "@path" "content-digest" "signature-agent";key="sig1")'
                    f';created=1790000000;expires=1790000300;keyid="{STANDARD_KEYID}";alg="ed25519"'
                    ';nonce="MDEyMzQ1Njc4OWFiY2RlZg==";tag="web-bot-auth"',
                ),
                (
                    "Signature",
                    "sig1=:NltKOXumKT55h5goT5P2Nrz9iDh3Z8r8peDvz9ErAzrlN7i3xllwX/7DNPecOgnQeu43OFms3RhHgPNy9LuNDA==:",
                ),
            ),
            body=BODY,
        )
        found = verdict(request, STANDARD_KEY, refused_keys=())
        assert isinstance(found, VerifiedSignature) and found.binds_request

    def test_of_the_web_bot_auth_draft_with_the_older_bare_string(self) -> None:
        # draft-meunier-web-bot-auth-architecture A.2.2, whose clock is 2025-01-01
        request = SignedRequest(
            method="GET",
            url="https://example.com/",
            headers=(
                ("Signature-Agent", '"https://signature-agent.test"'),
                (
                    "Signature-Input",
                    'sig2=("@authority" "signature-agent");created=1735689600'
                    f';keyid="{STANDARD_KEYID}";alg="ed25519";expires=1735693200'
                    ';nonce="e8N7S2MFd/qrd6T2R3tdfAuuANngKI7LFtKYI/vowzk4lAZYadIX6wW25MwG7DCT9RUKAJ0qVkU0mEeLElW1qg=="'
                    ';tag="web-bot-auth"',
                ),
                (
                    "Signature",
                    "sig2=:jdq0SqOwHdyHr9+r5jw3iYZH6aNGKijYp/EstF4RQTQdi5N5YYKrD+mCT1HA1nZDsi6nJKuHxUi/5Syp3rLWBA==:",
                ),
            ),
        )
        now = datetime.fromtimestamp(1735689660, UTC)
        found = verdict(request, STANDARD_KEY, now=now, refused_keys=())
        assert isinstance(found, VerifiedSignature)
        assert (found.signature_agent, found.binds_request) == ("https://signature-agent.test", False)

    @pytest.mark.parametrize(
        "signer",
        [
            Signer(
                url="https://rover.test/v1/tasks?a=%20b",
                covered=('"@method"', '"@target-uri"', '"content-digest"', '"signature-agent";key="sig1"'),
            ),
            Signer(
                url="https://rover.test/v1/tasks?a=1",
                covered=(
                    '"@method"',
                    '"@authority"',
                    '"@path"',
                    '"@query"',
                    '"content-digest"',
                    '"signature-agent";key="sig1"',
                ),
            ),
            Signer(
                url="https://rover.test/v1/tasks?a=1",
                covered=(
                    '"@method"',
                    '"@authority"',
                    '"@request-target"',
                    '"content-digest"',
                    '"signature-agent";key="sig1"',
                ),
            ),
            Signer(**GET),  # type: ignore[arg-type]
        ],
        ids=["target-uri", "path and query", "request-target", "no body"],
    )
    def test_binds_the_request_by_each_way_to_cover_its_target(self, signer: Signer) -> None:
        found = verdict(signer.request())
        assert isinstance(found, VerifiedSignature) and found.binds_request

    @pytest.mark.parametrize("missing", ['"@method"', '"@path"', '"content-digest"'])
    def test_that_leaves_a_part_of_the_request_open_does_not_bind_it(self, missing: str) -> None:
        covered = tuple(name for name in Signer().covered if name != missing)
        found = verdict(Signer(covered=covered).request())
        assert isinstance(found, VerifiedSignature) and not found.binds_request

    def test_that_leaves_the_query_open_does_not_bind_it(self) -> None:
        found = verdict(Signer(url="https://rover.test/v1/tasks?a=1").request())
        assert isinstance(found, VerifiedSignature) and not found.binds_request

    def test_reaches_over_a_default_port_and_letters_of_the_host(self) -> None:
        request = replace(Signer().request(), url="https://ROVER.test:443/v1/tasks")
        assert isinstance(verdict(request), VerifiedSignature)

    def test_covers_a_field_that_was_sent_in_two_lines(self) -> None:
        signer = Signer(covered=(*Signer().covered, '"x-note"'), values={'"x-note"': "a, b"})
        request = signer.request()
        request = replace(request, headers=(*request.headers, ("X-Note", " a"), ("x-note", "b ")))
        assert isinstance(verdict(request), VerifiedSignature)

    def test_may_stand_beside_the_signature_of_a_proxy(self) -> None:
        request = Signer().request()
        fields = dict(request.headers)
        request = with_field(
            request, "Signature-Input", f'proxy=("@path");created=1, {fields["Signature-Input"]}'
        )
        request = with_field(request, "Signature", f"proxy=:AAAA:, {fields['Signature']}")
        assert isinstance(verdict(request), VerifiedSignature)

    def test_may_use_the_longer_digest(self) -> None:
        value = f"sha-512=:{base64.b64encode(hashlib.sha512(BODY).digest()).decode()}:"
        request = with_field(Signer(values={'"content-digest"': value}).request(), "Content-Digest", value)
        found = verdict(request)
        assert isinstance(found, VerifiedSignature) and found.binds_request


class TestTheExampleOfTheStandard:
    """RFC 9421 B.2.6, Ed25519: right as a signature, and not enough for us."""

    REQUEST = SignedRequest(
        method="POST",
        url="https://example.com/foo?param=Value&Pet=dog",
        headers=(
            ("Host", "example.com"),
            ("Date", "Tue, 20 Apr 2021 02:07:55 GMT"),
            ("Content-Type", "application/json"),
            (
                "Content-Digest",
                "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
            ),
            ("Content-Length", "18"),
            (
                "Signature-Input",
                'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length")'
                ';created=1618884473;keyid="test-key-ed25519"',
            ),
            (
                "Signature",
                "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:",
            ),
        ),
        body=b'{"hello": "world"}',
    )

    @dataclass
    class Message:
        method: str
        url: str
        headers: dict[str, str]

    def verify(self, **changes: str) -> None:
        verifier = HTTPMessageVerifier(
            signature_algorithm=algorithms.ED25519,
            key_resolver=MappingKeyResolver(public_keys={"test-key-ed25519": STANDARD_KEY}, private_keys={}),
        )
        fields = {**dict(self.REQUEST.headers), **{key.title(): value for key, value in changes.items()}}
        method, url = changes.get("method", self.REQUEST.method), changes.get("url", self.REQUEST.url)
        verifier.verify(self.Message(method, url, fields), max_age=None)

    def test_the_library_below_rebuilds_it_to_the_byte(self) -> None:
        self.verify()

    @pytest.mark.parametrize(
        "change",
        [{"date": "Tue, 20 Apr 2021 02:07:56 GMT"}, {"method": "PUT"}, {"url": "https://example.com/fo"}],
        ids=str,
    )
    def test_and_notices_a_change(self, change: dict[str, str]) -> None:
        with pytest.raises(InvalidSignature):
            self.verify(**change)

    def test_here_it_is_no_proof_for_it_was_made_for_another_use(self) -> None:
        assert refusal(self.REQUEST, now=datetime.fromtimestamp(1618884473, UTC)) is Reason.OTHER_TAG


class TestTampering:
    """Each change is made after signing."""

    CHANGES: dict[str, tuple[Callable[[SignedRequest], SignedRequest], Reason]] = {
        "method": (lambda r: replace(r, method="PUT"), Reason.BAD_SIGNATURE),
        "method in small letters": (lambda r: replace(r, method="post"), Reason.MALFORMED),
        "path": (lambda r: replace(r, url="https://rover.test/v1/workflows"), Reason.BAD_SIGNATURE),
        "host": (lambda r: replace(r, url="https://other.test/v1/tasks"), Reason.BAD_SIGNATURE),
        "port": (lambda r: replace(r, url="https://rover.test:8443/v1/tasks"), Reason.BAD_SIGNATURE),
        "body": (lambda r: replace(r, body=BODY.replace(b"latest", b"oldest")), Reason.DIGEST_MISMATCH),
        "body dropped": (lambda r: replace(r, body=b""), Reason.DIGEST_MISMATCH),
        "body and digest": (
            lambda r: with_field(replace(r, body=b"{}"), "Content-Digest", digest(b"{}")),
            Reason.BAD_SIGNATURE,
        ),
        "agent": (
            lambda r: with_field(r, "Signature-Agent", 'sig1="https://evil.example"'),
            Reason.BAD_SIGNATURE,
        ),
        "covered field removed": (
            lambda r: replace(r, headers=tuple(f for f in r.headers if f[0] != "Content-Digest")),
            Reason.MALFORMED,
        ),
        "covered field sent again": (
            lambda r: replace(r, headers=(*r.headers, ("Content-Digest", digest(b"{}")))),
            Reason.BAD_SIGNATURE,
        ),
        "longer life": (
            lambda r: with_field(
                r, "Signature-Input", dict(r.headers)["Signature-Input"].replace("0300", "0600")
            ),
            Reason.BAD_SIGNATURE,
        ),
        "other nonce": (
            lambda r: with_field(
                r, "Signature-Input", dict(r.headers)["Signature-Input"].replace("MDEy", "MDEz")
            ),
            Reason.BAD_SIGNATURE,
        ),
        "parameters in another order": (
            lambda r: with_field(
                r,
                "Signature-Input",
                dict(r.headers)["Signature-Input"].replace(';alg="ed25519"', "") + ';alg="ed25519"',
            ),
            Reason.BAD_SIGNATURE,
        ),
        "components in another order": (
            lambda r: with_field(
                r,
                "Signature-Input",
                dict(r.headers)["Signature-Input"].replace(
                    '"@method" "@authority"', '"@authority" "@method"'
                ),
            ),
            Reason.BAD_SIGNATURE,
        ),
        "a byte of the signature": (
            lambda r: with_field(r, "Signature", "sig1=:" + base64.b64encode(bytes(64)).decode() + ":"),
            Reason.BAD_SIGNATURE,
        ),
        "a short signature": (lambda r: with_field(r, "Signature", "sig1=:AAAA:"), Reason.BAD_SIGNATURE),
    }

    @pytest.mark.parametrize("change", CHANGES)
    def test_is_noticed(self, change: str) -> None:
        alter, reason = self.CHANGES[change]
        assert verdict(alter(Signer().request())) is reason

    def test_another_key_did_not_sign(self) -> None:
        assert verdict(Signer().request(), OTHER_KEY.public_key()) is Reason.BAD_SIGNATURE

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda base: base + "\n",
            lambda base: base.replace("\n", "\r\n"),
            lambda base: base.replace(": POST", ": post"),
        ],
        ids=["line end at the end", "CRLF", "method in small letters"],
    )
    def test_a_base_built_otherwise_is_another(self, spoil: Callable[[str], str]) -> None:
        signer = Signer()
        signature = base64.b64encode(KEY.sign(spoil(signer.base()).encode())).decode()
        assert (
            verdict(with_field(signer.request(), "Signature", f"sig1=:{signature}:")) is Reason.BAD_SIGNATURE
        )

    def test_a_path_with_its_query_is_not_the_path(self) -> None:
        url = "https://rover.test/v1/tasks?a=1"
        signer = Signer(url=url, values={'"@path"': "/v1/tasks?a=1"})
        assert verdict(signer.request()) is Reason.BAD_SIGNATURE

    def test_a_default_port_is_no_part_of_the_authority(self) -> None:
        signer = Signer(values={'"@authority"': "rover.test:443"})
        assert verdict(signer.request()) is Reason.BAD_SIGNATURE


class TestWhatASignatureMustSay:
    def test_a_request_without_one_claims_nothing(self) -> None:
        request = SignedRequest(
            method="GET", url="https://rover.test/", headers=(("Signature-Agent", "ExampleBot"),)
        )
        assert signature_claims(request, now=NOW) == ()

    @pytest.mark.parametrize(
        ("parameters", "reason"),
        [
            ({"tag": None}, Reason.OTHER_TAG),
            ({"tag": '"another-use"'}, Reason.OTHER_TAG),
            ({"tag": "web-bot-auth"}, Reason.OTHER_TAG),
            ({"keyid": None}, Reason.NO_KEY_ID),
            ({"keyid": '"my-key"'}, Reason.NO_KEY_ID),
            ({"keyid": '"' + "ä" * 43 + '"'}, Reason.MALFORMED),
            ({"keyid": f'"{STANDARD_KEYID}"'}, Reason.TEST_KEY),
            ({"alg": '"rsa-pss-sha512"'}, Reason.UNSUPPORTED_ALGORITHM),
            ({"alg": '"ecdsa-p256-sha256"'}, Reason.UNSUPPORTED_ALGORITHM),
            ({"alg": '"hmac-sha256"'}, Reason.UNSUPPORTED_ALGORITHM),
            ({"alg": "?1"}, Reason.UNSUPPORTED_ALGORITHM),
            ({"created": None}, Reason.NO_TIMES),
            ({"expires": None}, Reason.NO_TIMES),
            ({"created": f'"{CREATED}"'}, Reason.NO_TIMES),
            ({"expires": f"{CREATED}.5"}, Reason.NO_TIMES),
            ({"created": "?1"}, Reason.NO_TIMES),
            ({"nonce": '""'}, Reason.MALFORMED),
            ({"nonce": '"' + "n" * 257 + '"'}, Reason.MALFORMED),
            ({"nonce": "7"}, Reason.MALFORMED),
        ],
        ids=str,
    )
    def test_parameters(self, parameters: dict[str, str | None], reason: Reason) -> None:
        assert refusal(Signer(parameters=parameters).request()) is reason

    def test_the_algorithm_may_be_left_to_the_key(self) -> None:
        assert isinstance(verdict(Signer(parameters={"alg": None}).request()), VerifiedSignature)

    def test_a_parameter_that_the_standard_does_not_know_is_refused(self) -> None:
        assert verdict(Signer(parameters={"x": "1"}).request()) is Reason.MALFORMED

    @pytest.mark.parametrize(
        ("covered", "reason"),
        [
            (
                ('"@method"', '"@path"', '"content-digest"', '"signature-agent";key="sig1"'),
                Reason.NOT_COVERED,
            ),
            (('"@method"', '"@authority"', '"@path"', '"content-digest"'), Reason.NOT_COVERED),
            ((), Reason.NOT_COVERED),
        ],
        ids=["no server", "no agent", "nothing"],
    )
    def test_components(self, covered: tuple[str, ...], reason: Reason) -> None:
        assert refusal(Signer(covered=covered).request()) is reason

    @pytest.mark.parametrize(
        "component", ['"@status"', '"@unknown"', '"x-absent"', '"@method";req', '"X-Note"', "token"]
    )
    def test_a_component_that_cannot_be_rebuilt_is_named_malformed(self, component: str) -> None:
        signer = Signer(covered=(*Signer().covered, component), values={component: "POST"})
        assert verdict(signer.request()) is Reason.MALFORMED

    def test_a_component_twice_is_malformed(self) -> None:
        assert verdict(Signer(covered=(*Signer().covered, '"@method"')).request()) is Reason.MALFORMED

    def test_more_components_than_anybody_needs_are_refused(self) -> None:
        covered = tuple(f'"x-{number}"' for number in range(33))
        values = dict.fromkeys(covered, "")
        assert refusal(Signer(covered=covered, values=values).request()) is Reason.TOO_LARGE

    @pytest.mark.parametrize("url", ["http://rover.test/v1/tasks", "http://10.0.0.7/v1/tasks"])
    def test_it_came_over_https(self, url: str) -> None:
        assert refusal(Signer(url=url).request()) is Reason.PLAIN_HTTP

    def test_on_the_machine_itself_it_needs_no_https(self) -> None:
        assert isinstance(verdict(Signer(url="http://127.0.0.1:8000/v1/tasks").request()), VerifiedSignature)


class TestTimes:
    @pytest.mark.parametrize(
        ("at", "expected"),
        [
            (CREATED - 1000, Reason.NOT_YET_VALID),
            (CREATED - 301, Reason.NOT_YET_VALID),
            (CREATED - 300, None),
            (CREATED, None),
            (CREATED + 299, None),
            (CREATED + 300, Reason.EXPIRED),
            (CREATED + 400, Reason.EXPIRED),
        ],
    )
    def test_the_clock_of_a_signer_may_be_five_minutes_ahead_and_nothing_outlives_its_end(
        self, at: int, expected: Reason | None
    ) -> None:
        found = verdict(Signer().request(), now=datetime.fromtimestamp(at, UTC))
        assert (found if isinstance(found, Reason) else None) is expected

    @pytest.mark.parametrize(
        ("lifetime", "expected"),
        [(3600, None), (3601, Reason.LIFETIME_TOO_LONG), (10**12, Reason.LIFETIME_TOO_LONG)],
    )
    def test_it_lives_an_hour_at_most(self, lifetime: int, expected: Reason | None) -> None:
        found = verdict(Signer(parameters={"expires": str(CREATED + lifetime)}).request())
        assert (found if isinstance(found, Reason) else None) is expected

    def test_it_cannot_end_before_it_begins(self) -> None:
        early = {"created": str(CREATED + 100), "expires": str(CREATED + 50)}
        assert refusal(Signer(parameters=early).request()) is Reason.LIFETIME_TOO_LONG


class TestWhoseKeyItIs:
    @pytest.mark.parametrize(
        "agent",
        [
            "ExampleBot",
            "examplebot",
            'sig1=("https://bot.example")',
            "sig1=?1",
            'sig1="bot.example"',
            'sig1="http://bot.example"',
            'sig1="https://bot.example/keys"',
            'sig1="https://bot.example/?a"',
            'sig1="https://bot.example/#a"',
            'sig1="https://user@bot.example"',
            'sig1="ftp://bot.example"',
            'sig1="data:application/json,{}"',
            'sig1="https://bot.example";type=jwks_uri',
            'sig1="https://bot.example";type="cimd"',
            'other="https://bot.example"',
            '"https://bot.example"',
            "sig1=",
        ],
    )
    def test_an_agent_that_is_no_origin_is_not_looked_up(self, agent: str) -> None:
        assert refusal(Signer(agent=agent).request()) is Reason.BAD_AGENT

    def test_no_agent_no_key(self) -> None:
        assert refusal(Signer(agent=None).request()) is Reason.NO_AGENT

    def test_only_the_member_that_is_covered_counts(self) -> None:
        agents = f'evil="https://evil.example", sig1="{AGENT}"'
        assert claim(Signer(agent=agents).request()).signature_agent == AGENT

    def test_a_covered_member_may_have_another_name_than_the_signature(self) -> None:
        component = '"signature-agent";key="mine"'
        signer = Signer(
            agent=f'mine="{AGENT}"',
            covered=('"@authority"', component),
            values={component: f'"{AGENT}"'},
        )
        assert isinstance(verdict(signer.request()), VerifiedSignature)

    def test_two_covered_members_leave_open_who_signed(self) -> None:
        second = '"signature-agent";key="b"'
        signer = Signer(
            agent=f'sig1="{AGENT}", b="https://b.example"',
            covered=(*Signer().covered, second),
            values={second: '"https://b.example"'},
        )
        assert refusal(signer.request()) is Reason.BAD_AGENT

    @pytest.mark.parametrize(
        "agent", [f'"{AGENT}"', f'mine="{AGENT}"', f'other="https://b.example", sig1="{AGENT}"']
    )
    def test_a_field_covered_whole_has_one_meaning(self, agent: str) -> None:
        signer = Signer(agent=agent, covered=('"@authority"', '"signature-agent"'))
        found = verdict(signer.request())
        assert isinstance(found, VerifiedSignature) and found.signature_agent == AGENT


class TestHostileFields:
    @pytest.mark.parametrize(
        ("name", "value", "reason"),
        [
            ("Signature-Input", "", Reason.OTHER_TAG),
            ("Signature-Input", "sig1", Reason.OTHER_TAG),
            ("Signature-Input", 'sig1=("@method"', Reason.MALFORMED),
            ("Signature-Input", 'sig1="@method";tag="web-bot-auth"', Reason.MALFORMED),
            ("Signature-Input", 'sig1=();tag="web-bot-auth", sig1=();tag="web-bot-auth"', Reason.MALFORMED),
            ("Signature-Input", 'sig1=();tag="a";tag="web-bot-auth"', Reason.MALFORMED),
            ("Signature-Input", "sig1=(\xff)", Reason.MALFORMED),
            ("Signature-Input", "(" * 4000, Reason.MALFORMED),
            ("Signature-Input", "a" * 5000, Reason.TOO_LARGE),
            ("Signature-Input", ", ".join(f"s{number}=()" for number in range(9)), Reason.TOO_LARGE),
            ("Signature", "a" * 5000, Reason.TOO_LARGE),
            ("Signature", "sig1=abc", Reason.MALFORMED),
            ("Signature", "other=:AAAA:", Reason.MALFORMED),
            ("Signature", "sig1=:A*A:", Reason.MALFORMED),
            ("Signature-Agent", "a" * 5000, Reason.TOO_LARGE),
        ],
    )
    def test_get_a_reason(self, name: str, value: str, reason: Reason) -> None:
        assert refusal(with_field(Signer().request(), name, value)) is reason

    @pytest.mark.parametrize("name", ["Signature", "Signature-Input"])
    def test_one_field_without_the_other_is_malformed(self, name: str) -> None:
        request = Signer().request()
        request = replace(request, headers=tuple(pair for pair in request.headers if pair[0] != name))
        assert refusal(request) is Reason.MALFORMED

    def test_more_than_two_signatures_with_our_tag_are_refused(self) -> None:
        request = Signer().request()
        inputs = ", ".join(f"s{number}={Signer().input()}" for number in range(3))
        assert refusal(with_field(request, "Signature-Input", inputs)) is Reason.TOO_LARGE

    @pytest.mark.parametrize(
        "url", ["https://rover.test/v1/tä", "https://rover.test/a b", "https://rover.test/%zz"]
    )
    def test_a_target_that_was_not_encoded_cannot_be_rebuilt(self, url: str) -> None:
        assert verdict(replace(Signer().request(), url=url)) is Reason.MALFORMED

    @pytest.mark.parametrize(
        "value", ["", "sha-256=:AAAA:", "md5=:AAAA:", "sha-256=abc", f"{digest(BODY)}, sha-512=:AAAA:"]
    )
    def test_a_digest_that_does_not_fit_is_no_digest_even_if_signed(self, value: str) -> None:
        signer = Signer(values={'"content-digest"': value})
        request = with_field(signer.request(), "Content-Digest", value)
        assert verdict(request) is Reason.DIGEST_MISMATCH

    @given(
        st.text(st.characters(codec="latin-1"), max_size=80),
        st.text(st.characters(codec="latin-1"), max_size=80),
        st.text(st.characters(codec="latin-1"), max_size=80),
    )
    def test_no_text_breaks_it(self, signature: str, tail: str, agent: str) -> None:
        request = SignedRequest(
            method="POST",
            url="https://rover.test/v1/tasks",
            headers=(
                ("Signature", signature),
                ("Signature-Input", f'{Signer.label}=("@method"{tail}'),
                ("Signature-Agent", agent),
            ),
        )
        for found in signature_claims(request, now=NOW):
            assert isinstance(found, Claim | SignatureFailed)


class TestOnce:
    def test_a_signature_with_a_nonce_is_known_by_it(self) -> None:
        assert claim(Signer().request()).replay_token == "n:MDEyMzQ1Njc4OWFiY2RlZg=="

    def test_one_without_is_known_by_itself(self) -> None:
        one = claim(Signer(parameters={"nonce": None}).request())
        same = claim(Signer(parameters={"nonce": None}).request())
        other = claim(Signer(parameters={"nonce": None}, body=b"{}").request())
        assert one.replay_token == same.replay_token != other.replay_token

    def test_one_without_that_binds_no_request_may_be_sent_with_many(self) -> None:
        signer = Signer(parameters={"nonce": None}, covered=('"@authority"', '"signature-agent";key="sig1"'))
        assert claim(signer.request()).replay_token is None

    async def test_nonces_are_remembered_by_key_until_they_expire(self) -> None:
        nonces = MemoryNonces()
        end = NOW + timedelta(minutes=5)
        assert await nonces.remember(keyid="a", nonce="1", expires=end, now=NOW)
        assert not await nonces.remember(keyid="a", nonce="1", expires=end, now=NOW)
        assert await nonces.remember(keyid="b", nonce="1", expires=end, now=NOW)
        assert await nonces.remember(keyid="a", nonce="1", expires=end, now=end)

    async def test_a_full_memory_takes_no_new_ones_until_some_expire(self) -> None:
        nonces = MemoryNonces(capacity=1)
        end = NOW + timedelta(minutes=5)
        assert await nonces.remember(keyid="a", nonce="1", expires=end, now=NOW)
        assert not await nonces.remember(keyid="a", nonce="2", expires=end, now=NOW)
        assert await nonces.remember(keyid="a", nonce="2", expires=end, now=end)


class TestKeys:
    def test_the_thumbprint_is_that_of_rfc_8037(self) -> None:
        assert thumbprint(PUBLIC) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"

    def test_the_thumbprint_is_that_of_the_key_in_rfc_9421(self) -> None:
        assert thumbprint(STANDARD_KEY) == STANDARD_KEYID

    def test_a_directory_is_read_by_thumbprints_whatever_it_calls_its_keys(self) -> None:
        document = {"keys": [jwk(kid="mine"), jwk(OTHER_KEY, use="sig", alg="EdDSA")], "purpose": "x"}
        found = read_directory(json.dumps(document).encode())
        assert set(found) == {KEYID, thumbprint(OTHER_KEY.public_key())}

    @pytest.mark.parametrize(
        "unusable",
        [
            jwk(use="enc"),
            jwk(alg="ES256"),
            jwk(d="n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU"),
            jwk(nbf="soon"),
            jwk(exp=True),
            {**jwk(), "crv": "X25519"},
            {**jwk(), "kty": "EC"},
            {**jwk(), "x": "AAAA"},
            {**jwk(), "x": 7},
            {**jwk(), "x": jwk()["x"][:-1] + "="},
            {**jwk(), "x": "*" * 43},
            {**jwk(), "x": "A" * 42 + "B"},
            "text",
            None,
        ],
        ids=str,
    )
    def test_a_key_that_cannot_be_used_is_left_out(self, unusable: object) -> None:
        document = json.dumps({"keys": [unusable, jwk(OTHER_KEY)]}).encode()
        assert list(read_directory(document)) == [thumbprint(OTHER_KEY.public_key())]

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<html>",
            b"[]",
            b"{}",
            b'{"keys": {}}',
            b"\xff\xfe",
            b"[" * 60_000,
            b'{"keys": [' + b"9" * 5000 + b"]}",
            json.dumps({"keys": [jwk()] * 65}).encode(),
            b" " * 70_000,
        ],
        ids=lambda body: repr(body[:20]),
    )
    def test_what_is_no_directory_is_refused_whole(self, body: bytes) -> None:
        with pytest.raises(InvalidDirectory):
            read_directory(body)

    @pytest.mark.parametrize(
        ("bounds", "is_valid"),
        [
            ({}, True),
            ({"nbf": CREATED + 10}, True),
            ({"nbf": CREATED + 11}, False),
            ({"exp": CREATED + 11}, True),
            ({"exp": CREATED + 10}, False),
            ({"nbf": float("nan")}, False),
            ({"exp": 10**300}, True),
        ],
        ids=str,
    )
    def test_a_key_is_good_within_its_bounds(self, bounds: dict[str, Any], is_valid: bool) -> None:
        found = read_directory(json.dumps({"keys": [jwk(**bounds)]}).encode())
        assert found[KEYID].is_valid_at(NOW) is is_valid
