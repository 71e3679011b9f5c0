"""Opening sessions of pages, and knowing them again.

| sessionToken | bootstrap key | what comes of it |
| --- | --- | --- |
| valid | any | the same session goes on, with a new token; its epoch stays |
| expired, invalid | there | a session is opened by the key; the same one when the token proves whose it was |
| expired | none | SessionTokenExpired |
| invalid | none | SessionTokenInvalid |
| none | none | BootstrapRequired |

A public key opens new sessions alone: whoever knows a session's id knows nothing.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.db import transaction

from tasks.core.runtime.bodies import Bootstrap, OpenSession
from tasks.core.runtime.errors import CapabilityMissing as Missing
from tasks.core.runtime.errors import (
    HostNotAllowed,
    InvalidApiKey,
    PermissionDenied,
    SecretKeyNotAllowed,
    SessionNotFound,
    SiteMismatch,
    bootstrap_required,
    session_token_expired,
    session_token_invalid,
)
from tasks.core.session_tokens import (
    LIFETIME,
    PROOF_LIFETIME,
    SessionClaims,
    SessionTokenExpired,
    SessionTokenInvalid,
    read_session,
    sign_session,
)
from tasks.io.wakeups import poke
from tasks.models import RuntimeSession
from workspace.core.hosts import parse_host
from workspace.io.transactions import write_transaction
from workspace.selectors.keys import key_state
from workspace.selectors.reception import Reception, reception_of
from workspace.services.admission import Admission, key_admit

EMBED = "roverEmbed"
ID_PREFIX = "ses_"
SECRET_PREFIX = "sk_site_"  # noqa: S105 - how such keys begin
PUBLIC_PREFIX = "pk_site_"
_LIVE = frozenset({"active", "rotating"})
_REASONS = {"revoked": "revoked", "archived": "site_archived", "expired": "expired", "disabled": "inactive"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """A session whose page showed a good token, and the site whose rules count for it."""

    session: RuntimeSession
    reception: Reception
    claims: SessionClaims


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A session that was opened, with its two tokens."""

    session: RuntimeSession
    reception: Reception
    expires_at: datetime
    token: str
    stream_token: str


def session_open(asked: OpenSession, *, origin: str, now: datetime) -> Opened:
    """Open a session, or go on with the one whose token is shown. `origin`: the Origin or Referer that the
    browser sent, '' without one.

    Raises:
        BootstrapRequired, SessionTokenExpired, SessionTokenInvalid: as in the table.
        InvalidArgument: no site or no page is named.
        SecretKeyNotAllowed, InvalidApiKey, SiteMismatch, CapabilityMissing, HostNotAllowed: the key.
    """
    known, refusal = _by_token(asked, now)
    if known is not None and refusal is None:
        try:
            return _named(_refreshed(known, asked, origin, now), asked)
        except InvalidApiKey:
            if asked.bootstrap_token is None:  # else the page has the key that took over, and goes on by it
                raise
    if asked.bootstrap_token is None:
        raise refusal or bootstrap_required()
    return _named(_bootstrapped(asked.bootstrap(), known, origin, now), asked)


def session_present(
    token: str | None, *, session_id: str | None, now: datetime, is_reading: bool = False
) -> Presented:
    """The session that a token speaks for; that of a stream is enough to read.

    Raises:
        SessionTokenExpired, SessionTokenInvalid: no token, a bad one, or a session that was revoked.
        PermissionDenied: the token is another session's, or does not reach so far.
        SessionNotFound: the session is gone.
        InvalidApiKey, HostNotAllowed, CapabilityMissing: the owner has meanwhile ended what it rested on.
    """
    claims = _claims(token, now)
    if claims.is_stream and not is_reading:
        raise PermissionDenied("The token of a stream only reads.")
    if session_id is not None and session_id != claims.sid:
        raise PermissionDenied("The session token is another session's.")
    session = _stored(claims)
    if session is None:
        raise SessionNotFound("There is no such session any more.")
    return Presented(session=session, reception=_ruling(session, claims.host, now), claims=claims)


def session_revoke(*, session_id: str, now: datetime) -> None:
    """Let no token open the session any more; its streams end."""
    with write_transaction():
        rows = RuntimeSession.objects.filter(pk=session_id, revoked_at=None)
        stream_id = rows.values_list("stream_id", flat=True).first()
        if stream_id is not None and rows.update(revoked_at=now):
            transaction.on_commit(lambda: poke(stream_id))


# --- tokens ---


def _claims(token: str | None, now: datetime) -> SessionClaims:
    try:
        return read_session(token or "", secret=_secret(), now=now)
    except SessionTokenExpired:
        raise session_token_expired() from None
    except SessionTokenInvalid:
        raise session_token_invalid() from None


def _by_token(
    asked: OpenSession, now: datetime
) -> tuple[RuntimeSession | None, SessionTokenExpired | SessionTokenInvalid | None]:
    """The session that the token is of, and why it alone does not open it. One that expired long ago, or is
    another session's than the one asked for, proves nothing."""
    if asked.session_token is None:
        return None, None
    try:
        claims = read_session(asked.session_token, secret=_secret(), now=now, grace=PROOF_LIFETIME)
        is_another = asked.session_id is not None and asked.session_id != claims.sid
        session = None if claims.is_stream or is_another else _stored(claims)
    except SessionTokenExpired:
        return None, session_token_expired()
    except SessionTokenInvalid:
        return None, session_token_invalid()
    if session is None:
        return None, session_token_invalid()
    return session, session_token_expired() if claims.expires_at <= now else None


def _stored(claims: SessionClaims) -> RuntimeSession | None:
    """The session of these claims. Raises SessionTokenInvalid for one that was revoked."""
    rows = RuntimeSession.objects.select_related("site", "key__site__config", "run")
    session = rows.filter(pk=claims.sid, site__public_id=claims.site_id).first()
    if session is not None and session.revoked_at is not None:
        raise session_token_invalid()
    return session


def _secret() -> bytes:
    return settings.SECRET_KEY.encode()


# --- the two ways in ---


def _refreshed(session: RuntimeSession, asked: OpenSession, origin: str, now: datetime) -> Opened:
    """The session with a new token. A page on another host of the site may go on with it."""
    page = asked.url or asked.host or asked.page_url
    host = _host(page, origin) if page or origin else session.host
    if host is None:
        raise HostNotAllowed("The page and its Origin are of two hosts.", host=parse_host(origin) or "")
    if asked.site_id is not None and asked.site_id != session.site.public_id:
        raise SiteMismatch("The session is another site's.")
    return _opened(session, _ruling(session, host, now), host, now)


def _bootstrapped(boot: Bootstrap, known: RuntimeSession | None, origin: str, now: datetime) -> Opened:
    admission = _admitted(boot, origin, now)
    key = admission.key
    assert key is not None  # an unknown one is not admitted  # noqa: S101
    if known is not None and known.site_id == key.site_id:
        known.key = key
        return _opened(known, reception_of(key), admission.host, now)
    session = RuntimeSession(
        id=ID_PREFIX + secrets.token_urlsafe(18),
        site=key.site,
        key=key,
        host=admission.host,
        created_at=now,
        seen_at=now,
    )
    return _opened(session, reception_of(key), admission.host, now)


def _opened(session: RuntimeSession, reception: Reception, host: str, now: datetime) -> Opened:
    session.host, session.seen_at = host, now
    with write_transaction():
        if session._state.adding:
            session.save(force_insert=True)
        else:
            fields = {"host": host, "seen_at": now, "key": session.key}
            RuntimeSession.objects.filter(pk=session.pk).update(**fields)
    expires_at = now + LIFETIME
    claims = SessionClaims(sid=session.id, site_id=session.site.public_id, host=host, expires_at=expires_at)
    return Opened(
        session=session,
        reception=reception,
        expires_at=expires_at,
        token=sign_session(claims, secret=_secret()),
        stream_token=sign_session(replace(claims, is_stream=True), secret=_secret()),
    )


def _named(opened: Opened, asked: OpenSession) -> Opened:
    """Keep who the page says is there, if it does."""
    if asked.visitor and asked.visitor != opened.session.visitor:
        with write_transaction():
            RuntimeSession.objects.filter(pk=opened.session.pk).update(visitor=asked.visitor)
    return opened


# --- what the owner says ---


def _admitted(boot: Bootstrap, origin: str, now: datetime) -> Admission:
    """The key's admission to the page's host, which counts it for the owner, or its refusal."""
    if boot.key.startswith(SECRET_PREFIX):
        raise SecretKeyNotAllowed(
            "This is the site's secret key; a page must never hold it.",
            next_action="Replace it in the page by the pk_site_ key, and make a new secret key.",
        )
    if not boot.key.startswith(PUBLIC_PREFIX):
        raise _unknown()
    is_one = _host(boot.page, origin) is not None
    # of two hosts the one that the browser tells counts, so that the owner sees whose page it is
    admission = key_admit(value=boot.key, url=boot.page if is_one else origin, capability=EMBED, now=now)
    _check_admission(admission, boot)
    if not is_one:
        raise HostNotAllowed("The page and its Origin are of two hosts.", host=parse_host(origin) or "")
    return admission


def _check_admission(admission: Admission, boot: Bootstrap) -> None:
    if admission.key is None:
        raise _unknown()
    if admission.reason in _REASONS.values():
        raise InvalidApiKey(admission.message, reason=admission.reason)
    if admission.key.site.public_id != boot.site_id:
        raise SiteMismatch("The key is another site's.")
    if admission.key.capabilities.get(EMBED) is not True:
        raise Missing(f"missing capability: {EMBED}", capability=EMBED)
    if admission.reason:
        raise HostNotAllowed(admission.message, host=admission.host)


def _unknown() -> InvalidApiKey:
    return InvalidApiKey("This key is not known here.", reason="unknown_key")


def _host(page: str | None, origin: str) -> str | None:
    """The host of a page; None when its browser says that it is another, or hides where it is."""
    if origin == "null":
        return None
    host = parse_host(page) if page else None
    said = parse_host(origin) if origin else None
    return said if host is None else host if said in (None, host) else None


def _ruling(session: RuntimeSession, host: str, now: datetime) -> Reception:
    """The site by whose rules the session goes on, while its key still says so."""
    key = session.key
    state = "revoked" if key is None else key_state(key, now)
    if key is None or state not in _LIVE:
        raise InvalidApiKey(f"The site's key is {state}.", reason=_REASONS[state])
    reception = reception_of(key)
    if key.capabilities.get(EMBED) is not True:
        raise Missing(f"missing capability: {EMBED}", capability=EMBED)
    if not reception.scope.covers(host):
        raise HostNotAllowed("The site's key is not for this host.", host=host)
    return reception
