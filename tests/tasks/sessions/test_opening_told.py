"""session/open: what a page is told, and what stays with the owner."""

import json
from typing import Any

from tests.tasks.agents.steps import SHORTCUTS
from tests.tasks.agents.support import OPEN, configure, make_site
from tests.tasks.sessions.steps import asked, change_key
from tests.tasks.sessions.support import BASE, Runtime, data, public_key
from workspace.core.policy import policy_defaults
from workspace.models import Site, SiteKey
from workspace.services.audit import SYSTEM
from workspace.services.keys import secret_mint

TOLD = {
    "sessionId",
    "sessionToken",
    "sessionTokenExpiresAt",
    "streamToken",
    "epoch",
    "siteId",
    "allowedDomains",
    "capabilities",
    "policy",
    "projection",
    "siteConfig",
    "sseUrl",
}
SEED_POLICY = {
    "domainScopeMode": "registrable_domain",
    "externalNavigationPolicy": "open_new_tab_notice",
    "crossHostPolicy": "same_tab",
    "enableExternalWebContext": False,
    "externalScrapeMode": "off",
    "externalAllowDomains": [],
    "externalDenyDomains": [],
}
CONFIG = {
    "greeting": {"text": "Welcome"},
    "voice": {"enabled": True, "language": "en-US", "autoStopMs": 2600},
    "pageConfig": {"disableAutoScroll": True, "adaptiveSettleMaxWaitMs": 480},
}


async def test_a_new_page_is_told_every_field_of_the_contract(runtime: Runtime, shop: Site) -> None:
    page = await runtime.page(shop)

    told = page.opened
    assert set(told) == TOLD
    assert told["projection"] == {
        "sessionId": page.session_id,
        "epoch": 1,
        "events": [],
        "tabs": [],
        "resyncReason": "initial",
    }
    assert told["policy"].items() >= SEED_POLICY.items()
    assert told["capabilities"]["roverEmbed"] is True
    assert told["siteId"] == shop.public_id
    assert told["allowedDomains"] == ["shop.example"]
    assert isinstance(told["sessionTokenExpiresAt"], int)
    assert told["sessionTokenExpiresAt"] > 1_700_000_000_000, "in milliseconds"


async def test_the_address_of_the_stream_holds_the_stream_s_token_alone(runtime: Runtime, shop: Site) -> None:
    told = (await runtime.page(shop)).opened

    assert f"{BASE}/stream?" in told["sseUrl"]
    assert told["streamToken"] in told["sseUrl"]
    assert told["sessionToken"] not in told["sseUrl"]
    assert told["streamToken"] != told["sessionToken"]


async def test_the_configuration_is_shown_as_the_owner_made_it(runtime: Runtime, shop: Site) -> None:
    await asked(configure, shop, **CONFIG)

    shown = (await runtime.page(shop)).opened["siteConfig"]

    assert {name: shown[name] for name in CONFIG} == CONFIG
    assert shown["shortcuts"] == []
    assert shown["aiAccess"] == {"enabled": True, "promptLaunch": True, "shortcutLaunch": True}


async def test_a_change_of_the_configuration_reaches_the_next_refresh(runtime: Runtime, shop: Site) -> None:
    page = await runtime.page(shop)
    await asked(configure, shop, greeting={"text": "Hello again"})
    await change_key(shop, policy={"externalNavigationPolicy": "block"})

    told = data(await page.send("session/open"))

    assert told["siteConfig"]["greeting"] == {"text": "Hello again"}
    assert told["policy"]["externalNavigationPolicy"] == "block"


async def test_only_shortcuts_that_may_be_used_are_shown_and_no_more_than_the_policy_says(
    runtime: Runtime,
) -> None:
    site = await asked(lambda: make_site(shortcuts=SHORTCUTS))
    shown = (await runtime.page(site)).opened["siteConfig"]["shortcuts"]
    assert [each["id"] for each in shown] == ["latest_post", "pay"]

    await change_key(site, policy={"shortcutMaxRendered": 1})

    shown = (await runtime.page(site)).opened["siteConfig"]["shortcuts"]
    assert [each["id"] for each in shown] == ["latest_post"]


async def test_what_is_private_stays_away(runtime: Runtime) -> None:
    """Keys, their rows, the owner, what agents of the cloud may, and notes for agents are not the page's."""

    def make() -> tuple[Site, str, list[str]]:
        site = make_site(access=OPEN | {"debugStreaming": True, "allowDelegatedHandoffs": True})
        key = SiteKey.objects.get(site=site)
        secret = secret_mint(actor=SYSTEM, key=key, now=key.created_at)
        return site, public_key(site), [secret, str(key.pk), str(site.pk), "owner"]

    site, public, private = await asked(make)

    told = (await runtime.page(site)).opened

    text = json.dumps(told)
    assert [each for each in [public, *private] if each in text] == []
    assert set(told["siteConfig"]["aiAccess"]) == {"enabled", "promptLaunch", "shortcutLaunch"}
    assert "cloudBrowser" not in text and "debugStreaming" not in text and "webhook" not in text.lower()


async def test_the_policy_is_the_whole_policy(runtime: Runtime, shop: Site) -> None:
    assert set((await runtime.page(shop)).opened["policy"]) == set(policy_defaults())


async def test_a_site_that_only_watches_is_told_so(runtime: Runtime, shop: Site) -> None:
    await change_key(shop, policy={"siteMode": "analytics_only"})

    assert (await runtime.page(shop)).opened["policy"]["siteMode"] == "analytics_only"


async def test_no_answer_may_be_kept_and_every_page_may_read_it(runtime: Runtime, shop: Site) -> None:
    page = await runtime.page(shop)
    answers: list[Any] = [
        await page.send("state"),
        await page.send("command"),
        await runtime.get(f"{BASE}/state?sessionToken={page.token}"),
        await runtime.call("OPTIONS", f"{BASE}/command"),
        await runtime.get(f"{BASE}/command"),
    ]

    assert [answer.status for answer in answers] == [200, 400, 200, 204, 405]
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
    assert answers[4].headers["allow"] == "POST, OPTIONS"
    assert "Idempotent-Replay" in answers[0].headers["access-control-expose-headers"]
