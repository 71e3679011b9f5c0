"""Every page of the workspace in a real browser: light and dark, wide and narrow.

The pages are asked of the server's own list of addresses, so a new one is opened without being named here. Pictures
of each go to build/screenshots, two a page. With ROVER_SCREENSHOTS, the name of a folder, all four are taken
and judged by axe; sideways scrolling and the console are looked at in all four at every run.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from django.db.models import Model
from playwright.sync_api import APIResponse, Page

from rover_site.demo import DemoSiteThread
from tests.browser.agents import open_to_agents, start, start_and_hand_over, status_of
from tests.browser.axe import SCHEMES, WIDTHS, looks, overflow, violations
from tests.browser.roverbook.seeded_visits import write_visits
from tests.browser.visitors import make_key, visit
from tests.e2e.server import RoverServer, wait_until
from tests.roverbook.webhooks.trying import try_webhook
from tests.workspace.isolation.routes import Route, routes
from workspace.models import OwnerToken, Site, User

HIGHEST_PICTURE = 15_000  # px
pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.processes, pytest.mark.timeout(400)]
SignIn = Callable[..., Page]
SITE = "harbour-tours-seed02"
EMPTY = [
    (f"{name}-empty", f"/workspace/sites/travel-journal-seed03/{page}/")
    for name, page in (("site_tasks", "tasks"), ("site_sessions", "sessions"), ("site_trial", "try"))
]
"""The same addresses look different where nobody has been, and nobody can come."""
FOLDER = Path(os.environ.get("ROVER_SCREENSHOTS", "build/screenshots"))
DIAGONAL = {"light-1366", "dark-390"}
"""Each scheme and each width once: enough for pictures and barriers at every run, and half the time."""
PICTURED = (
    DIAGONAL if "ROVER_SCREENSHOTS" not in os.environ else {f"{one}-{w}" for one in SCHEMES for w in WIDTHS}
)
NOT_FOR_PEOPLE = ("/v1/", "/api/", "/openapi.json", "/healthz", "/readyz", "/favicon.ico")
ADMINISTRATORS = {
    "workspace_user_changelist",
    "workspace_user_add",
    "workspace_user_change",
    "workspace_user_delete",
    "workspace_user_sign_in_link",
    "auth_user_password_change",
    "workspace_site_changelist",
    "workspace_ownertoken_changelist",
    "health",
}
UNKNOWN = "{name} in {path}: tell `values` in test_workspace_pages.py what it stands for"


@pytest.fixture(scope="module")
def seeded(server: RoverServer) -> RoverServer:
    """Sample owners with their sites, a token, a task, and an administrator."""
    server.rover("seed")
    server.rover("owner", "create", "administrator", "--superuser", "--no-password")
    token = server.rover("owner", "token", "travel", "--scope", "fetch")
    server.request("POST", "/v1/batches", token, {"urls": [f"http://127.0.0.1:{server.port}/healthz"]})
    with DemoSiteThread() as demo:
        agents_come(server, demo.url("/"))
    visitors_come(server)
    hooks_come(server)
    write_visits(server, SITE, "some")
    return server


def agents_come(server: RoverServer, url: str) -> None:
    """Tasks of agents on the sample's site: one that ends well, one that asks, one handed over, one that is
    nothing but trouble."""
    open_to_agents(server, "travel", siteId=SITE)
    agent = {
        "key": "scout-7",
        "name": "Harbour Scout",
        "vendor": "Scouts",
        "homepage": "https://scout.example/",
    }
    ends = start(server, url, "What do tickets cost?", agent=agent)
    asks = start(server, url, "Could you please tell me?")
    long = "<b>Unbreakable</b>" + "word" * 200
    start(server, f"{url}{'long/' * 60}", long, execution="browser", agent={"name": long, "key": long[:100]})
    start_and_hand_over(server, url, "Plan an evening for four", "Book a table for four")
    wait_until(lambda: status_of(server, ends) == "completed", what="the task of the sample")
    wait_until(lambda: status_of(server, asks) == "input_required", what="the question of the sample")


def visitors_come(server: RoverServer) -> None:
    """Sessions of visitors: one that asked nothing, one that was ended, one whose run goes on, and one that is
    nothing but trouble."""
    key = make_key(server, "travel", SITE)
    visit(server, SITE, key)
    ended = visit(server, SITE, key)
    ended.ask("Open the blue kettle")
    ended.tell({"type": "assistant_output", "data": {"text": "It costs 12."}}, status="completed")
    ended.ask("<b>Unbreakable</b>" + "word" * 200)
    url = f"https://elsewhere.example/{'long/' * 60}"
    ended.command("TAB_EVENT", targetUrl=url, logicalTabId="1", runId=ended.run_id)
    ended.tell({"type": "error", "data": {"code": "LONG", "message": "word" * 200}}, status="failed")
    going = visit(server, SITE, key)
    going.ask("Open the blue kettle")
    going.step()


def hooks_come(server: RoverServer) -> None:
    """A webhook that was tried in vain."""
    token = server.rover("owner", "token", "travel", "--scope", "manage")
    wanted = {"siteId": SITE, "enabled": True, "webhooks": [{"url": "https://hooks.invalid/rover"}]}
    server.request("POST", "/api/v1/upsertRoverBookNotificationSettings", token, wanted)
    try_webhook(server)
    deliveries = "SELECT id FROM roverbook_webhookdelivery"
    wait_until(lambda: server.sql(deliveries), what="a delivery")


def add_the_rest(page: Page, server: RoverServer) -> str:
    """What the sample lacks: a claim to a host, and an open invitation, whose path comes back."""
    site = f"http://127.0.0.1:{server.port}/workspace/sites/{SITE}"
    page.goto(f"{site}/install/")
    page.get_by_role("button", name=re.compile("^Prove it")).first.click()
    page.goto(f"{site}/members/")
    page.get_by_role("button", name="Make a link").click()
    found = re.search(r"/workspace/join/[\w-]+", page.content())
    assert found
    return found[0]


def values(server: RoverServer, join: str) -> dict[str, str]:
    """What a parameter of this name stands for in the sample."""

    def one(query: str, *given: str) -> str:
        return str(server.sql(query, *given)[0][0])

    def uuid(query: str, *given: str) -> str:
        return str(UUID(one(query, *given)))

    site = one("SELECT id FROM workspace_site WHERE public_id = ?", SITE)
    key = one(
        "SELECT id FROM workspace_sitekey WHERE site_id = ? AND revoked_at IS NULL AND grace_until IS NULL AND active = 1",
        site,
    )
    kept = "SELECT id FROM workspace_auditentry WHERE subject_id = ? AND action IN ('site_key.created', 'site_key.rotated')"
    owner = one("SELECT id FROM workspace_user WHERE username = 'travel'")
    tasks = "SELECT id FROM tasks_task WHERE kind = 'agent' AND status = ? ORDER BY id"
    return {
        "site_id": SITE,
        "task_name": f"agt_{UUID(one(tasks, 'completed')).hex}",
        "event": "evt_1",
        "session_id": one("SELECT session_id FROM tasks_run WHERE status = 'running'"),
        "run_id": uuid("SELECT id FROM tasks_run WHERE status = 'running'"),
        "endpoint_id": uuid("SELECT id FROM roverbook_webhookendpoint"),
        "delivery_id": uuid("SELECT id FROM roverbook_webhookdelivery"),
        "visit_id": one("SELECT id FROM roverbook_visit WHERE prompt = 'Buy it'"),
        "alert_id": one("SELECT id FROM roverbook_driftalert"),
        "note_id": "note_trouble",
        "post_id": "post_trouble",
        "collection": "roverbook_visits",
        "version": "0" * 16,
        "key_id": str(UUID(key)),
        "entry_id": uuid(kept, str(UUID(key))),
        "member_id": one("SELECT id FROM workspace_membership WHERE site_id = ?", site),
        "invitation_id": uuid(
            "SELECT id FROM workspace_invitation WHERE site_id = ? AND accepted_at IS NULL", site
        ),
        "claim_id": uuid("SELECT id FROM workspace_hostclaim WHERE site_id = ?", site),
        "token_id": uuid("SELECT id FROM workspace_ownertoken WHERE owner_id = ?", owner),
        "task_id": uuid("SELECT id FROM tasks_task WHERE owner_id = ? AND kind = 'batch_fetch'", owner),
        "owner_id": owner,
        "id": owner,
        "shortcut_id": "next-boat",
        "file_name": "agent-card.json",
        "name": "careful",
        "state": "off",
        "secret": join.rstrip("/").rpartition("/")[2],
        "token": server.rover("owner", "link", "bakery").rpartition("/")[2],
        "app_label": "workspace",
        "content_type_id": "1",
        "url": "nothing/here",
    }


def paths(known: dict[str, str], server: RoverServer) -> Iterator[tuple[str, str]]:
    """Name and path of every address that a person could open."""
    for route in routes():
        if route.path.startswith(NOT_FOR_PEOPLE) or (
            route.name.startswith("api-") and route.name != "api-docs"
        ):
            continue
        unknown = [name for name in route.parameters if name not in known and name != "object_id"]
        assert not unknown, UNKNOWN.format(name=unknown, path=route.path)
        yield (
            route.name or _name_of(route),
            route.at(**known, object_id=_object(route.model, known, server)),
        )


def _object(model: type[Model] | None, known: dict[str, str], server: RoverServer) -> str:
    if model is User:
        return known["owner_id"]
    if model is OwnerToken:
        return known["token_id"]
    if model is Site:
        return str(UUID(server.sql("SELECT id FROM workspace_site WHERE public_id = ?", SITE)[0][0]))
    return known["task_id"]


def _name_of(route: Route) -> str:
    return re.sub(r"\W+", "-", route.path).strip("-") or "root"


def moods(server: RoverServer) -> Iterator[tuple[str, str]]:
    """The pages of a task and of a session in each of their moods, by name and path."""
    found = server.sql("SELECT id, status FROM tasks_task WHERE kind = 'agent' AND status != 'completed'")
    for at, (task_id, status) in enumerate(found):
        yield f"site_task-{status}-{at}", f"/workspace/sites/{SITE}/tasks/agt_{UUID(task_id).hex}/"
    quiet = "SELECT s.id, coalesce(r.status, 'nothing') FROM tasks_runtimesession s LEFT JOIN tasks_run r ON r.id = s.run_id"
    for session_id, status in server.sql(f"{quiet} WHERE r.status IS NOT 'running'"):
        yield f"site_session-{status}", f"/workspace/sites/{SITE}/sessions/{session_id}/"
    yield "site_sessions-none", f"/workspace/sites/{SITE}/sessions/?host=nobody.example"


def is_page(answer: APIResponse) -> bool:
    """Whether it is a whole page, and not an export, a part of a page, or the way to another page."""
    return answer.headers.get("content-type", "").startswith("text/html") and "<html" in answer.text()


def faults_of(page: Page, name: str, base: str, path: str, complaints: list[str]) -> Iterator[str]:
    """What is wrong with one page; pictures of it are left in the folder."""
    page.goto(base + path, wait_until="load")
    for look in looks(page):
        if look in PICTURED:
            height = page.evaluate("document.documentElement.scrollHeight")
            # a picture of a reference with sixty thousand lines of pixels takes minutes, and nobody looks at it
            page.screenshot(path=FOLDER / f"{name}-{look}.png", full_page=height < HIGHEST_PICTURE)
        if wide := overflow(page):
            yield f"{name} {path} {look}: {wide} px run off the side"
        yield from (f"{name} {path} {look}: {complaint}" for complaint in complaints)
        complaints.clear()
        if look in PICTURED:
            yield from (f"{name} {path} {look}: {violation}" for violation in violations(page))
        complaints.clear()  # axe itself trips the security policy


def walk(
    page: Page, server: RoverServer, prefix: str, known: dict[str, str], complaints: list[str]
) -> tuple[list[str], set[str]]:
    """The faults of all pages that this person can open, and the names of these pages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    base, faults, seen = f"http://127.0.0.1:{server.port}", list[str](), set[str]()
    for name, path in [*paths(known, server), *moods(server), *EMPTY]:
        answer = page.request.get(base + path, max_redirects=0, fail_on_status_code=False)
        assert answer.status < 500, (path, answer.status)
        if answer.status == 200 and is_page(answer):
            seen.add(name)
            faults += faults_of(page, f"{prefix}-{name}", base, path, complaints)
    return faults, seen


def test_the_owners_pages(seeded: RoverServer, sign_in: SignIn, complaints: list[str]) -> None:
    page = sign_in("travel")
    known = values(seeded, add_the_rest(page, seeded))
    complaints.clear()
    faults, seen = walk(page, seeded, "owner", known, complaints)
    assert not faults, f"{len(faults)} faults\n" + "\n".join(faults)
    assert len(seen) > 40, seen


def test_the_administrators_own_pages(seeded: RoverServer, sign_in: SignIn, complaints: list[str]) -> None:
    page = sign_in("administrator")
    base = f"http://127.0.0.1:{seeded.port}"
    FOLDER.mkdir(parents=True, exist_ok=True)
    user = seeded.sql("SELECT id FROM workspace_user WHERE username = 'travel'")[0][0]
    task = UUID(seeded.sql("SELECT id FROM tasks_task WHERE kind = 'batch_fetch'")[0][0])
    pages = [
        (
            one.name,
            one.at(object_id=task if "tasks" in one.path else user, id=user, owner_id=user, task_id=task),
        )
        for one in routes()
        if one.model or one.name in ("health", "index", "audit")
    ]
    faults, seen = list[str](), set[str]()
    for name, path in pages:
        answer = page.request.get(base + path, max_redirects=0, fail_on_status_code=False)
        if answer.status == 200 and is_page(answer):
            seen.add(name)
            faults += faults_of(page, f"administrator-{name}", base, path, complaints)
    assert not faults, f"{len(faults)} faults\n" + "\n".join(faults)
    assert seen >= ADMINISTRATORS


def test_the_page_of_somebody_who_is_not_signed_in(
    seeded: RoverServer, sign_in: SignIn, complaints: list[str]
) -> None:
    page = sign_in("travel")
    page.context.clear_cookies()
    FOLDER.mkdir(parents=True, exist_ok=True)
    link = "/" + seeded.rover("owner", "link", "bakery").split("/", 3)[3]
    base = f"http://127.0.0.1:{seeded.port}"
    pages = [("login", "/workspace/login/"), ("sign-in", link)]
    faults = [fault for name, path in pages for fault in faults_of(page, name, base, path, complaints)]
    assert not faults, "\n".join(faults)


def test_a_bad_page_is_noticed(seeded: RoverServer, sign_in: SignIn, complaints: list[str]) -> None:
    page = sign_in("travel")
    page.set_content(
        "<html lang=en><title>Bad</title><p style='color:red'><font color=#ccc>faint</font></p><input>"
        f"<pre>{'wide ' * 500}</pre>"
    )
    assert {line.split()[0] for line in violations(page)} >= {"color-contrast", "label"}
    assert overflow(page) > 0
    assert any("Content Security Policy" in complaint for complaint in complaints)
