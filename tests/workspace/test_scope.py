"""Who is in scope: the numbered table, and laws that hold for every list and host."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workspace.scope_vectors import INFERRED, TRUTH_TABLE, VECTORS, WITHOUT_LIST, H, R, Vector
from workspace.core.hosts import parse_host
from workspace.core.patterns import ScopeMode, validate_patterns
from workspace.core.scope import Scope, in_scope_without_list, inferred_pattern


def test_table_is_whole() -> None:
    assert [vector.number for vector in VECTORS] == list(range(1, 107))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector.number))
def test_vector(vector: Vector) -> None:
    assert Scope.compile(vector.patterns, vector.mode).decide(vector.text).in_scope is vector.in_scope


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector.number))
def test_vector_by_its_host_alone(vector: Vector) -> None:
    host = parse_host(vector.text)
    assert (host is not None and Scope.compile(vector.patterns, vector.mode).covers(host)) is vector.in_scope


@pytest.mark.parametrize(("rule", "mode", "host", "in_scope"), TRUTH_TABLE)
def test_truth_table_of_the_host_tester(rule: str, mode: ScopeMode, host: str, in_scope: bool) -> None:
    assert Scope.compile([rule], mode).decide(host).in_scope is in_scope


@pytest.mark.parametrize(("host", "current", "mode", "in_scope"), WITHOUT_LIST)
def test_scope_without_a_list(host: str, current: str | None, mode: ScopeMode, in_scope: bool) -> None:
    assert in_scope_without_list(host, current, mode) is in_scope


@pytest.mark.parametrize(("current", "mode", "pattern"), INFERRED)
def test_pattern_that_stands_for_a_missing_list(current: str, mode: ScopeMode, pattern: str | None) -> None:
    assert inferred_pattern(current, mode) == pattern


@pytest.mark.parametrize(
    "text",
    ["ftp://a.example", "javascript:1", "data:80", "tel:5551", "blob:https://a.example/1", "ws://a.example"],
)
def test_pattern_for_every_host_admits_no_other_scheme(text: str) -> None:
    decision = Scope.compile(["*"], R).decide(text)
    assert (decision.in_scope, decision.reason, decision.host) == (False, "scheme", None)


@pytest.mark.parametrize("stored", [[], ["="], ["com"], ["exa mple.com", "*."], [None, 5, {}]])
@pytest.mark.parametrize("mode", ScopeMode)
def test_list_without_a_usable_entry_puts_nothing_in_scope(stored: list[object], mode: ScopeMode) -> None:
    decision = Scope.compile(stored, mode).decide("https://example.com/")
    assert (decision.in_scope, decision.reason) == (False, "nothing_listed")


def test_unusable_entry_does_not_spoil_its_neighbours() -> None:
    scope = Scope.compile(["com", None, "example.com"], R)
    assert scope.covers("www.example.com")


@pytest.mark.parametrize(
    ("patterns", "text", "raw"),
    [
        (["example.com", "=www.example.com"], "www.example.com", "example.com"),
        (["=www.example.com", "example.com"], "www.example.com", "=www.example.com"),
        (["*", "example.com"], "example.com", "*"),
        (["*.a.example.com", "example.com"], "x.a.example.com", "*.a.example.com"),
        (["example.com", "*.a.example.com"], "x.a.example.com", "example.com"),
        (["https://Example.com/x"], "example.com", "https://Example.com/x"),
    ],
)
def test_decision_names_the_first_entry_that_covers_the_host(
    patterns: list[str], text: str, raw: str
) -> None:
    decision = Scope.compile(patterns, R).decide(text)
    assert (decision.reason, decision.pattern, decision.closest, decision.fix) == ("matched", raw, None, None)


# As long as a name can be, so that no mark fits before it.
LONGEST = f"{'a.' * 121}example.com"


@pytest.mark.parametrize(
    ("patterns", "mode", "text", "closest", "fix"),
    [
        (["example.org", "example.com"], H, "www.example.com", "example.com", "=www.example.com"),
        (["*.example.com"], R, "example.com", "*.example.com", "=example.com"),
        (
            ["=b.example.com", "=a.x.example.com"],
            R,
            "y.x.example.com",
            "=a.x.example.com",
            "=y.x.example.com",
        ),
        (["alice.github.io"], R, "bob.github.io", "alice.github.io", "=bob.github.io"),
        (["example.com"], R, "example.org", None, "=example.org"),
        (["127.0.0.1"], R, "127.0.0.2", None, "=127.0.0.2"),
        (["localhost"], R, "[::1]", None, "=::1"),
        (["*.localhost"], R, "localhost", "*.localhost", "=localhost"),
        (["example.com"], R, "intranet", None, None),
        (["example.com"], R, "example.com.evil.net", "example.com", None),
        (["example.com"], R, "notexample.com", "example.com", None),
        (["t.co"], R, "alt.company", None, "=alt.company"),
        (["t.co"], R, "t.co.evil.net", "t.co", None),
        (["example.com"], R, "other.com", None, "=other.com"),
        (["example.co.uk"], R, "other.co.uk", "example.co.uk", "=other.co.uk"),
        (["alice.github.io"], R, "github.io", None, "=github.io"),
        (["example.com"], H, LONGEST, "example.com", None),
    ],
)
def test_refusal_names_what_came_closest_and_what_would_help(
    patterns: list[str], mode: ScopeMode, text: str, closest: str | None, fix: str | None
) -> None:
    decision = Scope.compile(patterns, mode).decide(text)
    assert (decision.reason, decision.pattern, decision.closest, decision.fix) == (
        "no_pattern",
        None,
        closest,
        fix,
    )


@pytest.mark.parametrize(
    ("patterns", "text", "message"),
    [
        (["https://Example.com/\u202e"], "www.example.com", "www.example.com is allowed by example.com."),
        (
            ["example.com"],
            "mailto:x@example.com",
            "Only http and https can be in scope, and this address is mailto.",
        ),
        (["example.com"], "https://", "This is no address with a valid host, so it is out of scope."),
        ([], "example.com", "The list has no usable entry, so example.com is out of scope."),
        (["=a.example.com"], "b.example.com", "No entry covers b.example.com; =a.example.com comes closest."),
        (
            ["a.github.io"],
            "b.github.io",
            "No entry covers b.github.io; a.github.io shares github.io, as many owners do.",
        ),
        (["a.example"], "b.test", "No entry covers b.test."),
        (
            ["example.com"],
            "www.example.com.evil.net",
            "www.example.com.evil.net only looks like example.com: it belongs to evil.net, which no entry covers.",
        ),
    ],
)
def test_decision_explains_itself(patterns: list[str], text: str, message: str) -> None:
    assert Scope.compile(patterns, R).decide(text).message == message


def test_no_host_is_in_no_scope() -> None:
    assert not Scope.compile(["*", "example.com"], R).covers("")


@pytest.mark.parametrize(
    "text", ["", "exa mple.com", "1.127.0.0.1", "/path", "https://", "\ud800", "a" * 10_000]
)
def test_text_without_a_host_is_refused_as_such(text: str) -> None:
    decision = Scope.compile(["*"], R).decide(text)
    assert (decision.in_scope, decision.reason, decision.host, decision.fix) == (False, "no_host", None, None)


LABELS = st.sampled_from(["a", "b", "ab", "example"])
HOSTS = st.lists(LABELS, min_size=1, max_size=4).map(lambda labels: ".".join([*labels, "lan"]))
ENTRIES = st.builds("{}{}".format, st.sampled_from(["", "=", "*."]), HOSTS) | st.just("*")
LISTS = st.lists(ENTRIES, max_size=3)
PLAIN_LISTS = st.lists(HOSTS, max_size=3)
MODES = st.sampled_from(ScopeMode)


def slow_covers(patterns: list[str], mode: ScopeMode, host: str) -> bool:
    """The rule by the definition, label by label."""
    return any(_matches(pattern, mode, host.split(".")) for pattern in patterns)


def _matches(pattern: str, mode: ScopeMode, host: list[str]) -> bool:
    if pattern == "*":
        return True
    if pattern.startswith("="):
        return pattern[1:].split(".") == host
    is_below_only = pattern.startswith("*.")
    name = pattern.removeprefix("*.").split(".")
    if name == host:
        return not is_below_only
    is_below = len(host) > len(name) and all(
        host[-place] == name[-place] for place in range(1, len(name) + 1)
    )
    return is_below and (is_below_only or mode == "registrable_domain")


def test_scope_is_what_the_definition_says() -> None:
    outcomes: Counter[tuple[ScopeMode, bool]] = Counter()

    @settings(max_examples=400, deadline=None)
    @given(LISTS, MODES, HOSTS)
    def agrees(patterns: list[str], mode: ScopeMode, host: str) -> None:
        expected = slow_covers(patterns, mode, host)
        scope = Scope.compile(patterns, mode)
        assert scope.covers(host) is expected
        assert scope.decide(f"https://{host}/").in_scope is expected
        outcomes[mode, expected] += 1

    agrees()
    assert all(outcomes[mode, expected] >= 10 for mode in ScopeMode for expected in (True, False)), outcomes


@settings(deadline=None)
@given(LISTS, ENTRIES | st.text(max_size=20), st.integers(0, 3), MODES, HOSTS)
def test_another_entry_never_takes_a_host_out_of_scope(
    patterns: list[str], entry: str, place: int, mode: ScopeMode, host: str
) -> None:
    more = [*patterns[:place], entry, *patterns[place:]]
    assert Scope.compile(patterns, mode).covers(host) <= Scope.compile(more, mode).covers(host)


@settings(deadline=None)
@given(PLAIN_LISTS, HOSTS)
def test_the_wider_mode_has_all_of_the_narrower_one(patterns: list[str], host: str) -> None:
    assert Scope.compile(patterns, H).covers(host) <= Scope.compile(patterns, R).covers(host)


@settings(deadline=None)
@given(LISTS, MODES, HOSTS | st.text(max_size=30))
def test_suggested_entry_can_be_saved_and_admits_the_host(
    patterns: list[str], mode: ScopeMode, text: str
) -> None:
    fix = Scope.compile(patterns, mode).decide(text).fix
    if fix is None:
        return
    saved = validate_patterns([fix], environment="test", ttl_days=1)
    assert Scope.compile([*patterns, *saved.normalized], mode).decide(text).in_scope


ODD = st.text(max_size=60) | st.lists(
    st.sampled_from(
        ["https://", "a.lan", ":", "@", "\\", "/", "[", "]", "::", "%", "\ud800", "。", "xn--", "*", "1"]
    ),
    max_size=8,
).map("".join)


@settings(deadline=None)
@given(LISTS | st.lists(ODD, max_size=3), MODES, ODD)
def test_every_text_gets_a_decision_with_its_reason(patterns: list[str], mode: ScopeMode, text: str) -> None:
    decision = Scope.compile(patterns, mode).decide(text)
    assert decision.message
    assert decision.in_scope == (decision.reason == "matched") == (decision.pattern is not None)
    assert decision.host == parse_host(text)
