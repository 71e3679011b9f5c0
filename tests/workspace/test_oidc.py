"""JWTs of an OpenID Connect issuer beside owner tokens: which are good, whom they name, whom they trouble."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import connection
from django.test import Client
from django.utils import timezone
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from pytest_django import Settings

from rover_site.conf import ConfigurationError, RoverConf, read
from tasks.streaming.hub import StreamLimits
from tests.tasks import streaming_fixtures
from tests.tasks.streaming_fixtures import (
    World,
    append,
    in_database,
    make_owner,
    make_task,
    running_task,
    until,
)
from tests.tasks.test_streaming_access import answer
from tests.workspace.issuer import (
    AUDIENCE,
    DISCOVERY,
    KEYS,
    Handler,
    LoopbackIssuer,
    Misbehave,
    loopback_issuer,
    part,
    private_key,
    public_jwk,
    say,
)
from workspace.bearer import Bearer, bearer_token
from workspace.core.credentials import InvalidToken
from workspace.core.oidc import (
    MAX_CHARACTERS,
    Claimed,
    Flaw,
    Header,
    IdentityTaken,
    InvalidIdentity,
    InvalidJwt,
    IssuerUnavailable,
    UnknownOwner,
    fits,
    header_read,
    usernames,
)
from workspace.core.tokens import Scope
from workspace.io import oidc
from workspace.io.oidc import KeyRing, configured_issuer, key_source
from workspace.models import AuditEntry, OidcIdentity, User
from workspace.services.audit import COMMAND_LINE
from workspace.services.identities import identity_link
from workspace.services.owners import owner_create, owner_token_create

world = streaming_fixtures.world
closed = streaming_fixtures.closed
limits = streaming_fixtures.limits

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
Call = Callable[..., Bearer]


@pytest.fixture
def issuer() -> Iterator[LoopbackIssuer]:
    with loopback_issuer() as issuer:
        yield issuer
    configured_issuer.cache_clear()


@pytest.fixture
def configure(issuer: LoopbackIssuer, settings: Settings) -> Callable[..., None]:
    """Let the server trust the issuer; arguments are settings without `oidc_`."""

    def configure(**changes: Any) -> None:
        wanted = {
            "issuer": issuer.url,
            "audience": AUDIENCE,
            "jwks": issuer.jwks_url,
            "signup": True,
        } | changes
        known = settings.ROVER.model_dump()
        settings.ROVER = RoverConf.model_validate(
            known | {f"oidc_{name}": value for name, value in wanted.items()}
        )

    return configure


@pytest.fixture
def trusted(configure: Callable[..., None]) -> None:
    configure()


def call(token: str, now: datetime = NOW) -> Bearer:
    return bearer_token(f"Bearer {token}", now=now)


def refusal(token: str, now: datetime = NOW) -> str:
    """The words of the challenge to a token that is not good."""
    with pytest.raises(InvalidToken) as caught:
        call(token, now)
    before, _, words = caught.value.challenge.partition(', error_description="')
    assert before == 'Bearer realm="rover", error="invalid_token"'
    assert words.removesuffix('"') == (caught.value.message if words else "")
    return caught.value.message


@pytest.mark.django_db
@pytest.mark.usefixtures("trusted")
class TestWhichAreGood:
    @pytest.mark.parametrize("alg", ["RS256", "RS384", "RS512", "ES256", "ES384", "EdDSA"])
    def test_one_signed_by_a_published_key_has_every_scope(self, issuer: LoopbackIssuer, alg: str) -> None:
        bearer = call(issuer.sign(issuer.claims(NOW), alg=alg))

        assert bearer.scopes == {"manage", "read", "fetch"}
        assert (bearer.token_id, bearer.owner_id) == (None, OidcIdentity.objects.get().owner_id)

    @pytest.mark.parametrize(
        "changes",
        [
            {"aud": ["another", AUDIENCE]},
            {"iat": None},
            {"nbf": NOW.timestamp() + 60, "iat": NOW.timestamp() + 60},
            {"exp": NOW.timestamp() + 0.5},
            {"exp": 10**400},
            {"sub": "x" * 255},
            {"sub": "ø|auth0|'; --"},
        ],
    )
    def test_claims_at_the_edge_are_good(self, issuer: LoopbackIssuer, changes: dict[str, Any]) -> None:
        call(issuer.sign(issuer.claims(NOW, **changes)))

        assert OidcIdentity.objects.get().subject == changes.get("sub", "subject-1")

    @pytest.mark.parametrize("typ", ["JWT", "jwt", "at+jwt", "application/at+jwt", None])
    def test_types_of_access_and_identity_tokens_are_good(
        self, issuer: LoopbackIssuer, typ: str | None
    ) -> None:
        assert call(issuer.sign(issuer.claims(NOW), typ=typ or "")).owner.is_staff

    def test_an_owner_token_is_good_beside_them_and_asks_nobody(self, issuer: LoopbackIssuer) -> None:
        owner = owner_create(username="mara", password=None)
        token = owner_token_create(owner=owner, name="script", scopes=[Scope.READ], now=NOW)

        bearer = call(token)

        assert (bearer.owner, set(bearer.scopes), bearer.identity_id) == (owner, {"read"}, None)
        assert not issuer.requests

    def test_one_without_a_key_id_is_good_when_one_key_fits(self, issuer: LoopbackIssuer) -> None:
        token = issuer.sign(issuer.claims(NOW), alg="ES256", kid="none").split(".")
        header = part({"alg": "ES256"})
        signed = resigned(f"{header}.{token[1]}", "p256")

        assert call(signed).identity_id
        issuer.published.append(public_jwk("p256-other"))
        configured_issuer.cache_clear()
        assert refusal(signed) == Flaw.SIGNATURE

    def test_one_of_the_greatest_length_is_good(self, issuer: LoopbackIssuer) -> None:
        claims = issuer.claims(NOW)
        for size in range(11_000, 13_000):
            if len(token := issuer.sign(claims | {"pad": "x" * size}, alg="EdDSA")) >= MAX_CHARACTERS - 1:
                break

        assert len(token) <= MAX_CHARACTERS
        assert call(token).identity_id


def resigned(signed: str, key: str) -> str:
    """Two parts with an EC signature behind them, whatever they say."""
    algorithm = ECAlgorithm(ECAlgorithm.SHA256)
    return f"{signed}.{part(algorithm.sign(signed.encode(), private_key(key)))}"


@pytest.mark.django_db
@pytest.mark.usefixtures("trusted")
class TestWhichAreRefused:
    @pytest.mark.parametrize(
        ("changes", "flaw"),
        [
            ({"exp": NOW.timestamp() - 3600}, Flaw.EXPIRED),
            ({"exp": NOW.timestamp()}, Flaw.EXPIRED),
            ({"exp": None}, Flaw.NO_END),
            ({"exp": "9999999999"}, Flaw.MALFORMED),
            ({"exp": True}, Flaw.MALFORMED),
            ({"exp": float("inf")}, Flaw.MALFORMED),
            ({"exp": float("nan")}, Flaw.MALFORMED),
            ({"nbf": NOW.timestamp() + 61}, Flaw.EARLY),
            ({"iat": NOW.timestamp() + 61}, Flaw.EARLY),
            ({"nbf": [0]}, Flaw.MALFORMED),
            ({"aud": "another"}, Flaw.AUDIENCE),
            ({"aud": AUDIENCE + "-2"}, Flaw.AUDIENCE),
            ({"aud": ["another", "and another"]}, Flaw.AUDIENCE),
            ({"aud": [[AUDIENCE]]}, Flaw.AUDIENCE),
            ({"aud": {AUDIENCE: 1}}, Flaw.AUDIENCE),
            ({"aud": None}, Flaw.AUDIENCE),
            ({"iss": "https://other.example"}, Flaw.ISSUER),
            ({"iss": None}, Flaw.ISSUER),
            ({"sub": None}, Flaw.SUBJECT),
            ({"sub": ""}, Flaw.SUBJECT),
            ({"sub": " "}, Flaw.SUBJECT),
            ({"sub": 7}, Flaw.SUBJECT),
            ({"sub": "x" * 256}, Flaw.SUBJECT),
            ({"sub": "nul\x00"}, Flaw.SUBJECT),
            ({"sub": "half \ud83d"}, Flaw.SUBJECT),
        ],
    )
    def test_wrong_claims(self, issuer: LoopbackIssuer, changes: dict[str, Any], flaw: Flaw) -> None:
        payload = json.dumps(issuer.claims(NOW, **changes)).encode()

        assert refusal(resigned(f"{part({'alg': 'ES256', 'kid': 'p256'})}.{part(payload)}", "p256")) == flaw
        assert not User.objects.exists()

    def test_an_issuer_that_differs_by_a_slash(self, issuer: LoopbackIssuer) -> None:
        assert refusal(issuer.sign(issuer.claims(NOW, iss=issuer.url + "/"))) == Flaw.ISSUER

    @pytest.mark.parametrize("payload", [b"[]", b"null", b"{", b"\xff\xfe{\x00}\x00", b"[" * 9000])
    def test_a_signed_payload_that_is_no_object(self, payload: bytes) -> None:
        token = resigned(f"{part({'alg': 'ES256', 'kid': 'p256'})}.{part(payload)}", "p256")

        assert refusal(token) == Flaw.MALFORMED

    @pytest.mark.parametrize(
        "alg", ["none", "None", "", "HS256", "PS256", "ES512", "ES256K", None, 1, ["RS256"]]
    )
    def test_an_algorithm_that_is_not_accepted(self, issuer: LoopbackIssuer, alg: object) -> None:
        _, payload, signature = issuer.sign(issuer.claims(NOW)).split(".")

        assert refusal(f"{part({'alg': alg, 'kid': 'rsa'})}.{payload}.{signature}") == Flaw.SIGNATURE

    def test_no_algorithm_and_no_signature(self, issuer: LoopbackIssuer) -> None:
        assert refusal(f"{part({'alg': 'none'})}.{part(issuer.claims(NOW))}.") == Flaw.SIGNATURE

    @pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
    def test_one_signed_with_the_public_key_as_a_secret(
        self, issuer: LoopbackIssuer, encoding: Encoding
    ) -> None:
        secret = private_key("rsa").public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
        signed = f"{part({'alg': 'HS256', 'kid': 'rsa'})}.{part(issuer.claims(NOW))}"
        signature = hmac.new(secret, signed.encode(), hashlib.sha256).digest()

        assert refusal(f"{signed}.{part(signature)}") == Flaw.SIGNATURE

    def test_one_signed_by_another_key_of_the_same_kind(self, issuer: LoopbackIssuer) -> None:
        assert refusal(issuer.sign(issuer.claims(NOW), key="rsa-stranger", kid="rsa")) == Flaw.SIGNATURE

    @pytest.mark.parametrize(
        ("alg", "kid"), [("RS256", "p256"), ("ES256", "rsa"), ("ES256", "p384"), ("EdDSA", "rsa")]
    )
    def test_a_key_of_another_kind(self, issuer: LoopbackIssuer, alg: str, kid: str) -> None:
        assert refusal(issuer.sign(issuer.claims(NOW), alg=alg, kid=kid)) == Flaw.SIGNATURE
        assert issuer.n_key_requests == 1

    def test_changed_claims(self, issuer: LoopbackIssuer) -> None:
        header, _, signature = issuer.sign(issuer.claims(NOW)).split(".")

        assert refusal(f"{header}.{part(issuer.claims(NOW, sub='admin'))}.{signature}") == Flaw.SIGNATURE

    @pytest.mark.parametrize(
        "header",
        [
            {"crit": ["exp"], "exp": 0},
            {"crit": ["b64"], "b64": False},
            {"typ": "logout+jwt"},
            {"typ": "dpop+jwt"},
            {"typ": 1},
            {"kid": 7},
            {"kid": None},
            {"kid": ["rsa"]},
        ],
    )
    def test_a_header_that_asks_for_more_or_for_something_else(
        self, issuer: LoopbackIssuer, header: dict[str, Any]
    ) -> None:
        head = part({"alg": "ES256", "kid": "p256"} | header)
        token = resigned(f"{head}.{part(issuer.claims(NOW))}", "p256")

        assert refusal(token) in (Flaw.MALFORMED, Flaw.SIGNATURE)
        assert not User.objects.exists()

    @pytest.mark.parametrize("member", [{"crit": ["exp"]}, {"b64": True}, {"typ": None}])
    def test_a_header_is_refused_by_our_own_rules(self, member: dict[str, Any]) -> None:
        assert header_read({"alg": "RS256"}) == Header(algorithm="RS256", kid=None)
        with pytest.raises(InvalidJwt):
            header_read({"alg": "RS256"} | member)

    def test_a_key_that_the_token_brings_along(self, issuer: LoopbackIssuer) -> None:
        with loopback_issuer() as attacker:
            attacker.published = [public_jwk("rsa-attacker")]
            brought: dict[str, Any] = {
                "jwk": public_jwk("rsa-attacker"),
                "jku": attacker.jwks_url,
                "x5u": attacker.jwks_url,
            }
            for kid in ("rsa", "rsa-attacker"):
                token = issuer.sign(issuer.claims(NOW), key="rsa-attacker", kid=kid, **brought)
                assert refusal(token) == Flaw.SIGNATURE

            assert not attacker.requests

    @pytest.mark.parametrize(
        "kid",
        [
            "../../../../etc/passwd",
            "/dev/null",
            "http://127.0.0.1/keys",
            "keys?x=1#y",
            "a\r\nX-Y: z",
            "\x00",
            "'",
        ],
    )
    def test_a_key_id_is_compared_and_never_looked_up_by(self, issuer: LoopbackIssuer, kid: str) -> None:
        assert refusal(issuer.sign(issuer.claims(NOW), kid=kid)) == Flaw.SIGNATURE
        assert set(issuer.requests) == {KEYS}

        issuer.published = [public_jwk("rsa", kid=kid)]
        configured_issuer.cache_clear()
        assert call(issuer.sign(issuer.claims(NOW), kid=kid)).identity_id

    @pytest.mark.parametrize(
        "token",
        [
            "a.b.c",
            "..",
            "e30..",
            "é.é.é",
            "a b.c.d",
            "e30=.e30=.e30=",
            f"{part(b'[' * 9000)}.e30.e30",
            f"{part([])}.e30.e30",
            part(b'{"alg":"RS256","alg":') + ".e30.e30",
        ],
    )
    def test_what_is_no_jwt_asks_nobody(self, issuer: LoopbackIssuer, token: str) -> None:
        assert refusal(token) == Flaw.MALFORMED
        assert not issuer.requests

    def test_a_token_beyond_16_kib_is_not_even_decoded(self, issuer: LoopbackIssuer) -> None:
        token = issuer.sign(issuer.claims(NOW, pad="x" * 13_000))

        assert len(token) > MAX_CHARACTERS
        assert refusal(token) == Flaw.TOO_LONG
        assert not issuer.requests

    @pytest.mark.parametrize("n_parts", [1, 2, 4, 5])
    def test_what_has_not_three_parts_is_an_unknown_token(self, issuer: LoopbackIssuer, n_parts: int) -> None:
        assert refusal(".".join(["e30"] * n_parts)) == "the token is unknown, revoked or expired"
        assert not issuer.requests

    def test_every_reason_may_stand_in_a_header(self) -> None:
        for flaw in Flaw:
            assert InvalidJwt(flaw).challenge.isascii()
            assert not set('"\\') & set(flaw)


@pytest.mark.django_db
def test_without_an_issuer_a_jwt_is_an_unknown_token(issuer: LoopbackIssuer) -> None:
    assert refusal(issuer.sign(issuer.claims(NOW))) == "the token is unknown, revoked or expired"
    assert not issuer.requests


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ring(issuer: LoopbackIssuer, clock: Clock) -> KeyRing:
    return KeyRing(key_source(issuer.url, issuer.jwks_url), clock=clock)


def kid_found(ring: KeyRing, kid: str, algorithm: str = "RS256") -> bool:
    return ring.find(Header(algorithm=algorithm, kid=kid)) is not None


def fail(handler: Handler) -> None:
    say(handler, {}, status=500)


class TestKeysOfTheIssuer:
    def test_are_read_once_for_many_tokens(self, ring: KeyRing, issuer: LoopbackIssuer) -> None:
        assert all(kid_found(ring, "rsa") for _ in range(50))
        assert issuer.n_key_requests == 1

    def test_are_read_again_after_five_minutes(
        self, ring: KeyRing, issuer: LoopbackIssuer, clock: Clock
    ) -> None:
        kid_found(ring, "rsa")
        issuer.published = [public_jwk("p256")]
        clock.now += 299
        assert kid_found(ring, "rsa")
        clock.now += 1
        assert not kid_found(ring, "rsa")
        assert issuer.n_key_requests == 2

    def test_are_read_again_for_an_unknown_key_id_but_not_oftener_than_every_30_seconds(
        self, ring: KeyRing, issuer: LoopbackIssuer, clock: Clock
    ) -> None:
        kid_found(ring, "rsa")
        clock.now += 1
        assert not any(kid_found(ring, f"made-up-{n}") for n in range(20))
        assert issuer.n_key_requests == 2

        clock.now += 29
        assert not kid_found(ring, "made-up")
        assert issuer.n_key_requests == 2

        clock.now += 1
        assert not kid_found(ring, "made-up")
        assert issuer.n_key_requests == 3

    def test_that_were_just_read_are_not_read_again_for_an_unknown_key_id(
        self, ring: KeyRing, issuer: LoopbackIssuer
    ) -> None:
        assert not kid_found(ring, "made-up")
        assert issuer.n_key_requests == 1

    def test_may_be_new(self, ring: KeyRing, issuer: LoopbackIssuer, clock: Clock) -> None:
        kid_found(ring, "rsa")
        issuer.published = [public_jwk("rsa"), public_jwk("rsa-next")]
        clock.now += 1

        assert kid_found(ring, "rsa-next")
        assert kid_found(ring, "rsa")
        assert issuer.n_key_requests == 2

    def test_that_cannot_be_read_leave_nobody_recognised(
        self, ring: KeyRing, issuer: LoopbackIssuer, caplog: pytest.LogCaptureFixture
    ) -> None:
        issuer.misbehave = fail

        with pytest.raises(IssuerUnavailable) as caught:
            kid_found(ring, "rsa")

        assert caught.value.retryable
        assert "HTTP Error 500" in caplog.text

    def test_are_asked_for_ever_more_rarely_while_that_fails(
        self, ring: KeyRing, issuer: LoopbackIssuer, clock: Clock
    ) -> None:
        issuer.misbehave = fail
        asked_at = []
        for second in range(301):
            before = issuer.n_key_requests
            with pytest.raises(IssuerUnavailable):
                kid_found(ring, "rsa")
            if issuer.n_key_requests > before:
                asked_at.append(second)
            clock.now += 1

        assert asked_at == [0, 5, 15, 35, 75, 135, 195, 255]

    def test_are_found_when_the_issuer_is_back(
        self, ring: KeyRing, issuer: LoopbackIssuer, clock: Clock
    ) -> None:
        issuer.misbehave = fail
        with pytest.raises(IssuerUnavailable):
            kid_found(ring, "rsa")
        issuer.misbehave = None
        clock.now += 5

        assert kid_found(ring, "rsa")

    def test_in_hand_are_good_for_an_hour_without_the_issuer(
        self, ring: KeyRing, issuer: LoopbackIssuer, clock: Clock
    ) -> None:
        kid_found(ring, "rsa")
        issuer.misbehave = fail
        clock.now += 3599
        assert kid_found(ring, "rsa")
        clock.now += 1
        with pytest.raises(IssuerUnavailable):
            kid_found(ring, "rsa")

    def test_a_new_key_id_while_the_issuer_is_silent_is_not_called_bad(
        self, ring: KeyRing, issuer: LoopbackIssuer, clock: Clock
    ) -> None:
        kid_found(ring, "rsa")
        issuer.misbehave = fail
        clock.now += 1
        for _ in range(20):
            with pytest.raises(IssuerUnavailable):
                kid_found(ring, "rsa-next")
        assert issuer.n_key_requests == 2
        assert kid_found(ring, "rsa")

    def test_a_crowd_at_the_start_asks_once(self, ring: KeyRing, issuer: LoopbackIssuer) -> None:
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: kid_found(ring, "rsa"), range(40)))

        assert all(found)
        assert issuer.n_key_requests == 1

    def test_in_hand_serve_others_while_one_waits_for_the_issuer(
        self, ring: KeyRing, issuer: LoopbackIssuer, clock: Clock
    ) -> None:
        kid_found(ring, "rsa")
        asked, go_on = threading.Event(), threading.Event()

        def wait(handler: Handler) -> None:
            asked.set()
            go_on.wait(10)
            fail(handler)

        issuer.misbehave = wait
        clock.now += 300
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(kid_found, ring, "rsa")
            assert asked.wait(10)
            assert kid_found(ring, "rsa")
            assert not waiting.done()
            go_on.set()
            assert waiting.result(10)


GOOD = {"keys": [public_jwk("rsa")]}


def redirect(handler: Handler) -> None:
    if handler.path == KEYS:
        say(handler, b"", status=302, Location="/elsewhere")
    else:
        say(handler, GOOD)


def drip(handler: Handler) -> None:
    """Keys in the end, but byte by byte."""
    handler.send_response(200)
    handler.end_headers()
    try:
        for _ in range(20):
            handler.wfile.write(b" ")
            time.sleep(0.05)
        handler.wfile.write(json.dumps(GOOD).encode())
    except OSError:
        return


def hang(handler: Handler) -> None:
    time.sleep(1)


def answered(body: object) -> Misbehave:
    return lambda handler: say(handler, body)


BAD_ANSWERS: dict[str, Misbehave] = {
    "an error": fail,
    "a redirect": redirect,
    "no JSON": answered(b"<html>"),
    "no UTF-8": answered(b'{"keys":"\xff"}'),
    "a list": answered([public_jwk("rsa")]),
    "no list of keys": answered({"keys": {"rsa": public_jwk("rsa")}}),
    "no key": answered({"keys": []}),
    "no usable key": answered({"keys": [1, {}, {"kty": "RSA"}, {"kty": "RSA", "n": 1, "e": []}]}),
    "a secret": answered({"keys": [{"kty": "oct", "kid": "rsa", "k": "c2VjcmV0"}]}),
    "a weak key": answered({"keys": [public_jwk("small", kid="rsa")]}),
    "a key for encryption": answered({"keys": [public_jwk("rsa", use="enc")]}),
    "too much": answered({"keys": [public_jwk("rsa")], "pad": "x" * 300_000}),
    "deep nesting": answered(b"[" * 100_000),
    "a drip": drip,
    "silence": hang,
    "half an answer": lambda handler: say(handler, b"{", Content_Length="100"),
}


@pytest.mark.parametrize("how", BAD_ANSWERS)
def test_an_answer_of_the_issuer_that_is_not_keys_is_no_answer(
    ring: KeyRing, issuer: LoopbackIssuer, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc, "FETCH_SECONDS", 0.3 if how in ("a drip", "silence") else 5)
    issuer.misbehave = BAD_ANSWERS[how]

    with pytest.raises(IssuerUnavailable):
        kid_found(ring, "rsa")

    assert issuer.n_key_requests == 1


def test_of_a_private_key_the_public_part_is_kept(ring: KeyRing, issuer: LoopbackIssuer) -> None:
    issuer.published = [
        RSAAlgorithm.to_jwk(private_key("rsa"), as_dict=True) | {"kid": "rsa", "key_ops": ["verify"]}
    ]
    assert "d" in issuer.published[0]

    found = ring.find(Header(algorithm="RS256", kid="rsa"))

    assert found is not None
    assert isinstance(found.key, RSAPublicKey)
    assert "d" not in found.jwk


def test_keys_of_other_kinds_do_not_spoil_the_set(ring: KeyRing, issuer: LoopbackIssuer) -> None:
    issuer.published = [
        {"kty": "oct", "k": "AA"},
        {"kty": "new"},
        public_jwk("rsa", n="!"),
        public_jwk("p256"),
    ]

    assert kid_found(ring, "p256", "ES256")


def test_two_keys_of_one_id_are_told_apart_by_the_algorithm(ring: KeyRing, issuer: LoopbackIssuer) -> None:
    issuer.published = [public_jwk("rsa", kid="1"), public_jwk("p256", kid="1")]

    assert kid_found(ring, "1", "RS256")
    assert kid_found(ring, "1", "ES256")
    assert not kid_found(ring, "1", "ES384")


@pytest.mark.parametrize(
    ("members", "algorithm", "expected"),
    [
        ({}, "RS256", True),
        ({"use": None}, "RS512", True),
        ({"alg": "RS256"}, "RS256", True),
        ({"alg": "RS512"}, "RS256", False),
        ({"use": "enc"}, "RS256", False),
        ({"key_ops": ["verify"]}, "RS256", True),
        ({"key_ops": ["encrypt"]}, "RS256", False),
        ({"key_ops": "verify"}, "RS256", False),
        ({}, "ES256", False),
    ],
)
def test_a_key_fits_what_it_is_published_for(members: dict[str, Any], algorithm: str, expected: bool) -> None:
    assert fits(public_jwk("rsa", **members), algorithm) is expected


class TestWhereTheKeysAre:
    def test_the_discovery_document_says_it(self, issuer: LoopbackIssuer) -> None:
        assert kid_found(KeyRing(key_source(issuer.url, "")), "rsa")
        assert issuer.requests == {DISCOVERY: 1, KEYS: 1}

    @pytest.mark.parametrize(
        "lie",
        [
            {"issuer": "https://other.example"},
            {"issuer": None},
            {"jwks_uri": None},
            {"jwks_uri": "http://192.0.2.1/keys"},
            {"jwks_uri": "file:///etc/passwd"},
            {"jwks_uri": "http://[broken"},
        ],
    )
    def test_a_discovery_document_of_somebody_else_or_with_an_unsafe_address_counts_for_nothing(
        self, issuer: LoopbackIssuer, lie: dict[str, Any]
    ) -> None:
        issuer.discovered = lie

        with pytest.raises(IssuerUnavailable):
            kid_found(KeyRing(key_source(issuer.url, "")), "rsa")
        assert not issuer.n_key_requests

    def test_in_the_setting_itself(self) -> None:
        assert kid_found(
            KeyRing(key_source("https://x.example", json.dumps({"keys": [public_jwk("rsa")]}))), "rsa"
        )

    def test_in_a_file_which_may_change(self, tmp_path: Path, clock: Clock) -> None:
        path = tmp_path / "keys.json"
        path.write_text(json.dumps({"keys": [public_jwk("rsa")]}))
        ring = KeyRing(key_source("https://x.example", str(path)), clock=clock)
        assert kid_found(ring, "rsa")

        path.write_text(json.dumps({"keys": [public_jwk("rsa-next")]}))
        clock.now += 30
        assert kid_found(ring, "rsa-next")

    def test_a_file_that_is_gone_is_an_issuer_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(IssuerUnavailable):
            kid_found(KeyRing(key_source("https://x.example", str(tmp_path / "gone"))), "rsa")

    def test_nobody_listens_there(self) -> None:
        with pytest.raises(IssuerUnavailable):
            kid_found(KeyRing(key_source("https://x.example", "http://127.0.0.1:1/keys")), "rsa")


@pytest.mark.parametrize(
    ("email", "first"),
    [
        ("mara@example.com", "mara@example.com"),
        ("m+x_y.z-1@example.com", "m+x_y.z-1@example.com"),
        ("", "oidc-"),
        ("mára@example.com", "oidc-"),
        ("mara @example.com", "oidc-"),
        ("mara", "oidc-"),
        (f"{'m' * 150}@example.com", "oidc-"),
    ],
)
def test_a_new_owner_is_called_by_a_plain_address_or_by_a_digest(email: str, first: str) -> None:
    names = usernames(Claimed(issuer="https://x.example", subject="s", email=email))
    digest = hashlib.sha256(b"https://x.example|s").hexdigest()

    assert names[0] == first if "@" in first else names[0] == f"oidc-{digest[:12]}"
    assert names[-2:] == [f"oidc-{digest[:12]}", f"oidc-{digest}"]


@pytest.mark.django_db
@pytest.mark.usefixtures("trusted")
class TestWhoItIs:
    def test_a_new_subject_becomes_an_owner_without_a_password(self, issuer: LoopbackIssuer) -> None:
        bearer = call(issuer.sign(issuer.claims(NOW)))

        owner = User.objects.get()
        assert bearer.owner == owner
        assert owner.username.startswith("oidc-")
        assert len(owner.username) == 17
        assert (owner.is_staff, owner.is_superuser, owner.has_usable_password()) == (True, False, False)

    def test_is_called_by_a_verified_address(self, issuer: LoopbackIssuer) -> None:
        call(issuer.sign(issuer.claims(NOW, email="mara@example.com", email_verified=True)))

        assert list(User.objects.values_list("username", "email")) == [
            ("mara@example.com", "mara@example.com")
        ]

    @pytest.mark.parametrize("verified", [False, None, "true", 1])
    def test_an_address_that_nobody_has_verified_means_nothing(
        self, issuer: LoopbackIssuer, verified: object
    ) -> None:
        call(issuer.sign(issuer.claims(NOW, email="mara@example.com", email_verified=verified)))

        owner = User.objects.get()
        assert owner.username.startswith("oidc-")
        assert owner.email == ""

    def test_an_address_does_not_lead_to_the_owner_who_has_it(self, issuer: LoopbackIssuer) -> None:
        there = owner_create(username="Mara@Example.com", password=None)

        bearer = call(issuer.sign(issuer.claims(NOW, email="mara@example.com", email_verified=True)))

        assert bearer.owner != there
        assert bearer.owner.username.startswith("oidc-")

    def test_the_same_subject_is_the_same_owner_whatever_the_token(self, issuer: LoopbackIssuer) -> None:
        one = call(issuer.sign(issuer.claims(NOW), alg="RS256"))
        other = call(
            issuer.sign(issuer.claims(NOW, email="new@example.com", email_verified=True), alg="EdDSA")
        )

        assert (one.owner, one.holder) == (other.owner, other.holder)
        assert User.objects.count() == 1

    def test_subjects_are_told_apart_by_their_letters(self, issuer: LoopbackIssuer) -> None:
        owners = {call(issuer.sign(issuer.claims(NOW, sub=sub))).owner_id for sub in ("a", "A", "a ", "á")}

        assert len(owners) == 4

    def test_the_same_subject_of_another_issuer_is_somebody_else(self, issuer: LoopbackIssuer) -> None:
        mara = owner_create(username="mara", password=None)
        identity_link(
            actor=COMMAND_LINE, owner=mara, issuer="https://other.example", subject="subject-1", now=NOW
        )

        assert call(issuer.sign(issuer.claims(NOW))).owner != mara

    def test_the_use_is_noted_to_the_minute(self, issuer: LoopbackIssuer) -> None:
        token = issuer.sign(issuer.claims(NOW))
        for seconds in (0, 60, 61):
            call(token, NOW + timedelta(seconds=seconds))
            noted = OidcIdentity.objects.get().last_used_at
            assert noted == NOW + timedelta(seconds=61 if seconds == 61 else 0)

    def test_an_inactive_owner_is_refused(self, issuer: LoopbackIssuer) -> None:
        token = issuer.sign(issuer.claims(NOW))
        call(token)
        User.objects.update(is_active=False)

        assert refusal(token) == Flaw.OWNER

    def test_the_audit_log_has_the_new_owner_and_the_link(self, issuer: LoopbackIssuer) -> None:
        call(issuer.sign(issuer.claims(NOW)))
        call(issuer.sign(issuer.claims(NOW)))

        rows = AuditEntry.objects.order_by("id")
        assert [row.action for row in rows] == ["owner.created", "oidc_identity.linked"]
        assert {row.actor for row in rows} == {User.objects.get()}
        assert rows[1].after == {
            "owner": User.objects.get().username,
            "issuer": issuer.url,
            "subject": "subject-1",
        }


@pytest.mark.django_db
class TestWithoutSignUp:
    @pytest.fixture(autouse=True)
    def _closed(self, configure: Callable[..., None]) -> None:
        configure(signup=False)

    def test_an_unknown_subject_is_told_how_to_be_let_in(self, issuer: LoopbackIssuer) -> None:
        with pytest.raises(UnknownOwner) as caught:
            call(issuer.sign(issuer.claims(NOW, sub="o'neill $(id)")))

        assert caught.value.next_action is not None
        assert caught.value.next_action.endswith("""rover owner identity NAME 'o'"'"'neill $(id)'""")
        assert not User.objects.exists()

    def test_a_linked_subject_is_the_owner(self, issuer: LoopbackIssuer) -> None:
        mara = owner_create(username="mara", password=None)
        identity_link(actor=COMMAND_LINE, owner=mara, issuer=issuer.url, subject="subject-1", now=NOW)

        assert call(issuer.sign(issuer.claims(NOW))).owner == mara


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("trusted")
def test_first_uses_at_the_same_moment_make_one_owner(issuer: LoopbackIssuer) -> None:
    n_threads = 6
    token = issuer.sign(issuer.claims(NOW, email="mara@example.com", email_verified=True))
    barrier = threading.Barrier(n_threads)

    def use(_: int) -> int:
        barrier.wait(10)
        try:
            return call(token).owner_id
        finally:
            connection.close()

    with ThreadPoolExecutor(n_threads) as pool:
        owners = set(pool.map(use, range(n_threads)))

    assert owners == set(User.objects.values_list("pk", flat=True))
    assert User.objects.count() == OidcIdentity.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("trusted")
def test_first_uses_of_one_address_by_two_subjects_at_the_same_moment_make_two(
    issuer: LoopbackIssuer,
) -> None:
    barrier = threading.Barrier(2)

    def use(subject: str) -> str:
        claims = issuer.claims(NOW, sub=subject, email="mara@example.com", email_verified=True)
        barrier.wait(10)
        try:
            return call(issuer.sign(claims)).owner.username
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        names = sorted(pool.map(use, ["a", "b"]))

    assert names[0] == "mara@example.com"
    assert names[1].startswith("oidc-")


@pytest.mark.django_db
class TestLinking:
    @pytest.fixture
    def mara(self) -> User:
        return owner_create(username="mara", password=None)

    @pytest.fixture
    def nils(self) -> User:
        return owner_create(username="nils", password=None)

    def link(
        self, owner: User, subject: str = "s", issuer: str = "https://x.example", **kwargs: Any
    ) -> OidcIdentity:
        return identity_link(
            actor=COMMAND_LINE, owner=owner, issuer=issuer, subject=subject, now=NOW, **kwargs
        )

    def test_again_changes_nothing(self, mara: User) -> None:
        assert self.link(mara) == self.link(mara)
        assert AuditEntry.objects.filter(action__startswith="oidc_identity").count() == 1

    def test_somebody_elses_subject_is_refused(self, mara: User, nils: User) -> None:
        self.link(mara)
        with pytest.raises(IdentityTaken):
            self.link(nils)
        assert OidcIdentity.objects.get().owner == mara

    def test_somebody_elses_subject_may_be_moved(self, mara: User, nils: User) -> None:
        self.link(mara)
        self.link(nils, move=True)

        assert OidcIdentity.objects.get().owner == nils
        row = AuditEntry.objects.get(action="oidc_identity.moved")
        assert (row.before, row.after) == ({"owner": "mara"}, {"owner": "nils"})

    @pytest.mark.parametrize("subject", ["", " ", "x" * 256, "a\x00", "a\nb"])
    def test_a_subject_that_no_token_can_have_is_refused(self, mara: User, subject: str) -> None:
        with pytest.raises(InvalidIdentity):
            self.link(mara, subject)

    @pytest.mark.parametrize("issuer", ["", "x" * 501])
    def test_an_issuer_that_no_setting_can_have_is_refused(self, mara: User, issuer: str) -> None:
        with pytest.raises(InvalidIdentity):
            self.link(mara, issuer=issuer)


@pytest.mark.django_db
class TestOverHttp:
    def get(self, token: str) -> Any:
        return Client().get("/v1/batches", headers={"Authorization": f"Bearer {token}"})

    @pytest.mark.usefixtures("trusted")
    def test_a_good_jwt_reads_the_own_batches(self, issuer: LoopbackIssuer) -> None:
        now = timezone.now()
        mine = call(issuer.sign(issuer.claims(now)), now).owner
        task_id = make_task(mine)
        make_task(make_owner("stranger"))

        response = self.get(issuer.sign(issuer.claims(now), alg="ES256"))

        assert response.status_code == 200
        assert [batch["task_id"] for batch in response.json()["batches"]] == [str(task_id)]

    @pytest.mark.usefixtures("trusted")
    def test_an_expired_one_is_401_and_the_challenge_says_so(self, issuer: LoopbackIssuer) -> None:
        response = self.get(issuer.sign(issuer.claims(timezone.now() - timedelta(days=1))))

        assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")
        assert response.json()["detail"] == "the token has expired"
        assert response["WWW-Authenticate"] == (
            'Bearer realm="rover", error="invalid_token", error_description="the token has expired"'
        )

    @pytest.mark.usefixtures("trusted")
    def test_an_issuer_that_is_down_is_503_and_worth_another_try(self, issuer: LoopbackIssuer) -> None:
        issuer.misbehave = fail
        response = self.get(issuer.sign(issuer.claims(timezone.now())))

        assert (response.status_code, response.json()["code"]) == (503, "issuer_unavailable")
        assert response.json()["retryable"] is True

    def test_a_stranger_without_sign_up_is_403(
        self, issuer: LoopbackIssuer, configure: Callable[..., None]
    ) -> None:
        configure(signup=False)
        response = self.get(issuer.sign(issuer.claims(timezone.now())))

        assert (response.status_code, response.json()["code"]) == (403, "unknown_owner")
        assert "rover owner identity NAME subject-1" in response.json()["next_action"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("kind", ["expired", "malformed", "down", "good"])
async def test_a_stream_and_a_view_answer_a_jwt_alike(issuer: LoopbackIssuer, kind: str) -> None:
    now = timezone.now()
    token = issuer.sign(issuer.claims(now - timedelta(days=1) if kind == "expired" else now))
    token = "a.b.c" if kind == "malformed" else token
    issuer.misbehave = fail if kind == "down" else None
    task_id = "01890a5d-ac96-774b-bcce-b302099a8057"

    stream = await answer(f"/v1/batches/{task_id}", authorization=f"Bearer {token}")
    view = await answer(f"/v1/batches/{task_id}/items", authorization=f"Bearer {token}")

    expected = {"down": (503, "issuer_unavailable"), "good": (404, "task_not_found")}
    assert [(a.status, a.json()["code"]) for a in (stream, view)] == [
        expected.get(kind, (401, "unauthenticated"))
    ] * 2
    assert stream.headers.get("www-authenticate") == view.headers.get("www-authenticate")


@pytest.mark.usefixtures("closed", "trusted")
class TestStreams:
    @pytest.fixture
    def limits(self) -> StreamLimits:
        return StreamLimits(recheck_seconds=0.05, max_streams_each=1)

    async def token_of(self, owner: User, issuer: LoopbackIssuer, subject: str, seconds: float) -> str:
        """A JWT of a subject that is linked to the owner, good for so many seconds."""
        now = timezone.now()
        await in_database(identity_link)(
            actor=COMMAND_LINE, owner=owner, issuer=issuer.url, subject=subject, now=now
        )
        return issuer.sign(issuer.claims(now, sub=subject, exp=now.timestamp() + seconds))

    async def test_a_stream_ends_when_its_jwt_does(self, world: World, issuer: LoopbackIssuer) -> None:
        task_id = await running_task(world)
        token = await self.token_of(world.owner, issuer, "a", seconds=1.5)

        async with world.open(task_id, accept="text/event-stream", token=token) as stream:
            await stream.begun()
            assert stream.status == 200
            await stream.ended()

        assert stream.is_complete
        assert timezone.now().timestamp() > _end(token)
        assert (await world.get(task_id, token=token)).status == 401

    async def test_a_stream_outlives_a_silent_issuer(
        self, world: World, issuer: LoopbackIssuer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(oidc, "FRESH_SECONDS", 0)
        monkeypatch.setattr(oidc, "RETRY_SECONDS", 0)
        task_id = await running_task(world)
        token = await self.token_of(world.owner, issuer, "a", seconds=60)

        async with world.open(task_id, accept="application/x-ndjson", token=token) as stream:
            await stream.begun()
            issuer.misbehave = fail
            seen = issuer.n_key_requests
            await until(lambda: issuer.n_key_requests >= seen + 3)
            await in_database(append)(task_id)
            await stream.has_lines(1)

    async def test_each_subject_has_streams_of_its_own(self, world: World, issuer: LoopbackIssuer) -> None:
        task_id = await running_task(world)
        one, other = [await self.token_of(world.owner, issuer, subject, 60) for subject in ("a", "b")]
        again = issuer.sign(issuer.claims(timezone.now(), sub="a"), alg="EdDSA")

        async with (
            world.open(task_id, accept="text/event-stream", token=one) as first,
            world.open(task_id, accept="text/event-stream", token=other) as second,
        ):
            await until(lambda: first.status and second.status)
            refused = await world.get(task_id, accept="text/event-stream", token=again)

        assert (first.status, second.status, refused.status) == (200, 200, 429)


def _end(token: str) -> float:
    return float(json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["exp"])


class TestSettings:
    def conf(self, tmp_path: Path, **settings: str) -> RoverConf:
        return read({"ROVER_DATA_DIR": str(tmp_path)} | {f"ROVER_OIDC_{k}": v for k, v in settings.items()})

    @pytest.mark.parametrize(
        "settings",
        [
            {},
            {"SIGNUP": "false"},
            {"ISSUER": "https://x.example/", "AUDIENCE": "rover"},
            {"ISSUER": "http://localhost:8080/realms/x", "AUDIENCE": "rover"},
            {"ISSUER": "accounts.example", "AUDIENCE": "rover", "JWKS": "https://x.example/keys"},
            {"ISSUER": "http://x.example", "AUDIENCE": "rover", "JWKS": "http://[::1]:80/keys"},
            {"ISSUER": "https://x.example", "AUDIENCE": "rover", "JWKS": ' {"keys": [{"kty": "RSA"}]}'},
            {"ISSUER": "https://x.example", "AUDIENCE": "rover", "JWKS": __file__},
        ],
    )
    def test_that_can_work(self, tmp_path: Path, settings: dict[str, str]) -> None:
        assert self.conf(tmp_path, **settings).oidc_issuer == settings.get("ISSUER", "")

    @pytest.mark.parametrize(
        ("settings", "named"),
        [
            ({"ISSUER": "https://x.example"}, "ROVER_OIDC_AUDIENCE"),
            ({"AUDIENCE": "rover"}, "ROVER_OIDC_ISSUER"),
            ({"JWKS": "https://x.example/keys"}, "ROVER_OIDC_ISSUER"),
            ({"ISSUER": "http://x.example", "AUDIENCE": "rover"}, "ROVER_OIDC_ISSUER"),
            ({"ISSUER": "x", "AUDIENCE": "rover"}, "ROVER_OIDC_ISSUER"),
            ({"ISSUER": "https://" + "x" * 500, "AUDIENCE": "rover"}, "ROVER_OIDC_ISSUER"),
            ({"JWKS": "http://x.example/keys"}, "ROVER_OIDC_JWKS"),
            ({"JWKS": "http://127.0.0.1.x.example/keys"}, "ROVER_OIDC_JWKS"),
            ({"JWKS": "http://127.0.0.1@x.example/keys"}, "ROVER_OIDC_JWKS"),
            ({"JWKS": "ftp://x.example/keys"}, "ROVER_OIDC_JWKS"),
            ({"JWKS": "https:///keys"}, "ROVER_OIDC_JWKS"),
            ({"JWKS": "http://[broken/keys"}, "ROVER_OIDC_JWKS"),
            ({"JWKS": "/no/such/file"}, "ROVER_OIDC_JWKS"),
            ({"JWKS": "x" * 5000}, "ROVER_OIDC_JWKS"),
            ({"JWKS": "{"}, "ROVER_OIDC_JWKS"),
            ({"JWKS": '{"keys": []}'}, "ROVER_OIDC_JWKS"),
        ],
    )
    def test_that_cannot_work_or_are_unsafe_stop_the_start(
        self, tmp_path: Path, settings: dict[str, str], named: str
    ) -> None:
        if named == "ROVER_OIDC_JWKS":
            settings = {"ISSUER": "https://x.example", "AUDIENCE": "rover"} | settings
        with pytest.raises(ConfigurationError, match=named):
            self.conf(tmp_path, **settings)


@pytest.mark.django_db
class TestCommand:
    @pytest.fixture
    def rover(self, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
        from rover_site.cli import main

        def call(*arguments: str) -> tuple[int, str]:
            code = main(["owner", "identity", *arguments])
            return code, capsys.readouterr().err

        return call

    @pytest.mark.usefixtures("trusted")
    def test_links_a_subject_of_the_issuer(self, rover: Any, issuer: LoopbackIssuer) -> None:
        mara = owner_create(username="mara", password=None)

        code, said = rover("mara", "subject-1")

        assert (code, said) == (0, f"JWTs of {issuer.url} with the subject subject-1 act for mara.\n")
        assert call(issuer.sign(issuer.claims(NOW))).owner == mara
        assert AuditEntry.objects.get(action="oidc_identity.linked").door == "cli"

    def test_says_when_the_server_trusts_another_issuer(self, rover: Any) -> None:
        owner_create(username="mara", password=None)

        code, said = rover("mara", "s", "--issuer", "https://x.example")

        assert code == 0
        assert "But the server trusts no issuer" in said

    def test_needs_an_issuer(self, rover: Any) -> None:
        owner_create(username="mara", password=None)

        code, said = rover("mara", "s")

        assert code == 2
        assert "ROVER_OIDC_ISSUER" in said

    @pytest.mark.usefixtures("trusted")
    def test_takes_a_subject_from_another_owner_only_when_told(
        self, rover: Any, issuer: LoopbackIssuer
    ) -> None:
        owner_create(username="mara", password=None)
        call(issuer.sign(issuer.claims(NOW)))

        code, said = rover("mara", "subject-1")
        assert code == 1
        assert "--move" in said
        assert rover("mara", "subject-1", "--move")[0] == 0
        assert OidcIdentity.objects.get().owner.username == "mara"

    @pytest.mark.usefixtures("trusted")
    def test_an_unknown_owner_brings_a_suggestion(self, rover: Any) -> None:
        owner_create(username="mara", password=None)

        code, said = rover("maro", "s")

        assert code == 4
        assert "Did you mean mara?" in said
