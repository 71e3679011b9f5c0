"""Tokens of browser sessions: readable by the page, made by this server alone, good for a while."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.session_tokens import (
    LIFETIME,
    MAX_CHARS,
    SessionClaims,
    SessionTokenExpired,
    SessionTokenInvalid,
    read_session,
    sign_session,
)

NOW = datetime(2026, 1, 31, 12, 4, 19, tzinfo=UTC)
SECRET = b"a secret of this server"
CLAIMS = SessionClaims(sid="s-1", site_id="shop-a1B2c3", host="shop.example", expires_at=NOW + LIFETIME)
TOKEN = sign_session(CLAIMS, secret=SECRET)


def read(token: str, *, secret: bytes = SECRET, now: datetime = NOW) -> SessionClaims:
    return read_session(token, secret=secret, now=now)


def signed(body: bytes) -> str:
    """A token whose signature is good, whatever it says."""
    told = urlsafe_b64encode(body).decode().rstrip("=")
    mac = hmac.new(b"rover.session." + SECRET, told.encode(), sha256).digest()
    return f"rvrsess_{told}.{urlsafe_b64encode(mac).decode().rstrip('=')}"


def test_a_token_says_what_was_signed() -> None:
    assert read(TOKEN) == CLAIMS


@given(
    st.builds(
        SessionClaims,
        sid=st.text(max_size=60),
        site_id=st.text(max_size=60),
        host=st.text(max_size=60),
        expires_at=st.integers(min_value=1, max_value=10**6).map(lambda s: NOW + timedelta(seconds=s)),
    )
)
def test_whatever_is_signed_is_read_back(claims: SessionClaims) -> None:
    assert read(sign_session(claims, secret=SECRET)) == claims


def test_the_page_can_read_the_claims_for_itself() -> None:
    body = TOKEN.removeprefix("rvrsess_").partition(".")[0]

    assert json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4))) == {
        "sid": "s-1",
        "siteId": "shop-a1B2c3",
        "host": "shop.example",
        "exp": int((NOW + timedelta(minutes=10)).timestamp()),
    }


def test_a_token_needs_no_escaping_in_a_url() -> None:
    assert set(TOKEN) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


def test_a_token_ends_at_its_time_and_says_that_another_try_helps() -> None:
    assert read(TOKEN, now=NOW + LIFETIME - timedelta(seconds=1)) == CLAIMS
    with pytest.raises(SessionTokenExpired) as caught:
        read(TOKEN, now=NOW + LIFETIME)

    assert (caught.value.code, caught.value.retryable) == ("SESSION_TOKEN_EXPIRED", True)


def test_another_server_did_not_sign_it() -> None:
    with pytest.raises(SessionTokenInvalid) as caught:
        read(TOKEN, secret=b"another secret")

    assert (caught.value.code, caught.value.retryable) == ("SESSION_TOKEN_INVALID", False)


def test_the_signature_is_looked_at_before_the_time() -> None:
    with pytest.raises(SessionTokenInvalid):
        read(TOKEN + "x", now=NOW + timedelta(days=1))


@given(place=st.integers(min_value=0, max_value=len(TOKEN) - 1), char=st.characters())
def test_a_token_that_was_changed_anywhere_is_none(place: int, char: str) -> None:
    changed = TOKEN[:place] + char + TOKEN[place + 1 :]
    if changed == TOKEN:
        return
    with pytest.raises(SessionTokenInvalid):
        read(changed)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "rvrsess_",
        "rvrsess_.",
        "pk_site_abc",
        TOKEN.removeprefix("rvrsess_"),
        TOKEN.upper(),
        f" {TOKEN}",
        f"{TOKEN}\n",
        f"{TOKEN}.x",
        TOKEN.partition(".")[0],
        f"{TOKEN.partition('.')[0]}.",
        "rvrsess_é.é",
        "rvrsess_\ud800",
        "rvrsess_" + "a" * MAX_CHARS,
    ],
)
def test_any_other_text_is_no_token(token: str) -> None:
    with pytest.raises(SessionTokenInvalid):
        read(token)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not JSON",
        b"[]",
        b"null",
        b"7",
        b'"text"',
        b"{}",
        b'{"sid":"s","siteId":"x","host":"h"}',
        b'{"sid":"s","siteId":"x","host":"h","exp":null}',
        b'{"sid":"s","siteId":"x","host":"h","exp":"soon"}',
        b'{"sid":"s","siteId":"x","host":"h","exp":1e20}',
        b'{"sid":"s","siteId":"x","host":"h","exp":1e400}',
        b'{"sid":"s","siteId":"x","host":"h","exp":NaN}',
        b"\xff\xfe",
    ],
)
def test_a_token_of_ours_from_other_times_is_refused_and_breaks_nothing(body: bytes) -> None:
    with pytest.raises(SessionTokenInvalid):
        read(signed(body))
