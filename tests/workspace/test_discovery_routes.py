"""The public files over HTTP: which sites have them, and how they are asked for."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.workspace.discovery_schemas import CARD, PROFILE, check
from workspace.models import HostClaim, Site, SiteKey, User
from workspace.selectors.discoveries import discovery_of, published_offer
from workspace.services.audit import Actor
from workspace.services.configs import site_config_patch
from workspace.services.keys import key_create, key_end_now, key_rotate, key_update
from workspace.services.sites import site_archive, site_create

pytestmark = pytest.mark.django_db
FILES = ("agent-card.json", "rover-site.json", "llms.txt")
BASE = "https://rover.example"


@pytest.fixture(autouse=True)
def _public_address(settings: Any) -> None:
    settings.ROVER = settings.ROVER.model_copy(update={"public_url": BASE})


@pytest.fixture
def says(site: Site, actor: Actor, now: datetime) -> Callable[..., None]:
    """Stores members of the site's configuration."""

    def say(**patch: Any) -> None:
        site_config_patch(actor=actor, site=site, patch=patch, max_stored=100, now=now)

    return say


@pytest.fixture
def claim(site: Site, now: datetime) -> HostClaim:
    return HostClaim.objects.create(site=site, host=site.host, token="t", created_at=now, proved_at=now)


@pytest.fixture
def open_site(site: Site, key: SiteKey, claim: HostClaim, says: Callable[..., None]) -> Site:
    """A site for which everything agrees."""
    says(aiAccess={"enabled": True})
    return site


def ask(site: Site | str, name: str = FILES[0], *, method: str = "get", **headers: str) -> Any:
    site_id = site if isinstance(site, str) else site.public_id
    return getattr(Client(), method)(f"/discovery/{site_id}/{name}", headers=headers)


def silence(site: Site, now: datetime) -> str:
    site.refresh_from_db()
    found = discovery_of(site, now=now)
    assert (published_offer(site.public_id, now=now) is None) == (found.silence is not None)
    return found.silence or ""


# --- what is served ---


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("agent-card.json", "application/json"),
        ("rover-site.json", "application/json"),
        ("llms.txt", "text/markdown; charset=utf-8"),
    ],
)
def test_a_file_comes_with_its_type_to_everybody(open_site: Site, name: str, content_type: str) -> None:
    answer = ask(open_site, name)
    assert (answer.status_code, answer["Content-Type"]) == (200, content_type)
    assert answer["Cache-Control"] == "public, max-age=300"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Link"] == (
        f'<{BASE}/discovery/{open_site.public_id}/agent-card.json>; rel="service-desc"; type="application/json", '
        f'<{BASE}/discovery/{open_site.public_id}/llms.txt>; rel="service-doc"; type="text/markdown"'
    )


def test_card_and_profile_are_as_they_should_be(open_site: Site) -> None:
    check(CARD, ask(open_site).json())
    check(PROFILE, ask(open_site, "rover-site.json").json())


def test_the_addresses_in_the_card_lead_to_the_files(open_site: Site) -> None:
    told = ask(open_site).json()["extensions"]["rover"]
    for name, file in zip(("serviceDescUrl", "roverSiteUrl", "llmsUrl"), FILES, strict=True):
        assert told[name] == f"{BASE}/discovery/{open_site.public_id}/{file}"
        assert Client().get(told[name].removeprefix(BASE)).status_code == 200


def test_what_is_served_follows_the_configuration(open_site: Site, says: Callable[..., None]) -> None:
    shortcut = {"id": "menu", "label": "The menu", "prompt": "the secret prompt"}
    private = {**shortcut, "id": "staff", "visibility": "private"}
    says(shortcuts=[shortcut, private, {**shortcut, "id": "old", "enabled": False}])
    says(agentDiscovery={"description": "Bread by post."})
    card = ask(open_site).json()
    assert [skill["id"] for skill in card["skills"]] == ["menu"]
    assert card["description"] == "Bread by post."
    assert "secret prompt" not in "".join(ask(open_site, name).content.decode() for name in FILES)


def test_markup_in_names_stays_text(
    open_site: Site, says: Callable[..., None], actor: Actor, now: datetime
) -> None:
    Site.objects.filter(pk=open_site.pk).update(name="</script><script>alert(1)</script>")
    says(shortcuts=[{"id": "a", "label": "</script><img src=x>", "prompt": "x"}])
    card = ask(open_site)
    assert card.json()["name"] == "</script><script>alert(1)</script>"
    assert card["Content-Type"] == "application/json"
    assert "<script" not in ask(open_site, "llms.txt").content.decode().replace("\\<script", "")


@pytest.mark.parametrize(
    ("capability", "access", "allowed"),
    [
        ({"cloudAgent": True}, {}, True),
        ({"cloudAgent": False}, {}, False),
        ({"cloudAgent": True}, {"allowCloudBrowser": False}, False),
    ],
)
def test_runs_in_the_cloud_are_told_of_as_tasks_would_find_them(
    open_site: Site,
    key: SiteKey,
    says: Callable[..., None],
    actor: Actor,
    now: datetime,
    capability: dict[str, bool],
    access: dict[str, bool],
    allowed: bool,
) -> None:
    key_update(actor=actor, key=key, capabilities=capability, now=now)
    says(aiAccess={"enabled": True, **access})
    assert ask(open_site).json()["extensions"]["rover"]["cloudBrowserAllowed"] is allowed


def test_a_key_that_tasks_do_not_run_under_opens_no_cloud(
    open_site: Site, actor: Actor, now: datetime
) -> None:
    key_create(
        actor=actor,
        site=open_site,
        label="Test",
        allowed_domains=["bakery.example"],
        environment="test",
        capabilities={"cloudAgent": True},
        now=now,
    )
    assert ask(open_site).json()["extensions"]["rover"]["cloudBrowserAllowed"] is False


# --- which sites ---


def test_a_site_for_which_everything_agrees_is_found(open_site: Site, now: datetime) -> None:
    assert silence(open_site, now) == ""


@pytest.mark.parametrize("access", [{}, {"enabled": False}, {"allowPromptLaunch": True}])
def test_while_agents_are_not_let_in_nothing_is_found(
    open_site: Site, says: Callable[..., None], now: datetime, access: dict[str, bool]
) -> None:
    says(aiAccess=access)
    assert silence(open_site, now) == "closed"


def test_an_owner_who_shows_nothing_is_not_found(
    open_site: Site, says: Callable[..., None], now: datetime
) -> None:
    says(agentDiscovery={"enabled": False})
    assert silence(open_site, now) == "turned_off"


def test_an_archived_site_is_not_found(open_site: Site, actor: Actor, now: datetime) -> None:
    site_archive(actor=actor, site=open_site, now=now)
    assert silence(open_site, now) == "archived"


def test_a_host_that_is_not_proved_is_not_found(open_site: Site, claim: HostClaim, now: datetime) -> None:
    HostClaim.objects.filter(pk=claim.pk).update(proved_at=None)
    assert silence(open_site, now) == "unproved"


def test_a_host_that_was_lost_is_not_found(open_site: Site, claim: HostClaim, now: datetime) -> None:
    HostClaim.objects.filter(pk=claim.pk).update(lost_at=now)
    assert silence(open_site, now) == "unproved"


def test_the_proof_of_another_host_is_none_of_the_main_one(
    open_site: Site, claim: HostClaim, now: datetime
) -> None:
    HostClaim.objects.filter(pk=claim.pk).update(host="shop.bakery.example")
    assert silence(open_site, now) == "unproved"


def test_a_proof_of_somebody_elses_is_none(
    open_site: Site, claim: HostClaim, other: User, actor: Actor, now: datetime
) -> None:
    theirs = site_create(actor=actor, owner=other, name="Theirs", host="bakery.example", now=now)
    HostClaim.objects.filter(pk=claim.pk).update(site=theirs)
    assert silence(open_site, now) == "unproved"


@pytest.mark.parametrize(
    "changes",
    [
        {"policy": {"siteMode": "analytics_only"}},
        {"active": False},
        {"allowed_domains": ["other.example"]},
        {"capabilities": {"roverEmbed": False}},
    ],
    ids=["analytics only", "switched off", "another host", "no embed"],
)
def test_without_a_key_for_agents_on_the_main_host_nothing_is_found(
    open_site: Site, key: SiteKey, actor: Actor, now: datetime, changes: dict[str, Any]
) -> None:
    key_update(actor=actor, key=key, now=now, **changes)
    assert silence(open_site, now) == "no_key"


def test_a_revoked_key_opens_nothing(open_site: Site, key: SiteKey, actor: Actor, now: datetime) -> None:
    key_end_now(actor=actor, key=key, now=now)
    assert silence(open_site, now) == "no_key"


def test_an_expired_key_opens_nothing(open_site: Site, key: SiteKey, now: datetime) -> None:
    SiteKey.objects.filter(pk=key.pk).update(ttl_days=1, expires_at=now + timedelta(days=1))
    assert silence(open_site, now) == ""
    assert silence(open_site, now + timedelta(days=2)) == "no_key"


def test_a_rotated_key_opens_as_long_as_it_works(
    open_site: Site, key: SiteKey, actor: Actor, now: datetime
) -> None:
    heir = key_rotate(actor=actor, key=key, now=now, grace_seconds=60).key
    key_end_now(actor=actor, key=heir, now=now)
    assert silence(open_site, now) == ""
    assert silence(open_site, now + timedelta(seconds=61)) == "no_key"


@pytest.mark.parametrize(
    ("host", "environment", "reason"),
    [
        ("localhost", "development", ""),
        ("127.0.0.1", "test", ""),
        ("bakery.test", "development", ""),
        ("bakery.example", "development", "unproved"),
        ("bakery.example", "test", "unproved"),
    ],
)
def test_a_key_for_work_needs_no_proof_on_ones_own_machine(
    owner: User, actor: Actor, now: datetime, host: str, environment: str, reason: str
) -> None:
    site = site_create(actor=actor, owner=owner, name="Mine", host=host, now=now)
    key_create(actor=actor, site=site, label="Mine", allowed_domains=[host], environment=environment, now=now)
    site_config_patch(actor=actor, site=site, patch={"aiAccess": {"enabled": True}}, max_stored=100, now=now)
    assert silence(site, now) == reason
    assert ask(site).status_code == (404 if reason else 200)


def refusal(answer: Any, path: str) -> dict[str, Any]:
    """The problem without the path, which is the caller's own."""
    problem: dict[str, Any] = answer.json()
    assert problem.pop("instance") == path
    return problem


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("accept", ["*/*", "text/html", "application/json"])
def test_every_refusal_is_the_same_problem_whatever_the_reason(
    site: Site, key: SiteKey, says: Callable[..., None], name: str, accept: str
) -> None:
    says(aiAccess={"enabled": True})
    ids = [site.public_id, "nobody-a1B2c3", "x", "%00", "%F0%9F%8D%9E", "a" * 3_000]
    answers = [ask(one, name, accept=accept) for one in ids]
    told = [refusal(answer, answer.wsgi_request.path) for answer in answers]
    assert all(problem == told[0] for problem in told)
    assert (told[0]["status"], told[0]["code"]) == (404, "not_found")
    for answer in answers:
        assert answer.status_code == 404
        assert answer["Content-Type"] == "application/problem+json"
        assert answer["Cache-Control"] == "no-store"
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert not answer.has_header("Link")


# --- how it is asked for ---


def test_a_validator_is_strong_and_of_the_content(open_site: Site, says: Callable[..., None]) -> None:
    first, again = ask(open_site), ask(open_site)
    says(agentDiscovery={"description": "Bread by post."})
    changed = ask(open_site)
    assert first["ETag"] == again["ETag"] != changed["ETag"]
    assert first["ETag"][0] == first["ETag"][-1] == '"'
    assert len({ask(open_site, name)["ETag"] for name in FILES}) == 3


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', '"a" ,W/{} , "b"', "*"])
def test_who_has_it_is_told_so(open_site: Site, form: str) -> None:
    etag = ask(open_site)["ETag"]
    answer = ask(open_site, if_none_match=form.format(etag))
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer["ETag"] == etag
    assert answer["Cache-Control"] == "public, max-age=300"
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer.has_header("Link")
    assert not answer.has_header("Content-Type")


@pytest.mark.parametrize("value", ['"other"', "W/", "", "junk", '"*"', '"other", *'])
def test_who_has_something_else_gets_it(open_site: Site, value: str) -> None:
    assert ask(open_site, if_none_match=value).status_code == 200


def test_a_validator_opens_nothing_that_is_closed(
    open_site: Site, says: Callable[..., None], now: datetime
) -> None:
    etag = ask(open_site)["ETag"]
    says(aiAccess={"enabled": False})
    assert ask(open_site, if_none_match=etag).status_code == 404
    assert ask(open_site, if_none_match="*").status_code == 404


@pytest.mark.parametrize("name", FILES)
def test_head_has_the_headers_and_no_content(open_site: Site, name: str) -> None:
    got, head = ask(open_site, name), ask(open_site, name, method="head")
    assert (head.status_code, head.content) == (200, b"")
    same = ("Content-Type", "Content-Length", "ETag", "Cache-Control", "Link", "Access-Control-Allow-Origin")
    assert {field: head[field] for field in same} == {field: got[field] for field in same}


def test_a_script_of_any_site_may_ask_first(site: Site) -> None:
    answer = ask(
        site,
        method="options",
        origin="https://agent.example",
        access_control_request_method="GET",
        access_control_request_headers="if-none-match",
    )
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert answer["Access-Control-Allow-Headers"] == "If-None-Match"


def test_asking_first_says_nothing_of_whether_there_is_a_site(open_site: Site) -> None:
    there, nowhere = ask(open_site, method="options"), ask("nobody-a1B2c3", method="options")
    without_id = [{n: v for n, v in one.items() if n != "X-Request-Id"} for one in (there, nowhere)]
    assert without_id[0] == without_id[1]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("is_open", [True, False])
def test_other_methods_are_refused(open_site: Site, method: str, is_open: bool) -> None:
    answer = ask(open_site if is_open else "nobody-a1B2c3", method=method)
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer.json()["code"] == "method_not_allowed"


def test_who_asks_makes_no_difference(
    open_site: Site, owner: User, client_of: Callable[[User], Client]
) -> None:
    path = f"/discovery/{open_site.public_id}/agent-card.json"
    browser = client_of(owner)
    signed_in, anonymous = (
        browser.get(path),
        Client().get(path, headers={"authorization": "Bearer rvo_forged"}),
    )
    assert signed_in.content == anonymous.content
    for answer in (signed_in, anonymous):
        assert answer.status_code == 200
        assert not answer.cookies
        assert not answer.has_header("Vary")
        assert not answer.has_header("Access-Control-Allow-Credentials")


def test_a_server_below_a_path_names_itself_so(open_site: Site, settings: Any) -> None:
    settings.ROVER = settings.ROVER.model_copy(update={"public_url": "https://x.example:8443/tools"})
    told = json.loads(ask(open_site).content)
    assert told["url"] == "https://x.example:8443/tools/v1/tasks"
    assert told["extensions"]["rover"]["llmsUrl"] == (
        f"https://x.example:8443/tools/discovery/{open_site.public_id}/llms.txt"
    )


def test_one_answer_costs_few_questions_to_the_database(
    open_site: Site, actor: Actor, now: datetime, django_assert_max_num_queries: Any
) -> None:
    for number in range(5):
        key_create(
            actor=actor, site=open_site, label=f"K{number}", allowed_domains=["bakery.example"], now=now
        )
    with django_assert_max_num_queries(6):
        assert published_offer(open_site.public_id, now=timezone.now())
