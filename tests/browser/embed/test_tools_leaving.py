"""The policy is asked before a page is left, by whatever means."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.browser.embed.acting import Stage, stage_of
from tests.browser.embed.conftest import Origin

pytestmark = [pytest.mark.browser, pytest.mark.once]
Open = Callable[..., Stage]
BLOCK = {
    "decision": "block",
    "reason": "policy_blocked",
    "policyAction": "block",
    "allowedDomains": ["shop.example"],
    "domainScopeMode": "host_only",
}
NEW_TAB = {"decision": "open_new_tab", "reason": "external", "notice": "This leaves the shop."}
SAME_TAB = {"decision": "allow_same_tab", "reason": "same_host_in_scope"}


@pytest.fixture
def away(rover: Origin) -> str:
    """An address of another origin."""
    return rover.put("/away", "<title>Away</title><h1>Away</h1>")


@pytest.fixture
def left(page: Page, site: Origin, rover: Origin) -> Any:
    """What the tab went to: it is answered without content, so that the page stays to be asked."""
    gone: list[str] = []

    def answer(route: Route) -> None:
        request = route.request
        if (
            request.is_navigation_request()
            and request.frame == page.main_frame
            and not request.url.endswith("/")
        ):
            gone.append(request.url.removeprefix(site.url).replace(rover.url, "rover:"))
            route.fulfill(status=204)
        else:
            route.continue_()

    page.route("**/*", answer)
    yield gone
    page.unroute("**/*", answer)


def settle(on: Stage) -> None:
    on.page.wait_for_timeout(150)


def test_a_link_within_the_site_is_followed_and_told(stage: Open, site: Origin, left: list[str]) -> None:
    on = stage("<a href=/next?q=1>Next</a>")
    on.hear("click")

    result = on.on("click_element", "link", "Next")
    settle(on)

    url = f"{site.url}/next?q=1"
    assert on.asked == [{"url": url, "newTab": False, "kind": "link"}]
    assert result == {
        "success": True,
        "navigation": {"outcome": "same_host_navigated", "url": url, "pending": True},
    }
    assert on.heard() == ["click"]
    assert left == ["/next?q=1"]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("<a href=/next>Go</a>", "link"),
        ("<form action=/next><button>Go</button></form>", "button"),
        ("<button onclick=\"location.href = '/next'\">Go</button>", "button"),
    ],
    ids=["link", "form", "script"],
)
def test_the_answer_is_there_before_the_page_is_gone(body: str, name: str, stage: Open, site: Origin) -> None:
    site.put("/next", "<title>Next</title>")
    on = stage(body)

    on.handle.evaluate(
        """({ act, capture }, id) => {
            act({ name: 'click_element', args: { element_id: id } }, { capture,
                decide: async () => ({ decision: 'allow_same_tab' }) }).then((result) => {
                sessionStorage.setItem('result', JSON.stringify(result)); }); }""",
        on.id(name, "Go"),
    )
    on.page.wait_for_url("**/next*")

    navigation = on.page.evaluate("JSON.parse(sessionStorage.getItem('result')).navigation")
    assert navigation["outcome"] == "same_host_navigated"
    assert navigation["pending"] is True
    assert navigation["url"].startswith(f"{site.url}/next")


def test_a_link_to_another_host_that_is_allowed_is_followed(stage: Open, away: str, left: list[str]) -> None:
    on = stage(f"<a href='{away}'>Shop two</a>")

    result = on.on("click_element", "link", "Shop two")
    settle(on)

    assert result["navigation"] == {"outcome": "subdomain_navigated", "url": away, "pending": True}
    assert left == ["rover:/away"]


def test_a_link_that_the_policy_blocks_is_not_touched(
    stage: Open, site: Origin, away: str, left: list[str]
) -> None:
    on = stage(f"<a href='{away}'>Out</a>")
    on.decisions = {away: BLOCK}
    on.hear("mousedown", "click")

    result = on.on("click_element", "link", "Out")
    settle(on)

    host = away.split("/")[2]
    assert result["success"] is False
    assert result["error"]["code"] == "DOMAIN_SCOPE_BLOCKED"
    assert result["error"]["retryable"] is False
    assert host in result["error"]["message"]
    assert "allowed domains" in result["error"]["next_action"]
    assert result["output"] == {
        "navigationOutcome": "blocked",
        "blockedUrl": away,
        "blockedHost": host,
        "currentUrl": f"{site.url}/",
        "currentHost": site.url.split("/")[2],
        "policyAction": "block",
        "reason": "policy_blocked",
        "allowedDomains": ["shop.example"],
        "domainScopeMode": "host_only",
        "instruction": "Do not try this address again.",
        "page": {"url": away, "accessible": False},
    }
    assert result["navigation"] == {"outcome": "blocked", "url": away, "pending": False}
    assert on.heard() == []
    assert left == []


def test_a_link_out_of_scope_opens_a_tab_with_a_notice(stage: Open, away: str, left: list[str]) -> None:
    on = stage(f"<a href='{away}'>Out</a>")
    on.decisions = {away: NEW_TAB}

    with on.page.context.expect_page() as opened:
        result = on.on("click_element", "link", "Out")

    tab = opened.value
    tab.wait_for_url(away)
    assert tab.evaluate("window.opener") is None
    tab.close()
    assert result == {
        "success": True,
        "output": {
            "navigationOutcome": "new_tab_opened",
            "navigationPending": True,
            "openVerification": "verified",
            "notice": "This leaves the shop.",
        },
        "navigation": {"outcome": "new_tab_opened", "url": away, "pending": True},
    }
    assert left == []


@pytest.mark.parametrize("how", ["target=_blank", "target=other", ""])
def test_a_new_tab_that_is_wanted_is_asked_as_one(
    how: str, stage: Open, site: Origin, left: list[str]
) -> None:
    on = stage(f"<a href=/next {how}>Next</a>")
    on.tabs = []
    args = {} if how else {"open_in_new_tab": True}

    with on.page.context.expect_page() as opened:
        result = on.on("click_element", "link", "Next", **args)

    opened.value.close()
    assert on.asked == [{"url": f"{site.url}/next", "newTab": True, "kind": "link"}]
    assert on.opened == [["open", f"{site.url}/next"]]
    assert result["output"]["logical_tab_id"] == 7
    assert result["navigation"]["outcome"] == "new_tab_opened"
    assert left == []


def test_a_link_within_the_page_is_no_matter_of_policy(stage: Open) -> None:
    on = stage("<a href=#end>End</a><div style='height:2000px'></div><p id=end>end</p>")

    assert on.on("click_element", "link", "End") == {"success": True}
    assert on.asked == []
    assert on.page.evaluate("location.hash") == "#end"


def test_a_page_that_moves_without_leaving_is_told(stage: Open, site: Origin, left: list[str]) -> None:
    on = stage(
        "<a href=/next>Next</a>",
        script="""document.addEventListener('click', (event) => {
            event.preventDefault();
            history.pushState(null, '', event.target.closest('a').href); })""",
    )

    result = on.on("click_element", "link", "Next")
    settle(on)

    assert result["navigation"] == {
        "outcome": "same_host_navigated",
        "url": f"{site.url}/next",
        "pending": False,
    }
    assert left == []


def test_a_link_that_the_page_keeps_for_itself_goes_nowhere(stage: Open, left: list[str]) -> None:
    on = stage("<a href=/next onclick='return false'>Next</a>")

    assert on.on("click_element", "link", "Next") == {"success": True}
    assert left == []


def test_a_download_ends_nothing(stage: Open, left: list[str]) -> None:
    on = stage("<a href='data:text/plain,x' download=x.txt>Save</a><a href=/file download>File</a>")

    assert on.on("click_element", "link", "File") == {"success": True}
    assert on.code("click_element", "link", "Save") == "DOMAIN_SCOPE_BLOCKED"


def test_a_link_of_a_frame_moves_the_frame_only(stage: Open, site: Origin, left: list[str]) -> None:
    site.put("/inner", "<a href=/deeper>Deeper</a><a href=/up target=_parent>Up</a>")
    site.put("/deeper", "<p>deeper</p>")
    on = stage("<iframe src=/inner></iframe>")

    up = on.on("click_element", "link", "Up")
    assert up["navigation"]["url"] == f"{site.url}/up"

    assert on.on("click_element", "link", "Deeper") == {"success": True}
    on.page.frame_locator("iframe").get_by_text("deeper").wait_for()


def test_a_link_in_a_shadow_root_is_asked_too(stage: Open, away: str) -> None:
    on = stage(
        "<my-link tabindex=0 role=button aria-label=Out></my-link>",
        script=f"""document.querySelector('my-link').attachShadow({{ mode: 'open' }}).innerHTML =
            '<a href="{away}">Out of here</a>'""",
    )
    on.decisions = {away: BLOCK}

    assert on.code("click_element", "link", "Out of here") == "DOMAIN_SCOPE_BLOCKED"


def test_a_link_that_changes_while_it_is_asked_is_not_followed(stage: Open, left: list[str]) -> None:
    on = stage("<a href=/next id=link>Next</a>")

    result = on.handle.evaluate(
        """({ act, capture }, id) => act({ name: 'click_element', args: { element_id: id } }, { capture,
            decide: async () => { link.href = '/other'; return { decision: 'allow_same_tab' }; } })""",
        on.id("link", "Next"),
    )
    settle(on)

    assert result["error"]["code"] == "ELEMENT_NOT_FOUND"
    assert left == []


def test_a_link_that_leads_elsewhere_under_the_pointer_is_held_back_and_asked(
    stage: Open, site: Origin, away: str, left: list[str]
) -> None:
    on = stage(f"<a href=/next onmousedown=\"this.href = '{away}'\">Next</a>")
    on.decisions = {away: BLOCK}

    result = on.on("click_element", "link", "Next")
    settle(on)

    assert [asked["url"] for asked in on.asked] == [f"{site.url}/next", away]
    assert result["error"]["code"] == "DOMAIN_SCOPE_BLOCKED"
    assert left == []


@pytest.mark.parametrize(
    ("decision", "gone"), [(BLOCK, []), (SAME_TAB, ["rover:/away"])], ids=["blocked", "allowed"]
)
def test_a_button_whose_script_leaves_for_another_origin_is_held_back_and_asked(
    decision: dict[str, Any], gone: list[str], stage: Open, away: str, left: list[str]
) -> None:
    on = stage(f"<button onclick=\"setTimeout(() => {{ location.href = '{away}' }}, 10)\">Go</button>")
    on.decisions = {away: decision}

    result = on.on("click_element", "button", "Go")
    settle(on)

    assert on.asked == [{"url": away, "newTab": False, "kind": "link"}]
    assert result["success"] is bool(gone)
    assert result["navigation"]["outcome"] == ("subdomain_navigated" if gone else "blocked")
    assert left == gone


def test_of_several_ways_of_a_script_the_one_that_was_held_back_is_asked(
    stage: Open, away: str, left: list[str]
) -> None:
    on = stage(
        f"<button onclick=\"location.href = '{away}'; history.pushState(null, '', '/two')\">Go</button>"
    )
    on.decisions = {away: BLOCK}

    assert on.code("click_element", "button", "Go") == "DOMAIN_SCOPE_BLOCKED"
    settle(on)
    assert left == []


def test_a_link_whose_address_is_none_would_empty_the_page_and_is_blocked(stage: Open) -> None:
    on = stage("<a href='http://[' id=link>Broken</a>")
    on.hear("click")

    assert on.code("click_element", "link", "Broken") == "DOMAIN_SCOPE_BLOCKED"
    assert (on.heard(), on.asked) == ([], [])


def test_a_button_whose_script_stays_on_the_host_is_let_go_and_told(
    stage: Open, site: Origin, left: list[str]
) -> None:
    on = stage("<button onclick=\"location.href = '/cart'\">Go</button>")

    result = on.on("click_element", "button", "Go")
    settle(on)

    assert result["navigation"] == {
        "outcome": "same_host_navigated",
        "url": f"{site.url}/cart",
        "pending": True,
    }
    assert left == ["/cart"]


FORM = "<form action='{0}' method={1} {3}><input name=q aria-label=Query value='a b'>{2}</form>"
SEND = "<button name=by value=x>Send</button>"


def test_a_form_to_another_address_is_asked_first(stage: Open, site: Origin, left: list[str]) -> None:
    on = stage(FORM.format("/find", "get", SEND, ""))

    result = on.on("click_element", "button", "Send")
    settle(on)

    assert on.asked == [{"url": f"{site.url}/find", "newTab": False, "kind": "form"}]
    assert result["navigation"]["outcome"] == "same_host_navigated"
    assert result["navigation"]["url"].startswith(f"{site.url}/find")
    assert left == ["/find?q=a+b&by=x"]


def test_enter_in_a_field_asks_for_its_form(stage: Open, away: str, left: list[str]) -> None:
    on = stage(FORM.format(away, "post", SEND, ""))
    on.decisions = {away: BLOCK}
    on.hear("submit")

    assert on.on("type_and_enter", "textbox", "Query", text="z")["error"]["code"] == "DOMAIN_SCOPE_BLOCKED"
    assert on.asked == [{"url": away, "newTab": False, "kind": "form"}]
    assert on.heard() == []

    on.decisions = {}
    assert on.on("type_and_enter", "textbox", "Query", text="z")["navigation"]["url"] == away
    settle(on)
    assert left == ["rover:/away"]


def test_the_address_of_the_button_counts(stage: Open, away: str) -> None:
    on = stage(FORM.format("/find", "get", f"<button formaction='{away}'>Send</button>", ""))
    on.decisions = {away: BLOCK}

    assert on.code("click_element", "button", "Send") == "DOMAIN_SCOPE_BLOCKED"


def test_a_form_that_a_script_keeps_is_not_asked_and_goes_nowhere(stage: Open, left: list[str]) -> None:
    on = stage(FORM.format("", "post", SEND, "onsubmit='return false'"))

    assert on.on("click_element", "button", "Send") == {"success": True}
    assert (on.asked, left) == ([], [])


def test_a_form_to_its_own_page_leaves_it_nevertheless(stage: Open, left: list[str], site: Origin) -> None:
    on = stage(FORM.format("", "get", SEND, ""))

    result = on.on("click_element", "button", "Send")
    settle(on)

    assert on.asked == []
    assert result["navigation"]["pending"] is True
    assert left == ["/?q=a+b&by=x"]


def test_a_form_out_of_scope_opens_a_tab_where_its_address_is_all_of_it(
    stage: Open, away: str, left: list[str]
) -> None:
    on = stage(FORM.format(away, "get", SEND, ""))
    on.decisions = {away: NEW_TAB}

    with on.page.context.expect_page() as opened:
        result = on.on("click_element", "button", "Send")

    opened.value.wait_for_url(f"{away}?q=a+b&by=x")
    opened.value.close()
    assert result["output"]["notice"] == "This leaves the shop."
    assert left == []


def test_a_form_out_of_scope_whose_data_would_be_lost_is_blocked(
    stage: Open, away: str, left: list[str]
) -> None:
    on = stage(FORM.format(away, "post", SEND, ""))
    on.decisions = {away: NEW_TAB}

    result = on.on("click_element", "button", "Send")
    settle(on)

    assert result["error"]["code"] == "DOMAIN_SCOPE_BLOCKED"
    assert result["output"]["reason"] == "form_needs_this_tab"
    assert left == []


def test_a_form_that_a_script_sends_elsewhere_is_held_back(stage: Open, away: str, left: list[str]) -> None:
    on = stage(
        f"<form id=form action='{away}' method=post><input name=q></form>"
        "<button onclick='document.forms[0].submit()'>Send</button>"
    )

    result = on.on("click_element", "button", "Send")
    settle(on)

    assert on.asked == [{"url": away, "newTab": False, "kind": "form"}]
    assert result["error"]["code"] == "DOMAIN_SCOPE_BLOCKED"
    assert left == []


def test_a_dialogs_form_closes_it(stage: Open) -> None:
    on = stage("<dialog open id=box><form method=dialog><button>OK</button></form></dialog>")

    assert on.on("click_element", "button", "OK") == {"success": True}
    assert on.page.evaluate("box.open") is False
    assert on.asked == []


@pytest.mark.parametrize("tool", ["goto_url", "open_new_tab"])
@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd"])
def test_what_is_no_web_address_is_blocked_without_asking(tool: str, url: str, stage: Open) -> None:
    on = stage("")
    on.tabs = []

    result = on.act(tool, url=url)

    assert result["error"]["code"] == "DOMAIN_SCOPE_BLOCKED"
    assert on.asked == []


def test_goto_asks_answers_and_then_goes(stage: Open, site: Origin, left: list[str]) -> None:
    on = stage("")
    on.timing = {"navigationDelayMs": 200}
    url = f"{site.url}/next"

    result = on.act("goto_url", url="/next")

    assert on.took < 150
    assert result == {
        "success": True,
        "output": {"navigationOutcome": "same_tab_scheduled", "navigationPending": True},
        "navigation": {"outcome": "same_tab_scheduled", "url": url, "pending": True},
    }
    assert on.asked == [{"url": url, "newTab": False, "kind": "goto"}]
    assert left == []
    on.page.wait_for_timeout(400)
    assert left == ["/next"]


def test_a_stop_before_it_goes_keeps_the_page(stage: Open, left: list[str]) -> None:
    on = stage("")
    on.timing = {"navigationDelayMs": 300}

    assert on.act("goto_url", url="/next", abort_after=100)["success"]
    on.page.wait_for_timeout(500)

    assert left == []


def test_goto_out_of_scope_is_blocked_or_opens_a_tab(stage: Open, away: str, left: list[str]) -> None:
    on = stage("")
    on.decisions = {away: BLOCK}
    assert on.act("goto_url", url=away)["error"]["code"] == "DOMAIN_SCOPE_BLOCKED"

    on.decisions = {away: NEW_TAB}
    with on.page.context.expect_page() as opened:
        assert on.act("goto_url", url=away)["navigation"]["outcome"] == "new_tab_opened"
    opened.value.close()
    assert left == []


def test_what_is_no_address_is_told(stage: Open) -> None:
    assert stage("").act("goto_url", url="http://[")["error"]["code"] == "INVALID_ARGUMENT"


def test_back_and_forward_follow_the_history(stage: Open, site: Origin) -> None:
    on = stage("")
    on.page.evaluate("() => { history.pushState(null, '', '/two'); }")

    back = on.act("go_back")
    on.page.wait_for_url(f"{site.url}/")
    forward = on.act("go_forward")
    on.page.wait_for_url(f"{site.url}/two")

    assert back["navigation"] == {"outcome": "same_tab_scheduled", "url": f"{site.url}/", "pending": True}
    assert forward["navigation"]["url"] == f"{site.url}/two"
    assert [(asked["kind"], asked["url"]) for asked in on.asked] == [
        ("history", f"{site.url}/"),
        ("history", f"{site.url}/two"),
    ]
    assert on.act("go_forward")["error"]["code"] == "NO_HISTORY_ENTRY"


def test_a_tab_without_a_past_cannot_go_back(browser: Browser, rover: Origin, site: Origin) -> None:
    site.put("/", "<title>Shop</title>")
    context = browser.new_context()
    page = context.new_page()
    with page.expect_popup() as popup:
        page.evaluate("(url) => { open(url, '_blank', 'noopener'); }", site.url + "/")
    popup.value.wait_for_load_state()
    on = stage_of(popup.value, rover.url)

    assert on.act("go_back")["error"]["code"] == "NO_HISTORY_ENTRY"
    context.close()


def test_history_that_the_policy_blocks_stays(stage: Open, site: Origin) -> None:
    on = stage("")
    on.page.evaluate("() => { history.pushState(null, '', '/two'); }")
    on.decisions = {f"{site.url}/": BLOCK}

    assert on.act("go_back")["error"]["code"] == "DOMAIN_SCOPE_BLOCKED"
    settle(on)
    assert on.page.url == f"{site.url}/two"


def test_a_page_is_loaded_again(stage: Open, site: Origin) -> None:
    on = stage("<p>once</p>")
    on.page.evaluate("window.before = true")

    result = on.act("refresh_page")

    assert result["navigation"] == {"outcome": "same_tab_scheduled", "url": f"{site.url}/", "pending": True}
    on.page.wait_for_function("!window.before")


TABS = [
    {"id": 1, "url": "http://shop.example/", "open": True},
    {"id": 2, "url": "http://out.example/", "open": True},
    {"id": 3, "url": "http://shop.example/gone", "open": False},
]


def test_tabs_are_switched_to_and_closed_by_their_logical_ids(stage: Open) -> None:
    on = stage("")
    on.tabs = TABS

    switched = on.act("switch_tab", logical_tab_id=1)
    closed = on.act("close_tab", logical_tab_id="2")
    this_one = on.act("close_tab")

    assert switched["navigation"] == {
        "outcome": "switch_tab",
        "url": "http://shop.example/",
        "pending": False,
    }
    assert closed == this_one == {"success": True}
    assert on.opened == [["switch", 1], ["close", 2], ["close", None]]
    assert on.asked == [{"url": "http://shop.example/", "newTab": False, "kind": "tab"}]


def test_a_tab_that_cannot_be_reached_is_told(stage: Open) -> None:
    on = stage("")
    on.tabs = TABS
    on.decisions = {"http://out": NEW_TAB}

    assert on.act("switch_tab", logical_tab_id=9)["error"]["code"] == "TAB_NOT_ACCESSIBLE"
    assert on.act("close_tab", logical_tab_id=9)["error"]["code"] == "TAB_NOT_ACCESSIBLE"
    assert on.act("switch_tab", logical_tab_id=3)["error"]["code"] == "TAB_NOT_ACCESSIBLE"
    assert on.act("switch_tab", logical_tab_id=2)["error"]["code"] == "TAB_NOT_ACCESSIBLE"
    on.decisions = {"http://out": BLOCK}
    assert on.act("switch_tab", logical_tab_id=2)["error"]["code"] == "DOMAIN_SCOPE_BLOCKED"


@pytest.mark.parametrize(
    ("tool", "args"),
    [
        ("open_new_tab", {"url": "/"}),
        ("switch_tab", {"logical_tab_id": 1}),
        ("close_tab", {"logical_tab_id": 1}),
    ],
)
def test_without_tabs_their_tools_are_not_available(tool: str, args: dict[str, Any], stage: Open) -> None:
    on = stage("")

    assert on.act(tool, **args)["error"]["code"] == "CAPABILITY_UNAVAILABLE"


@pytest.mark.parametrize("tool", ["open_new_tab", "open_url_new_tab"])
def test_a_new_tab_is_asked_opened_empty_and_cut_off(tool: str, stage: Open, away: str) -> None:
    on = stage("")
    on.tabs = []

    with on.page.context.expect_page() as opened:
        result = on.act(tool, url=away)

    opened.value.wait_for_url(away)
    assert opened.value.evaluate("window.opener") is None
    opened.value.close()
    assert on.asked == [{"url": away, "newTab": True, "kind": "tab"}]
    assert result["output"]["logical_tab_id"] == 7


def test_a_browser_that_lets_no_tab_open_is_told(stage: Open) -> None:
    on = stage(
        "<a href=/next target=_blank>Next</a>",
        Content_Security_Policy="sandbox allow-scripts allow-same-origin allow-forms",
    )
    link = on.on("click_element", "link", "Next")
    on.tabs = []

    for result in (link, on.act("open_new_tab", url="/next")):
        assert result["error"]["code"] == "POPUP_BLOCKED"
        assert result["error"]["retryable"] is True
        assert "popups" in result["error"]["next_action"]
