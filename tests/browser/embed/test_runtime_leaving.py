"""Whether the page may be left for an address: the server's word, and the same table when it has none."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.embed.conftest import Origin
from tests.browser.embed.runtime import SECONDS, Visit
from workspace.core.adversarial import assess

pytestmark = [pytest.mark.browser, pytest.mark.once]
DECIDE = """async ([scripts, url, asked]) => {
    const { createDecide } = await import(`${scripts}/core/leave.js`);
    const { policy, domains, answer, delayMs, times, newTab } = asked;
    const kept = {}, events = [];
    const decide = createDecide({
        words: { newTab: 'beside', blocked: 'not' }, notice() {},
        keep: { read: (name) => kept[name], write: (name, value) => { kept[name] = value; } },
        emit: (name, data) => events.push([name, data]),
        site: () => ({ policy, domains }),
        covers: (patterns, mode, host) => patterns.some((one) => host === one
            || (mode !== 'host_only' && host.endsWith(`.${one}`))),
        tabs: { id: '1', next: '2' },
        run: { pending: { id: 'run', text: '' }, command: async (type, fields, { timeoutMs }) => {
            if (answer) return answer;
            const error = Object.assign(new Error('gone'), { passing: true });
            await new Promise((done) => setTimeout(done, Math.min(delayMs ?? 0, timeoutMs)));
            throw error;
        } },
    });
    const start = performance.now();
    let found;
    for (let time = 0; time < (times ?? 1); time++) found = await decide({ url, newTab: newTab ?? false, kind: 'link' });
    return { ...found, took: performance.now() - start, events };
}"""
HOME = "<main><h1>Harbour</h1><nav><a href='http://partner.example/offers'>Partner offers</a></nav></main>"


@pytest.fixture
def decide(rover: Origin, site: Origin, page: Page) -> Any:
    """The decision about an address for a page on 127.0.0.1."""

    def decide(url: str, **asked: Any) -> dict[str, Any]:
        page.goto(site.put("/", "<!doctype html><title>Harbour</title>"))
        policy = {
            "domainScopeMode": "registrable_domain",
            "externalNavigationPolicy": "open_new_tab_notice",
            "crossHostPolicy": "same_tab",
        } | asked.pop("policy", {})
        told = {"policy": policy, "domains": ["127.0.0.1", "shop.example"], **asked}
        found: dict[str, Any] = page.evaluate(DECIDE, [rover.url, url, told])
        return found

    return decide


@pytest.mark.parametrize(
    ("url", "policy", "decision"),
    [
        ("http://127.0.0.1/next", {}, "allow_same_tab"),
        ("https://www.shop.example/", {}, "allow_same_tab"),
        ("https://www.shop.example/", {"crossHostPolicy": "open_new_tab"}, "open_new_tab"),
        ("https://partner.example/", {}, "open_new_tab"),
        ("https://partner.example/", {"externalNavigationPolicy": "block"}, "block"),
        ("https://partner.example/", {"externalNavigationPolicy": "allow"}, "allow_same_tab"),
        ("https://www.shop.example/", {"domainScopeMode": "host_only"}, "block"),
        (
            "https://www.shop.example/",
            {"domainScopeMode": "host_only", "externalNavigationPolicy": "allow"},
            "block",
        ),
        ("mailto:ada@example.com", {"externalNavigationPolicy": "allow"}, "block"),
        ("javascript:alert(1)", {"externalNavigationPolicy": "allow"}, "block"),
    ],
)
def test_without_the_server_the_same_table_decides(
    decide: Any, url: str, policy: dict[str, str], decision: str
) -> None:
    found = decide(url, policy=policy)

    assert (found["decision"], found["reason"]) == (decision, "preflight_unavailable_fallback")


SMELLS = [
    ("https://other.example/", 0),
    ("https://other.example/login", 1),
    ("https://other.example/account/login", 2),
    ("http://10.0.0.5/", 2),
    ("http://10.0.0.5:8080/", 3),
    ("http://10.0.0.5/login", 3),
    ("data:text/html,x", 3),
    ("https://other.example/?u=data:abc", 3),
    ("https://a.b.c.example.com/", 1),
    ("https://other.example/?token=1", 1),
    ("https://other.example/?token&session&cookie", 2),
    ("https://other.example/login?access_token=x", 2),
    ("https://other.example/verify/confirm?session=1", 3),
    ("https://other.example:8443/", 1),
    ("https://other.example/" + "x" * 2_000, 1),
    ("https://other.example/" + "%41" * 21, 1),
    ("https://other.example/" + "%41" * 20, 0),
    ("https://other.example/authors", 0),
    ("https://other.example/auth", 1),
    ("https://other.example:8443/login?token=a", 3),
    ("http://metadata.google.internal/", 3),
    ("http://169.254.169.254/", 5),
    ("http://[::1]/", 2),
    ("http://localhost/", 2),
    ("http://2130706433/", 2),
    ("no address", 1),
]


@pytest.mark.parametrize(("url", "score"), SMELLS, ids=[f"{at}" for at in range(len(SMELLS))])
def test_an_address_smells_here_as_it_does_on_the_server(
    rover: Origin, site: Origin, page: Page, url: str, score: int
) -> None:
    page.goto(site.put("/", "<!doctype html><title>Harbour</title>"))
    smell = "async ([scripts, url]) => (await import(`${scripts}/core/smell.js`)).smellOf(url)"

    assert page.evaluate(smell, [rover.url, url]) == score
    assert assess(url).score == score


@pytest.mark.parametrize(
    ("url", "policy", "decision"),
    [
        ("http://10.0.0.5:8080/", {}, "block"),
        ("http://10.0.0.5:8080/", {"externalNavigationPolicy": "allow"}, "block"),
        ("http://10.0.0.5:8080/", {"adversarialThreshold": 4}, "open_new_tab"),
        ("https://www.shop.example:8443/login?token=a", {}, "allow_same_tab"),
    ],
)
def test_without_the_server_an_address_that_smells_is_blocked(
    decide: Any, url: str, policy: dict[str, Any], decision: str
) -> None:
    found = decide(url, policy=policy)

    assert found["decision"] == decision
    assert (found["reason"] == "adversarial_block") is (decision == "block")


def test_a_server_that_takes_its_time_is_not_waited_for(decide: Any) -> None:
    found = decide("http://127.0.0.1/next", delayMs=60_000)

    assert found["decision"] == "allow_same_tab"
    assert 1_400 < found["took"] < 4_000


def test_a_run_that_the_server_does_not_know_any_more_is_decided_here(decide: Any) -> None:
    stale = {"decision": "stale_run", "decisionReason": "stale_run", "staleRun": True}

    assert decide("http://127.0.0.1/next", answer=stale)["decision"] == "allow_same_tab"


def test_where_other_sites_open_beside_no_answer_lets_them_take_the_page(decide: Any) -> None:
    answer = {"decision": "allow_same_tab", "decisionReason": "allow_same_tab"}

    found = decide("https://partner.example/", answer=answer)

    assert found["decision"] == "open_new_tab"
    [[name, told]] = found["events"]
    assert (name, told["openedInNewTab"]) == ("navigation_guardrail", True)


@pytest.mark.parametrize(("times", "decision"), [(3, "allow_same_tab"), (4, "block")])
def test_the_fourth_host_in_ten_seconds_is_one_too_many(decide: Any, times: int, decision: str) -> None:
    found = decide("https://www.shop.example/", times=times)

    assert found["decision"] == decision
    assert (found["reason"] == "rapid_cross_origin_block") is (decision == "block")


@pytest.mark.processes
def test_another_site_is_opened_beside_and_told(visit: Visit) -> None:
    visit.page.context.route("http://partner.example/**", lambda route: route.fulfill(body="Offers"))
    visit.go(HOME).open()
    visit.hear("navigation_guardrail")

    with visit.page.context.expect_page() as opened:
        visit.ask("Click Partner offers")

    opened.value.wait_for_url("http://partner.example/offers", timeout=SECONDS)
    assert opened.value.evaluate("window.opener") is None
    [[_, guarded]] = visit.told
    assert (guarded["blockedUrl"], guarded["openedInNewTab"]) == ("http://partner.example/offers", True)
    assert visit.page.url == f"{visit.site.url}/"
    expect(visit.root.get_by_text("Opened in a new tab: partner.example").first).to_be_visible(
        timeout=SECONDS
    )


@pytest.mark.processes
def test_an_address_that_smells_of_an_attack_is_not_opened(visit: Visit) -> None:
    there = visit.put("/there", "<main><h1>About</h1></main>").replace("127.0.0.1", "localhost")
    visit.go(f"<main><h1>Harbour</h1><nav><a href='{there}'>Partner offers</a></nav></main>").open()
    visit.hear("navigation_guardrail")

    visit.ask("Click Partner offers")

    visit.until("window.told.length > 0")
    [[_, guarded], *_] = visit.told
    assert (guarded["blockedUrl"], guarded["openedInNewTab"]) == (there, False)
    assert visit.page.url == f"{visit.site.url}/"
    assert len(visit.page.context.pages) == 1
