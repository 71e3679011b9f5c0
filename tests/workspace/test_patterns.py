"""What a domain pattern says, and which ones a key may have."""

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workspace.scope_vectors import NORMALIZED, VECTORS, H, R, Vector
from workspace.core.patterns import (
    Coverage,
    InvalidPatterns,
    Pattern,
    PatternKind,
    PatternList,
    PatternProblem,
    ScopeMode,
    coverage,
    parse_pattern,
    validate_patterns,
)
from workspace.core.scope import Scope


def save(
    *entries: object, environment: str = "production", ttl_days: int = 0, allow_intranet: bool = False
) -> PatternList:
    return validate_patterns(
        entries, environment=environment, ttl_days=ttl_days, allow_intranet=allow_intranet
    )


def problems(
    *entries: object, environment: str = "production", ttl_days: int = 0
) -> tuple[PatternProblem, ...]:
    with pytest.raises(InvalidPatterns) as refusal:
        save(*entries, environment=environment, ttl_days=ttl_days)
    return refusal.value.problems


def read(raw: str) -> Pattern:
    pattern = parse_pattern(raw)
    assert pattern is not None
    return pattern


@pytest.mark.parametrize(("raw", "normalized"), NORMALIZED)
def test_normalised_form(raw: str, normalized: str) -> None:
    assert read(raw).normalized == normalized


@pytest.mark.parametrize(("raw", "normalized"), NORMALIZED)
def test_normalised_form_says_the_same_again(raw: str, normalized: str) -> None:
    once, twice = read(raw), read(normalized)
    assert (twice.normalized, twice.kind, twice.host) == (normalized, once.kind, once.host)


@pytest.mark.parametrize(
    ("raw", "kind", "host"),
    [
        ("*", PatternKind.ANY, ""),
        ("=example.com", PatternKind.EXACT, "example.com"),
        ("*.example.com", PatternKind.SUBDOMAINS, "example.com"),
        ("example.com", PatternKind.HOST_AND_SUBDOMAINS, "example.com"),
        ("127.0.0.1", PatternKind.EXACT, "127.0.0.1"),
        ("[::1]", PatternKind.EXACT, "::1"),
    ],
)
def test_kind_of_a_pattern(raw: str, kind: PatternKind, host: str) -> None:
    assert read(raw) == Pattern(raw, raw.strip("[]"), kind, host)


SOUND = [vector for vector in VECTORS if vector.refused is None]
UNSOUND = [vector for vector in VECTORS if vector.refused]


@pytest.mark.parametrize("vector", UNSOUND, ids=lambda vector: str(vector.number))
def test_vector_is_refused_when_it_is_saved(vector: Vector) -> None:
    codes = [found.code for found in problems(*vector.patterns, environment="test", ttl_days=30)]
    assert codes == [vector.refused]


@pytest.mark.parametrize("vector", UNSOUND, ids=lambda vector: str(vector.number))
def test_vector_that_cannot_be_saved_says_nothing(vector: Vector) -> None:
    assert [parse_pattern(raw) for raw in vector.patterns] == [None]


@pytest.mark.parametrize("vector", SOUND, ids=lambda vector: str(vector.number))
def test_vector_can_be_saved_and_its_stored_form_decides_the_same(vector: Vector) -> None:
    saved = save(*vector.patterns, environment="test", ttl_days=30, allow_intranet=True)
    assert Scope.compile(saved.normalized, vector.mode).decide(vector.text).in_scope is vector.in_scope


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("= ", "empty"),
        (None, "not_text"),
        (7, "not_text"),
        (["example.com"], "not_text"),
        ("exa mple.com", "unparsable"),
        ("a..b", "unparsable"),
        ("example.com:99999", "unparsable"),
        ("example.com:port", "unparsable"),
        ("/example.com", "unparsable"),
        ("xn--a.com", "unparsable"),
        ("com", "public_suffix"),
        ("*.vercel.app", "public_suffix"),
        ("https://github.io/", "public_suffix"),
        ("*..example.com", "leading_dot"),
        ("=.example.com", "leading_dot"),
        ("https://*.example.com", "wildcard_position"),
        ("*://example.com/*", "wildcard_position"),
        ("example.*", "wildcard_position"),
        ("*.127.0.0.1", "wildcard_position"),
        ("*.[::1]", "wildcard_position"),
        ("chrome-extension://abcdef", "scheme"),
        ("data:80", "scheme"),
        ("https://user@example.com", "userinfo"),
        ("me@example.com", "userinfo"),
        ("intranet", "single_label"),
        ("=intranet", "single_label"),
        ("*.intranet", "single_label"),
        ("=com", "single_label"),
        ("*", "any_outside_test"),
        ("a" * 64 + ".com", "too_long"),
        ("https://" + "a." * 130 + "com/x", "too_long"),
        ("x" * 100_000, "too_long"),
        ("*." + "a." * 121 + "example.com", "too_long"),
        ("localhost", "local_in_production"),
        ("localhost:3000", "local_in_production"),
        ("*.localhost", "local_in_production"),
        ("127.0.0.1", "local_in_production"),
        ("http://[::1]:8000/", "local_in_production"),
        ("0.0.0.0", "local_in_production"),
    ],
)
def test_entry_of_a_production_key_is_refused(raw: object, code: str) -> None:
    assert [found.code for found in problems(raw)] == [code]


@pytest.mark.parametrize(
    "raw", ["=github.io", "alice.github.io", "192.0.2.7", "a_b.example.com", "shop.test", "example.com/*"]
)
def test_entry_of_a_production_key_is_accepted(raw: str) -> None:
    assert save(raw).raw == (raw,)


@pytest.mark.parametrize("raw", ["localhost", "*.localhost", "127.0.0.1", "[::1]", "app.localhost"])
@pytest.mark.parametrize("environment", ["development", "test"])
def test_local_names_are_for_development_and_test_keys(raw: str, environment: str) -> None:
    assert save(raw, environment=environment).raw == (raw,)


@pytest.mark.parametrize("ttl_days", [1, 90])
def test_every_host_is_for_test_keys_that_end_soon(ttl_days: int) -> None:
    assert save("*", environment="test", ttl_days=ttl_days).normalized == ("*",)


@pytest.mark.parametrize(("environment", "ttl_days"), [("test", 0), ("test", 91), ("development", 30)])
def test_every_host_is_for_no_other_key(environment: str, ttl_days: int) -> None:
    codes = [found.code for found in problems("*", environment=environment, ttl_days=ttl_days)]
    assert codes == ["any_outside_test"]


def test_single_labels_are_for_flagged_keys() -> None:
    assert save("intranet", "*.printers", allow_intranet=True).normalized == ("intranet", "*.printers")


def test_all_problems_of_a_list_are_told_with_their_places() -> None:
    found = problems("example.com", "com", 5, "ftp://example.com")
    assert [(one.index, one.code, one.raw) for one in found] == [
        (1, "public_suffix", "com"),
        (2, "not_text", ""),
        (3, "scheme", "ftp://example.com"),
    ]


def test_problem_names_the_entry_and_the_way_out() -> None:
    (found,) = problems("localhost")
    assert found.message.startswith("localhost is the visitor's own machine.")
    assert "development key" in found.message


def test_problem_shows_hostile_text_short_and_on_one_line() -> None:
    (found,) = problems("a\nb\x1b[31m\u202e" + "c" * 1000)
    assert found.message.isprintable()
    assert len(found.message) < 200


def test_refusal_survives_pickling() -> None:
    with pytest.raises(InvalidPatterns) as refusal:
        save("com", "*")
    assert pickle.loads(pickle.dumps(refusal.value)).problems == refusal.value.problems


def test_empty_list_is_refused() -> None:
    assert [(found.index, found.code) for found in problems()] == [(0, "empty")]


def test_fifty_entries_are_accepted() -> None:
    assert len(save(*(f"h{number}.example.com" for number in range(50))).normalized) == 50


def test_more_than_fifty_entries_are_refused() -> None:
    found = problems(*(f"h{number}.example.com" for number in range(51)))
    assert [(one.index, one.code) for one in found] == [(50, "too_many")]


def test_repeats_do_not_count_as_entries() -> None:
    assert save(*["example.com"] * 60).normalized == ("example.com",)


def test_endless_list_is_refused_without_being_read() -> None:
    assert [found.code for found in problems(*["example.com"] * 100_000)] == ["too_many"]


def test_order_is_kept_and_repeats_are_left_out_of_both_forms() -> None:
    saved = save("https://b.example.com/", "a.example.net", "B.example.com", "=b.example.com")
    assert saved.raw == ("https://b.example.com/", "a.example.net", "=b.example.com")
    assert saved.normalized == ("b.example.com", "a.example.net", "=b.example.com")


@pytest.mark.parametrize(
    ("entries", "note"),
    [
        (["https://Shop.Example.com/a?b"], "https://Shop.Example.com/a?b is saved as shop.example.com."),
        (["bücher.example"], "bücher.example is saved as xn--bcher-kva.example (bücher.example)."),
        (["example.com", "*.example.com"], "example.com already covers *.example.com."),
        (["*.example.com", "=www.example.com"], "*.example.com already covers =www.example.com."),
        (["*.a.example.com", "*.example.com"], "*.example.com already covers *.a.example.com."),
        (["example.com", "EXAMPLE.com"], "EXAMPLE.com repeats example.com and is left out."),
        (
            ["demo.vercel.app"],
            "demo.vercel.app ends in the shared hosting suffix vercel.app, where anybody can have a host. For "
            "previews of your site, a development key keeps test visits out of your figures.",
        ),
    ],
)
def test_owner_is_told_what_was_changed_or_is_better_avoided(entries: list[str], note: str) -> None:
    assert save(*entries).notes == (note,)


@pytest.mark.parametrize(
    "entries",
    [["example.com"], [" Example.com "], ["example.com", "example.org"], ["*.example.com", "=example.com"]],
)
def test_nothing_is_told_about_plain_lists(entries: list[str]) -> None:
    assert save(*entries).notes == ()


def test_host_and_its_subdomains_are_not_redundant_where_a_plain_pattern_is_one_host() -> None:
    saved = validate_patterns(["example.com", "*.example.com"], environment="production", ttl_days=0, mode=H)
    assert saved.notes == ()


def test_exact_and_plain_are_redundant_where_a_plain_pattern_is_one_host() -> None:
    saved = validate_patterns(["=example.com", "example.com"], environment="production", ttl_days=0, mode=H)
    assert saved.notes == ("example.com already covers =example.com.",)


@pytest.mark.parametrize(
    ("raw", "mode", "shown"),
    [
        (
            "shop.example.com",
            R,
            Coverage(
                ("shop.example.com", "www.shop.example.com", "a.b.shop.example.com"),
                ("example.com",),
                "Covers shop.example.com and every subdomain of it.",
            ),
        ),
        (
            "example.co.uk",
            H,
            Coverage(
                ("example.co.uk",),
                ("www.example.co.uk", "notexample.co.uk"),
                "Covers example.co.uk and nothing else.",
            ),
        ),
        (
            "*.example.com",
            R,
            Coverage(
                ("www.example.com", "a.b.example.com"),
                ("example.com", "notexample.com"),
                "Covers every subdomain of example.com, but not example.com itself.",
            ),
        ),
        ("192.0.2.7", R, Coverage(("192.0.2.7",), (), "Covers the address 192.0.2.7 and nothing else.")),
        (
            "localhost",
            R,
            Coverage(
                ("localhost", "www.localhost", "a.b.localhost"),
                ("127.0.0.1",),
                "Covers localhost and every subdomain of it.",
            ),
        ),
    ],
)
def test_coverage_of_a_pattern(raw: str, mode: ScopeMode, shown: Coverage) -> None:
    assert coverage(read(raw), mode) == shown


LABELS = st.text("abc-0", min_size=1, max_size=63)
NAMES = st.builds(
    "{}.{}".format, st.lists(LABELS, min_size=1, max_size=4).map(".".join), st.just("example.co.uk")
)
RAW = st.builds("{}{}".format, st.sampled_from(["", "=", "*."]), NAMES) | st.sampled_from(
    [
        "*",
        "127.0.0.1",
        "[::1]",
        "=localhost",
        "*.localhost",
        "localhost",
        "intranet",
        "=github.io",
        "alice.github.io",
    ]
)


@settings(deadline=None)
@given(RAW, st.sampled_from(ScopeMode))
def test_examples_of_a_pattern_are_true(raw: str, mode: ScopeMode) -> None:
    shown = coverage(read(raw), mode)
    scope = Scope.compile([raw], mode)
    assert all(scope.decide(host).in_scope for host in shown.covers)
    assert not any(scope.decide(host).in_scope for host in shown.excludes)


@settings(deadline=None)
@given(st.lists(st.text(max_size=30) | RAW | st.none() | st.integers(), max_size=6))
def test_any_list_is_saved_or_refused_by_entry(entries: list[object]) -> None:
    try:
        saved = validate_patterns(entries, environment="production", ttl_days=0)
    except InvalidPatterns as refusal:
        assert all(0 <= found.index < max(len(entries), 1) and found.message for found in refusal.problems)
    else:
        assert [read(raw).normalized for raw in saved.raw] == list(saved.normalized)
