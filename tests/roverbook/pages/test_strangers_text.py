"""What agents and pages wrote is text on every page, whatever is in it."""

import pytest
from django.test import Client

from roverbook.models import DriftAlert, Note
from tests.roverbook.pages.support import (
    HOSTILE,
    add_exposure,
    add_issue,
    add_move,
    add_review,
    add_step,
    add_tool,
    ago,
    book_path,
    links_of,
    make_visit,
    text_of,
    visit_path,
)
from tests.tasks.agents.owners_view import shown
from workspace.models import Site

pytestmark = pytest.mark.django_db
PAGES = ("", "visits/", "analytics/", "VISIT", "VISIT?step=1")


@pytest.fixture(params=sorted(HOSTILE))
def pages(request: pytest.FixtureRequest, shop: Site, browser: Client) -> list[str]:
    """All pages of a site on which every text is this one."""
    text = HOSTILE[request.param].replace("\x00", "")
    visit = make_visit(
        shop, prompt=text, error=text, summary=text, outcome="failure", agent_name=text[:120],
        agent_key=text[:128], agent_vendor=text[:120], agent_model=text[:120], agent_trust=text[:24],
        agent_source=text[:24], launch_source=text[:24], shortcut=text[:120], host=text[:253],
        pages_visited=[text], runs=[{"prompt": text, "error": text, "terminalState": text}, text],
        extras={text: text},
    )  # fmt: skip
    add_step(
        visit, action=text[:80], target=text, error=text, result="error", page_url=text, args={text: text}
    )
    add_tool(visit, text[:80], text[:300], failures=1)
    add_move(visit, text[:300], text[:300])
    add_issue(visit, message=text[:240], tool=text[:80], path=text[:300])
    add_review(visit, "agent_authored", text, pain_points=[text], suggestions=[text])
    add_exposure(visit, text[:120], text[:100])
    Note.objects.create(
        id="note", site=shop, visit_id=visit.pk, type="tip", title=text[:160], content=text, updated_at=ago(),
        visibility="shared", provenance="agent_authored", created_at=ago(),
    )  # fmt: skip
    DriftAlert.objects.create(
        site=shop, path=text[:300], tool=text[:80], rate=1, baseline=0, calls=9, began_at=ago(), seen_at=ago()
    )
    own = visit_path(visit)
    return [
        shown(browser, own if page.startswith("VISIT") else book_path(shop, page), **query(page))
        for page in PAGES
    ]


def query(page: str) -> dict[str, str]:
    return {"step": "1"} if page.endswith("step=1") else {}


def test_is_text(pages: list[str], shop: Site) -> None:
    for page in pages:
        assert "<script>alert" not in page and "<img src=x" not in page
        assert text_of(page, "//script[not(@src)]") == []
        assert not [link for link in links_of(page, "//a") if link.lower().startswith("javascript")]
        assert not any(char in page for char in "\x1b\u202e\u2066\x07")
        assert f">{shop.owner}{{" not in page
    assert any("Ignore all" in page or "word" in page or "alert" in page or "%" in page for page in pages)
