import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workspace.installation_support import (
    BASE,
    DEV_KEY,
    GOOD_TAG,
    IDLE_TAGS,
    KEY,
    SITE,
    answer,
    installation,
    key,
    page,
    refusal,
)
from workspace.core.proof import (
    Evidence,
    Method,
    challenge_text,
    file_finding,
    is_front_page,
    page_finding,
    proof_in_file,
    proof_in_page,
    proof_in_txt,
    txt_finding,
    txt_name,
    txt_value,
)
from workspace.core.web_answers import WebAnswer, WebRefused

# as `mint` makes them; fixed, so that every process of one run has the same test names
TOKEN = "Zm9yIHRoZSBib29rLCBub3QgYSBzZWNyZXQgYXQgYWxs"
OTHER = "YW5vdGhlciBvbmUsIG9mIGFub3RoZXIgc2l0ZSBoZXJl"
tokens = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", min_size=43, max_size=43)


def test_the_record_has_its_place_beside_the_host() -> None:
    assert (txt_name("shop.example.com"), txt_value("abc")) == ("_rover.shop.example.com", "rover-site=abc")


# --- DNS ---


@pytest.mark.parametrize(
    ("values", "proves"),
    [
        ((txt_value(TOKEN),), True),
        (("v=spf1 -all", f" {txt_value(TOKEN)} ", "other"), True),
        ((), False),
        ((txt_value(OTHER),), False),
        ((TOKEN,), False),
        ((f"rover-site = {TOKEN}",), False),
        ((f"{txt_value(TOKEN)}x",), False),
        ((txt_value(TOKEN).upper(),), False),
        ((txt_value(TOKEN)[:-1],), False),
    ],
)
def test_one_record_must_be_the_claims_whole_value(values: tuple[str, ...], proves: bool) -> None:
    assert proof_in_txt(values, TOKEN) is proves
    evidence = Evidence.PROVED if proves else Evidence.ABSENT
    assert txt_finding(values, "shop.example", TOKEN).evidence is evidence


# --- the file ---


@pytest.mark.parametrize(
    ("body", "proves"),
    [
        (challenge_text(SITE, TOKEN), True),
        (TOKEN, True),
        (f"\ufeff{txt_value(TOKEN)}\r\n", True),
        (f"other\r\n  {txt_value(TOKEN)}  \r\nmore", True),
        ("", False),
        (challenge_text(SITE, OTHER), False),
        (f"<p>{TOKEN}</p>", False),
        (f"{TOKEN} {OTHER}", False),
        ("x" * 4_096 + f"\n{TOKEN}", False),
    ],
)
def test_one_line_of_the_file_must_be_the_claims(body: str, proves: bool) -> None:
    assert proof_in_file(body.encode(), TOKEN) is proves


@given(tokens, tokens)
def test_a_challenge_proves_its_own_token_and_no_other(one: str, other: str) -> None:
    assert proof_in_file(challenge_text(SITE, one).encode(), one)
    assert proof_in_txt((txt_value(one),), other) is (one == other)


@given(st.binary(max_size=200))
def test_no_file_proves_a_claim_without_a_token(body: bytes) -> None:
    assert not proof_in_file(body, "")


def test_no_record_proves_a_claim_without_a_token() -> None:
    assert not proof_in_txt((txt_value(""), ""), "")


# --- the page ---


def test_the_front_page_with_the_sites_tag_proves_the_host() -> None:
    assert proof_in_page(answer(page()), installation())


@pytest.mark.parametrize("tag", IDLE_TAGS)
def test_a_tag_that_no_browser_runs_proves_nothing(tag: str) -> None:
    assert not proof_in_page(answer(page(tag)), installation())


@pytest.mark.parametrize(
    "tag",
    [
        GOOD_TAG.replace(SITE, "other-site-Zz99Zz"),
        GOOD_TAG.replace(KEY, DEV_KEY),
        GOOD_TAG.replace(f'data-site-id="{SITE}"', ""),
        GOOD_TAG.replace("<script", '<script type="text/plain"'),
        f"<script>rover('boot', {{siteId: '{SITE}', publicKey: '{KEY}'}})</script><script src='{BASE}/embed.js'></script>",
    ],
    ids=["another site", "another key", "no site", "disarmed", "a boot call among data"],
)
def test_another_tag_proves_nothing(tag: str) -> None:
    assert not proof_in_page(answer(page(tag)), installation())


@pytest.mark.parametrize("state", ["disabled", "expired", "revoked", "archived"])
def test_a_key_that_does_not_work_proves_nothing(state: str) -> None:
    assert not proof_in_page(answer(page()), installation(key(state=state)))


def test_a_key_that_does_not_list_the_host_proves_nothing() -> None:
    assert not proof_in_page(answer(page()), installation(key(patterns=("other.example",))))


def test_a_key_in_its_overlap_proves_the_host() -> None:
    assert proof_in_page(answer(page()), installation(key(state="rotating")))


@pytest.mark.parametrize(
    "url",
    [
        "https://bakery.example/~somebody/",
        "https://bakery.example/?q=1",
        "https://bakery.example:8443/",
        "http://bakery.example:8000/",
        "https://bakery.example/index.html",
        "ftp://bakery.example/",
    ],
)
def test_a_page_that_is_not_the_front_page_proves_nothing(url: str) -> None:
    assert not is_front_page(url)
    assert not proof_in_page(answer(page(), url=url), installation())


@pytest.mark.parametrize(
    "url", ["https://bakery.example/", "http://bakery.example", "https://BAKERY.example:443/#x"]
)
def test_the_front_page_has_several_spellings(url: str) -> None:
    assert proof_in_page(answer(page(), url=url), installation())


def test_a_front_page_that_leads_deeper_into_its_host_proves_it() -> None:
    assert proof_in_page(answer(page(), final_url="https://bakery.example/en/"), installation())


def test_a_redirect_to_another_host_proves_nothing_for_the_first() -> None:
    moved = answer(page(), url="https://bakery.example/", final_url="https://www.bakery.example/")
    assert not proof_in_page(moved, installation())
    assert page_finding(moved, installation()).evidence is Evidence.ABSENT
    assert (
        file_finding(answer(TOKEN, final_url="https://www.bakery.example/"), TOKEN).evidence
        is Evidence.ABSENT
    )


def test_an_error_page_proves_nothing() -> None:
    assert not proof_in_page(answer(page(), status=404), installation())


# --- what counts as an answer ---


@pytest.mark.parametrize(
    ("given_answer", "evidence"),
    [
        (answer("other"), Evidence.ABSENT),
        (answer(status=404), Evidence.ABSENT),
        (answer(status=410), Evidence.ABSENT),
        (answer(TOKEN, status=404), Evidence.ABSENT),
        (answer(status=401), Evidence.UNKNOWN),
        (answer(status=403), Evidence.UNKNOWN),
        (answer(status=429), Evidence.UNKNOWN),
        (answer(status=500), Evidence.UNKNOWN),
        (answer(status=503), Evidence.UNKNOWN),
        (answer(status=301), Evidence.UNKNOWN),
        (refusal("dns_failed"), Evidence.ABSENT),
        (refusal("dns_failed", retryable=True), Evidence.UNKNOWN),
        (refusal("timeout", retryable=True), Evidence.UNKNOWN),
        (refusal("connect_failed", retryable=True), Evidence.UNKNOWN),
        (refusal("tls_failed"), Evidence.UNKNOWN),
        (refusal("ssrf_denied"), Evidence.UNKNOWN),
        (refusal("too_many_redirects"), Evidence.UNKNOWN),
    ],
)
def test_silence_and_faults_are_not_the_answer_that_there_is_nothing(
    given_answer: WebAnswer | WebRefused, evidence: Evidence
) -> None:
    assert file_finding(given_answer, TOKEN).evidence is evidence
    assert page_finding(given_answer, installation()).evidence is evidence


def test_each_finding_names_its_method_and_says_a_sentence() -> None:
    findings = [
        txt_finding((), "bakery.example", TOKEN),
        file_finding(answer(TOKEN), TOKEN),
        page_finding(answer(page()), installation()),
    ]
    assert [finding.method for finding in findings] == list(Method)
    assert all(finding.message.endswith(".") for finding in findings)
