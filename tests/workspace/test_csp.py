import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workspace.csp_vectors import (
    PAGE,
    REQUEST_CASES,
    ROVER,
    SCRIPT,
    SCRIPT_CASES,
    RequestCase,
    ScriptCase,
)
from workspace.core.csp import Answer, extended, judge_request, judge_script, parse_policies, sandbox_flaw


@pytest.mark.parametrize("case", SCRIPT_CASES, ids=lambda case: case.name)
def test_a_script_element(case: ScriptCase) -> None:
    policies = parse_policies(case.headers, case.metas)
    verdict = judge_script(policies, url=case.url, page=case.page, nonce=case.nonce, integrity=case.integrity)
    assert verdict.answer == case.answer


@pytest.mark.parametrize("case", REQUEST_CASES, ids=lambda case: case.name)
def test_a_request(case: RequestCase) -> None:
    policies = parse_policies([case.policy])
    verdict = judge_request(policies, directive=case.directive, url=case.url, page=case.page)
    assert verdict.answer == case.answer


def test_a_worker_under_strict_dynamic_is_trusted_with_the_script_that_starts_it() -> None:
    policies = parse_policies(["script-src 'nonce-a' 'strict-dynamic'"])
    verdict = judge_request(policies, directive="worker-src", url="blob:", page=PAGE)
    assert verdict.answer is Answer.CONDITIONAL


def test_a_page_by_http_may_load_itself_by_https() -> None:
    policies = parse_policies(["script-src 'self'"])
    for url, answer in {
        "https://shop.example/embed.js": Answer.ALLOWED,
        "https://shop.example:8443/embed.js": Answer.BLOCKED,
    }.items():
        assert judge_script(policies, url=url, page="http://shop.example/").answer is answer


def test_a_page_by_https_may_not_load_itself_by_http() -> None:
    policies = parse_policies(["script-src 'self'"])
    assert judge_script(policies, url="http://shop.example/embed.js", page=PAGE).answer is Answer.BLOCKED


def test_a_host_without_scheme_takes_that_of_the_page() -> None:
    policies = parse_policies(["script-src rover.example"])
    url = "http://rover.example/embed.js"
    assert judge_script(policies, url=url, page="http://shop.example/").answer is Answer.ALLOWED
    assert judge_script(policies, url=url, page=PAGE).answer is Answer.BLOCKED


@pytest.mark.parametrize(
    ("header", "flaw"),
    [
        ("sandbox", "allow-scripts"),
        ("sandbox allow-scripts", "allow-same-origin"),
        ("sandbox Allow-Scripts allow-same-origin", ""),
        ("script-src 'self'", ""),
    ],
)
def test_a_sandbox_needs_scripts_and_the_pages_own_origin(header: str, flaw: str) -> None:
    assert flaw in sandbox_flaw(parse_policies([header]))
    assert bool(sandbox_flaw(parse_policies([header]))) == bool(flaw)


def test_a_sandbox_in_a_meta_element_is_ignored_as_browsers_do() -> None:
    assert sandbox_flaw(parse_policies([], ["sandbox"])) == ""


@pytest.mark.parametrize(
    ("policy", "line"),
    [
        ("script-src 'self' 'nonce-a'", f"script-src 'self' 'nonce-a' {ROVER}"),
        ("default-src 'self' https://cdn.example", f"script-src 'self' https://cdn.example {ROVER}"),
        ("script-src 'none'", f"script-src {ROVER}"),
    ],
)
def test_the_line_to_paste_keeps_what_was_there_and_works(policy: str, line: str) -> None:
    before = judge_script(parse_policies([policy]), url=SCRIPT, page=PAGE)
    assert extended(before, "script-src", ROVER) == line
    assert judge_script(parse_policies([line]), url=SCRIPT, page=PAGE).answer is Answer.ALLOWED


words = st.sampled_from(
    [
        "script-src",
        "default-src",
        "'self'",
        "'none'",
        "*",
        "https:",
        ROVER,
        "'nonce-a'",
        ";",
        ",",
        "'strict-dynamic'",
    ]
)


@given(st.lists(words, max_size=12), st.lists(words, max_size=12))
def test_another_policy_never_allows_more(one: list[str], other: list[str]) -> None:
    order = list(Answer)
    first, second = " ".join(one), " ".join(other)
    alone = judge_script(parse_policies([first]), url=SCRIPT, page=PAGE).answer
    both = judge_script(parse_policies([first, second]), url=SCRIPT, page=PAGE).answer
    assert order.index(both) >= order.index(alone)


@given(st.text(max_size=200), st.text(max_size=60))
def test_any_text_is_read_without_failing(policy: str, url: str) -> None:
    policies = parse_policies([policy], [policy])
    assert judge_script(policies, url=url, page=PAGE, nonce=url, integrity=url).answer in Answer
