from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.fetching.addresses import IPAddress
from tasks.fetching.errors import DnsFailed, FetchError, InvalidUrl, SsrfDenied
from tasks.fetching.limits import Limits
from tasks.fetching.ports import REFUSED_PORTS
from tasks.fetching.screening import (
    METADATA_NAMES,
    Allowed,
    Level,
    Rejected,
    SsrfPolicy,
    Verdict,
    denied,
    screen_addresses,
    screen_url,
)
from tasks.fetching.urls import parse
from tests.fetching.ssrf_vectors import LEVELS, PUBLIC, VECTORS, Vector, make_project

HOP_LIMIT_VECTOR = 149  # decided by the follower of redirects, not by the policy

at_every_level = pytest.mark.parametrize("level", LEVELS)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("files"))


def fetch_verdict(
    policy: SsrfPolicy, hops: Sequence[str], answers: Sequence[Sequence[str]]
) -> Verdict | InvalidUrl:
    """What the last hop of a chain gives; every hop before it is a public name that must pass."""
    base: str | None = None
    verdict: Verdict = Rejected(reason="nothing screened", host="")
    for hop, location in enumerate(hops):
        try:
            url = parse(location, base)
        except InvalidUrl as error:
            return error
        base = url.href
        verdict = screen_url(policy, url, hop)
        if hop < len(hops) - 1:
            assert isinstance(verdict, Allowed)
            verdict = screen_addresses(policy, url, [PUBLIC])
            assert isinstance(verdict, Allowed)
        elif verdict == Allowed(reason="name") or verdict == Allowed(reason="loopback"):
            for found in answers:
                verdict = screen_addresses(policy, url, found)
    return verdict


@pytest.mark.parametrize("vector", [v for v in VECTORS if v.number != HOP_LIMIT_VECTOR], ids=lambda v: v.id)
@at_every_level
def test_every_vector_gets_its_verdict_and_reason(vector: Vector, level: str, root: Path) -> None:
    policy = SsrfPolicy(level=Level(level), project_root=root)
    hops = [
        hop.replace("{root}", str(root)).replace("{outside}", str(root.parent / "outside"))
        for hop in vector.hops
    ]
    verdict = fetch_verdict(policy, hops, vector.answers)
    if isinstance(verdict, InvalidUrl):
        outcome = (False, verdict.data["reason"])
    else:
        outcome = (isinstance(verdict, Allowed), verdict.reason)
    assert outcome == (vector.is_allowed(level), vector.reason_at(level))


def test_the_table_has_150_rows() -> None:
    assert [vector.number for vector in VECTORS] == list(range(1, 151))


def test_the_hop_limit_vector_has_one_hop_more_than_the_default_limit() -> None:
    vector = next(vector for vector in VECTORS if vector.number == HOP_LIMIT_VECTOR)
    assert len(vector.hops) - 1 == Limits().redirects + 1


@pytest.mark.parametrize(("level", "is_allowed"), [("strict", False), ("loopback", False), ("lan", True)])
def test_one_private_address_behind_63_public_ones_decides(level: str, is_allowed: bool) -> None:
    addresses = [f"93.184.216.{n}" for n in range(63)] + ["192.168.1.1"]
    verdict = screen_addresses(SsrfPolicy(level=Level(level)), parse("http://many.example/"), addresses)
    assert isinstance(verdict, Allowed) is is_allowed


@settings(max_examples=200)
@given(
    st.lists(
        st.ip_addresses().map(str) | st.sampled_from(["10.0.0.1", "127.0.0.1", "::1", PUBLIC]), max_size=4
    )
)
def test_a_wider_level_never_refuses_what_a_narrower_one_allows(addresses: list[str]) -> None:
    url = parse("http://name.example/")
    verdicts = [screen_addresses(SsrfPolicy(level=level), url, addresses) for level in Level]
    allowed = [isinstance(verdict, Allowed) for verdict in verdicts]
    assert allowed == sorted(allowed)


@settings(max_examples=200)
@given(st.lists(st.ip_addresses().map(str), min_size=1, max_size=4), st.sampled_from(list(Level)))
def test_a_set_passes_exactly_if_each_address_passes_alone(addresses: list[str], level: Level) -> None:
    url, policy = parse("http://name.example/"), SsrfPolicy(level=level)
    alone = [isinstance(screen_addresses(policy, url, [address]), Allowed) for address in addresses]
    assert isinstance(screen_addresses(policy, url, addresses), Allowed) is all(alone)


@settings(max_examples=200)
@given(st.ip_addresses(), st.sampled_from(list(Level)))
def test_a_literal_is_judged_as_if_it_came_out_of_dns(address: IPAddress, level: Level) -> None:
    policy = SsrfPolicy(level=level)
    host = f"[{address}]" if address.version == 6 else str(address)
    url = parse(f"http://{host}/")
    assert screen_url(policy, url) == screen_addresses(policy, url, [str(address)])


@pytest.mark.parametrize(
    ("refusal", "opened_by"),
    [
        ("http://127.0.0.1/", Level.LOOPBACK),
        ("file:///etc/hosts", Level.PROJECT),
        ("http://10.0.0.1/", Level.LAN),
        ("http://100.64.0.1/", Level.NONE),
        ("http://8.8.8.8:22/", Level.NONE),
        ("http://169.254.1.1/", None),
        ("http://8.8.8.8:0/", None),
        ("ftp://example.com/", None),
    ],
)
def test_a_refusal_names_the_first_level_that_would_allow_it(refusal: str, opened_by: Level | None) -> None:
    verdict = screen_url(SsrfPolicy(), parse(refusal))
    assert isinstance(verdict, Rejected)
    assert verdict.opened_by is opened_by


@at_every_level
@pytest.mark.parametrize(
    "scoped", ["fe80::1%eth0", "ff02::1%2", "2606:4700::1111%eth0", "fd00::1%lo", "::1%lo"]
)
def test_an_address_with_a_zone_is_refused(scoped: str, level: str) -> None:
    verdict = screen_addresses(SsrfPolicy(level=Level(level)), parse("http://name.example/"), [scoped])
    assert isinstance(verdict, Rejected)


@at_every_level
@pytest.mark.parametrize("answer", ["", "internal.example", "127.1", "1.2.3.4.5", "8.8.8.8 "])
def test_an_answer_that_is_no_address_is_a_dns_failure(answer: str, level: str) -> None:
    verdict = screen_addresses(
        SsrfPolicy(level=Level(level)), parse("http://name.example/"), [PUBLIC, answer]
    )
    assert verdict == Rejected(reason="dns_failed", host="name.example")


@at_every_level
@pytest.mark.parametrize("name", sorted(METADATA_NAMES))
def test_a_metadata_name_is_refused_without_dns(name: str, level: str) -> None:
    verdict = screen_url(SsrfPolicy(level=Level(level)), parse(f"http://{name.upper()}./"))
    assert verdict == Rejected(reason=METADATA_NAMES[name], host=name)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "a.b.localhost", "ⓛocalhost"])
def test_localhost_names_are_loopback_without_dns(host: str) -> None:
    verdict = screen_url(SsrfPolicy(), parse(f"http://{host}/"))
    assert isinstance(verdict, Rejected)
    assert verdict.reason == "loopback"


@pytest.mark.parametrize("host", ["localhost.example", "notlocalhost", "metadata.google.internal.example"])
def test_a_name_that_only_looks_special_is_left_to_dns(host: str) -> None:
    assert screen_url(SsrfPolicy(), parse(f"http://{host}/")) == Allowed(reason="name")


def test_a_localhost_name_that_resolves_elsewhere_is_judged_by_the_address() -> None:
    policy = SsrfPolicy(level=Level.LOOPBACK)
    verdict = screen_addresses(policy, parse("http://app.localhost/"), ["10.0.0.1"])
    assert isinstance(verdict, Rejected)


@pytest.mark.parametrize("port", sorted(REFUSED_PORTS))
def test_a_refused_port_is_open_only_without_a_policy(port: int) -> None:
    url = parse(f"http://example.com:{port}/")
    allowed = [level for level in Level if isinstance(screen_url(SsrfPolicy(level=level), url), Allowed)]
    assert allowed == [Level.NONE]


@pytest.mark.parametrize("port", [80, 443, 591, 3000, 5000, 8000, 8008, 8080, 8443, 8888, 9443, 32768, 65535])
def test_a_usual_web_port_is_allowed(port: int) -> None:
    assert screen_url(SsrfPolicy(), parse(f"http://example.com:{port}/")) == Allowed(reason="name")


def test_an_exempted_metadata_address_is_judged_by_its_network() -> None:
    exempt = frozenset({ip_address("100.100.100.200")})
    url = parse("http://100.100.100.200/")
    reasons = [
        screen_url(SsrfPolicy(level=level, allowed_metadata=exempt), url).reason
        for level in (Level.LAN, Level.NONE)
    ]
    assert reasons == ["shared_cgnat", "shared_cgnat"]


def test_an_exempted_link_local_address_stays_on_the_floor() -> None:
    address = ip_address("169.254.169.254")
    policy = SsrfPolicy(level=Level.NONE, allowed_metadata=frozenset({address}))
    assert isinstance(screen_url(policy, parse("http://169.254.169.254/")), Rejected)


def test_a_metadata_address_of_the_operator_is_refused_at_every_level() -> None:
    own = frozenset({ip_address("93.184.216.34")})
    policy = SsrfPolicy(level=Level.NONE, metadata_addresses=own)
    verdict = screen_addresses(policy, parse("http://name.example/"), ["::ffff:93.184.216.34"])
    assert verdict.reason == "mapped_metadata"


def refusal(
    address: str, answers: Sequence[str] = (), level: Level = Level.STRICT, hop: int = 0
) -> FetchError:
    policy, url = SsrfPolicy(level=level), parse(address)
    verdict = screen_url(policy, url, hop)
    if isinstance(verdict, Allowed):
        verdict = screen_addresses(policy, url, answers)
    assert isinstance(verdict, Rejected)
    return denied(verdict, policy=policy, url=url, hop=hop)


def test_a_refusal_is_an_error_with_reason_level_host_and_hop() -> None:
    error = refusal("http://inner.example/", ["10.1.2.3"], Level.LOOPBACK, hop=2)
    assert (type(error), error.data) == (
        SsrfDenied,
        {"reason": "private", "level": "loopback", "host": "inner.example", "hop": 2},
    )


def test_an_error_tells_no_address_that_came_out_of_dns() -> None:
    error = refusal("http://inner.example/", ["10.1.2.3"])
    assert "10.1.2.3" not in f"{error.message} {error.next_action} {error.data}"


def test_an_error_says_which_level_would_allow_it() -> None:
    assert "'lan'" in str(refusal("http://inner.example/", ["10.1.2.3"]).next_action)


def test_an_error_on_the_floor_gives_no_advice() -> None:
    assert refusal("http://169.254.169.254/").next_action is None


def test_a_name_without_addresses_is_a_dns_failure() -> None:
    error = refusal("http://name.example/", [])
    assert (type(error), error.data["reason"]) == (DnsFailed, "dns_failed")


def test_a_url_value_without_a_host_is_an_invalid_url() -> None:
    policy, url = SsrfPolicy(), replace(parse("http://name.example/"), host="")
    verdict = screen_url(policy, url)
    assert isinstance(verdict, Rejected)
    assert isinstance(denied(verdict, policy=policy, url=url), InvalidUrl)
