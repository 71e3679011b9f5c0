import datetime
import ssl
from collections.abc import AsyncIterator, Callable

import pytest
import trustme

from tasks.fetching.dialing import shared_ssl_context
from tasks.fetching.errors import ConnectFailed, FetchError, FetchTimeout, SsrfDenied, TlsFailed
from tasks.fetching.fetcher import Fetcher
from tasks.fetching.limits import Limits
from tasks.fetching.screening import SsrfPolicy
from tasks.fetching.urls import parse
from tests.fetching.hostile_site import HostileSite, Names, Peer, answer, fetcher, redirect

NAME = "secure.example"
NAMES = Names({NAME: [("127.0.0.1",)], "other.example": [("127.0.0.1",)]})
YESTERDAY = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """What the fetcher trusts: this authority only."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    context.set_alpn_protocols(["http/1.1"])
    return context


class Presented:
    """A server context, with the names that clients asked for."""

    def __init__(self, certificate: trustme.LeafCert, *, with_intermediate: bool = True) -> None:
        self.asked_for: list[str | None] = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if with_intermediate:
            certificate.configure_cert(self.context)
        else:
            leaf, key = certificate.cert_chain_pems[0], certificate.private_key_pem
            with leaf.tempfile() as leaf_path, key.tempfile() as key_path:
                self.context.load_cert_chain(leaf_path, key_path)
        self.context.sni_callback = lambda _socket, name, _context: self.asked_for.append(name)


@pytest.fixture
def presented(authority: trustme.CA) -> Presented:
    return Presented(authority.issue_cert(NAME))


@pytest.fixture
async def site(presented: Presented) -> AsyncIterator[HostileSite]:
    async with HostileSite(ssl_context=presented.context) as site:
        yield site.route("/", answer(b"secure page"))


async def failure(context: ssl.SSLContext, trusting: ssl.SSLContext) -> FetchError:
    async with HostileSite(ssl_context=context) as site, fetcher(NAMES, ssl_context=trusting) as fetch:
        with pytest.raises(FetchError) as caught:
            await fetch.fetch(site.url(host=NAME))
        assert site.requests == []
    return caught.value


async def test_sni_host_and_certificate_go_by_the_name_though_the_dial_goes_to_an_address(
    site: HostileSite, presented: Presented, trusting: ssl.SSLContext
) -> None:
    async with fetcher(NAMES, ssl_context=trusting) as fetch:
        page = await fetch.fetch(site.url(host=NAME))

    assert page.body == b"secure page"
    assert presented.asked_for == [NAME]
    assert site.requests[0].headers["host"] == f"{NAME}:{site.port}"


async def test_a_secure_connection_is_kept_and_closed_like_any_other(
    site: HostileSite, trusting: ssl.SSLContext
) -> None:
    async with fetcher(NAMES, ssl_context=trusting) as fetch:
        for _ in range(3):
            await fetch.fetch(site.url(host=NAME))
        assert site.n_connections == 1

    await site.until(lambda: site.n_open == 0)


async def test_a_trailing_dot_of_the_name_does_not_matter(
    site: HostileSite, presented: Presented, trusting: ssl.SSLContext
) -> None:
    async with fetcher(NAMES, ssl_context=trusting) as fetch:
        await fetch.fetch(parse(f"https://{NAME}.:{site.port}/"))

    assert presented.asked_for == [NAME]


async def test_a_large_secure_body_passes_whole(site: HostileSite, trusting: ssl.SSLContext) -> None:
    body = bytes(range(256)) * 10_000
    site.route("/", answer(body))

    async with fetcher(NAMES, ssl_context=trusting) as fetch:
        assert (await fetch.fetch(site.url(host=NAME))).body == body


async def test_an_address_literal_is_checked_as_an_address(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    presented = Presented(authority.issue_cert("127.0.0.1"))
    async with HostileSite(ssl_context=presented.context) as site, fetcher(ssl_context=trusting) as fetch:
        site.route("/", answer(b"by address"))

        assert (await fetch.fetch(site.url())).body == b"by address"


# --- refused certificates ---


def expired(authority: trustme.CA) -> Presented:
    long_ago = YESTERDAY - datetime.timedelta(days=9)
    return Presented(authority.issue_cert(NAME, not_before=long_ago, not_after=YESTERDAY))


def by_a_stranger(authority: trustme.CA) -> Presented:
    return Presented(trustme.CA().issue_cert(NAME))


def without_intermediate(authority: trustme.CA) -> Presented:
    return Presented(authority.create_child_ca().issue_cert(NAME), with_intermediate=False)


def for_another_name(authority: trustme.CA) -> Presented:
    return Presented(authority.issue_cert("elsewhere.example"))


def for_the_address_only(authority: trustme.CA) -> Presented:
    return Presented(authority.issue_cert("127.0.0.1"))


@pytest.mark.parametrize(
    ("present", "reason"),
    [
        (expired, "expired"),
        (by_a_stranger, "unknown_issuer"),
        (without_intermediate, "unknown_issuer"),
        (for_another_name, "wrong_name"),
        (for_the_address_only, "wrong_name"),
    ],
)
async def test_a_bad_certificate_is_refused_once_and_for_all(
    authority: trustme.CA, trusting: ssl.SSLContext, present: Callable[[trustme.CA], Presented], reason: str
) -> None:
    presented = present(authority)

    error = await failure(presented.context, trusting)

    assert (type(error), error.retryable, error.data) == (TlsFailed, False, {"reason": reason})
    assert presented.asked_for == [NAME]


async def test_a_self_signed_certificate_is_refused(trusting: ssl.SSLContext) -> None:
    stranger = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with stranger.cert_pem.tempfile() as certificate, stranger.private_key_pem.tempfile() as key:
        context.load_cert_chain(certificate, key)

    error = await failure(context, trusting)

    assert isinstance(error, TlsFailed)
    assert error.data == {"reason": "self_signed"}


async def test_an_authority_of_nobody_is_not_trusted_by_default(presented: Presented) -> None:
    error = await failure(presented.context, shared_ssl_context())

    assert isinstance(error, TlsFailed)


# --- bad hand-shakes ---


async def plain_failure(
    site: HostileSite, trusting: ssl.SSLContext, limits: Limits | None = None
) -> FetchError:
    async with fetcher(NAMES, ssl_context=trusting, limits=limits) as fetch:
        with pytest.raises(FetchError) as caught:
            await fetch.fetch(parse(f"https://{NAME}:{site.port}/"))
    await site.until(lambda: site.n_open == 0)
    assert site.requests == []
    return caught.value


async def test_a_server_that_knows_only_old_tls_versions_is_refused(trusting: ssl.SSLContext) -> None:
    async def protocol_version_alert(peer: Peer) -> None:
        await peer.reader.read(5)
        await peer.send(b"\x15\x03\x01\x00\x02\x02\x46")  # RFC 5246 section 7.2: fatal, 70
        peer.close()

    async with HostileSite() as site:
        site.on_connect = protocol_version_alert
        error = await plain_failure(site, trusting)

    assert isinstance(error, TlsFailed)


async def test_a_server_that_speaks_plain_http_is_not_asked_in_clear(trusting: ssl.SSLContext) -> None:
    async def shout(peer: Peer) -> None:
        await peer.reader.read(5)
        await peer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        peer.close()

    async with HostileSite() as site:
        site.on_connect = shout
        error = await plain_failure(site, trusting)

    assert isinstance(error, TlsFailed)


async def test_an_answer_in_clear_before_the_hand_shake_is_not_taken(trusting: ssl.SSLContext) -> None:
    async def shout_first(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        await peer.until_gone()

    async with HostileSite() as site:
        site.on_connect = shout_first
        error = await plain_failure(site, trusting)

    assert isinstance(error, TlsFailed | ConnectFailed)


async def test_a_hand_shake_that_never_ends_times_out_as_connect(trusting: ssl.SSLContext) -> None:
    async with HostileSite() as site:
        site.on_connect = Peer.until_gone
        error = await plain_failure(site, trusting, limits=Limits(connect_seconds=0.1))

    assert isinstance(error, FetchTimeout)
    assert error.data["phase"] == "connect"


@pytest.mark.parametrize("end", ["close", "reset"])
async def test_a_hand_shake_broken_off_is_a_connect_failure(trusting: ssl.SSLContext, end: str) -> None:
    async def break_off(peer: Peer) -> None:
        await peer.reader.read(5)
        getattr(peer, end)()

    async with HostileSite() as site:
        site.on_connect = break_off
        error = await plain_failure(site, trusting)

    assert isinstance(error, ConnectFailed)


# --- policy under TLS ---


async def test_a_refused_address_is_refused_before_the_hand_shake(
    site: HostileSite, trusting: ssl.SSLContext
) -> None:
    names = Names({NAME: [("127.0.0.1", "10.0.0.5")]})
    async with fetcher(names, ssl_context=trusting) as fetch:
        with pytest.raises(SsrfDenied):
            await fetch.fetch(site.url(host=NAME))

    assert site.n_connections == 0


async def test_a_step_down_to_http_is_followed_and_reported(
    site: HostileSite, trusting: ssl.SSLContext
) -> None:
    async with HostileSite() as plain:
        site.route("/", redirect(plain.href("/"), "Set-Cookie: sid=secret"))
        plain.route("/", answer(b"in clear"))
        async with fetcher(NAMES, ssl_context=trusting) as fetch:
            page = await fetch.fetch(site.url(host=NAME), headers={"Authorization": "Bearer s3cret"})

    assert (page.body, page.downgraded) == (b"in clear", True)
    assert not {"authorization", "cookie"} & set(plain.requests[0].headers)


async def test_a_step_up_to_https_is_no_downgrade(site: HostileSite, trusting: ssl.SSLContext) -> None:
    async with HostileSite() as plain:
        plain.route("/", redirect(site.href("/", host=NAME)))
        async with fetcher(NAMES, ssl_context=trusting) as fetch:
            page = await fetch.fetch(plain.url())

    assert not page.downgraded


@pytest.mark.parametrize("weaken", ["check_hostname", "verify_mode"])
def test_a_context_that_does_not_verify_is_refused(weaken: str) -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    if weaken == "verify_mode":
        context.verify_mode = ssl.CERT_NONE

    with pytest.raises(ValueError, match="verified"):
        Fetcher(policy=SsrfPolicy(), resolver=NAMES, user_agent="x", ssl_context=context)


def test_the_context_is_built_once_and_verifies() -> None:
    context = shared_ssl_context()

    assert context is shared_ssl_context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
