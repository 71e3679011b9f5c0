"""`python -m tests.browser.roverbook.seeded_visits SITE WHAT [VISIT]`: writes visits into the data folder of a
running server, as its projector would. WHAT is `some`, or `step` or `end` for what happens in a visit that goes on.
Prints the ids that were made, as JSON."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.e2e.server import RoverServer

if TYPE_CHECKING:
    from workspace.models import Site


def write_visits(server: RoverServer, site_id: str, *what: str) -> dict[str, str]:
    """Run this module beside a server; the ids that it tells."""
    command = [sys.executable, "-m", "tests.browser.roverbook.seeded_visits", site_id, *what]
    done = subprocess.run(command, env=server.env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, str] = json.loads(done.stdout)
    return told


def main() -> None:
    """Writes, and tells the ids."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rover_site.settings")
    import django

    django.setup()
    from workspace.models import Site

    site = Site.objects.get(public_id=sys.argv[1])
    told = some(site) if sys.argv[2] == "some" else happens(sys.argv[2], sys.argv[3])
    sys.stdout.write(json.dumps(told))


def some(site: "Site") -> dict[str, str]:
    """Visits of each kind over a month: good ones, one that failed, one that goes on, one that is nothing but
    trouble."""
    from roverbook.models import DriftAlert, Note, Post
    from tests.roverbook.pages import support

    for n in range(40):
        outcome = ("success", "success", "success", "failure", "abandoned", "partial")[n % 6]
        visit = support.make_visit(
            site, outcome=outcome, steps=2, started_at=support.ago(days=n // 2, hours=1)
        )
        support.add_tool(visit, "click", ("/cart", "/pay")[n % 2], calls=3, failures=n % 3 == 0)
        support.add_move(visit, "/", "/cart")
        support.add_exposure(visit, "cart-button", "ab"[n % 2])
        support.add_score(site, n, 55.0 + n % 20, consistency=70.0, efficiency=40.0)
    failed = support.make_visit(
        site,
        outcome="failure", steps=3, error_count=1, error="The button “Pay” has no name.", prompt="Buy it",
        pages_visited=["https://shop.example/", "https://shop.example/cart"], agent_trust="verified_signed",
        agent_vendor="Acme", score_efficiency=70.0, score_recovery=20.0, score_accessibility=50.0,
    )  # fmt: skip
    support.add_step(failed, type="backtrack", action="go_back", at=failed.started_at + timedelta(seconds=3))
    support.add_step(
        failed, action="click", result="error", error="button has no name",
        at=failed.started_at + timedelta(seconds=4), duration_ms=1_200,
    )  # fmt: skip
    support.add_issue(failed)
    support.add_review(
        failed, "agent_authored", "The button has no name.", pain_points=["Pay"], suggestions=["Name it"]
    )
    support.add_review(failed, "derived", "It took 5 steps.")
    going = support.make_visit(site, outcome="", steps=1, prompt="Look around")
    text = support.HOSTILE["markup"] + support.HOSTILE["long"]
    trouble = support.make_visit(
        site,
        prompt=text, error=text, summary=text, outcome="failure", agent_name=text[:120], agent_key=text[:128],
        agent_vendor=text[:120], shortcut=text[:120], pages_visited=[text, f"https://x.example/{'long/' * 60}"],
        runs=[{"prompt": text, "error": text}, {"prompt": text}],
    )  # fmt: skip
    support.add_step(
        trouble, action=text[:80], target=text, error=text, result="error", page_url=text, args={text: text}
    )
    support.add_tool(trouble, text[:80], text[:300], failures=1)
    support.add_move(trouble, text[:300], text[:300])
    support.add_issue(trouble, "e" * 32, message=text[:240], tool=text[:80], path=text[:300])
    support.add_review(trouble, "agent_authored", text, pain_points=[text], suggestions=[text])
    alert = DriftAlert.objects.create(
        site=site, path=text[:300], tool=text[:80], rate=0.5, baseline=0.1, calls=9,
        began_at=support.ago(hours=2), seen_at=support.ago(),
    )  # fmt: skip
    said: dict[str, Any] = {
        "site": site,
        "visit_id": trouble.pk,
        "agent_name": text[:120],
        "provenance": "agent_authored",
    }
    times = {"created_at": support.ago(), "updated_at": support.ago()}
    note = Note.objects.create(
        id="note_trouble", type="tip", title=text[:160], content=text, visibility="shared", **said, **times
    )
    post = Post.objects.create(
        id="post_trouble", type="question", title=text[:160], body=text, **said, **times
    )
    ids = {"failed": failed.pk, "going": going.pk, "trouble": trouble.pk, "alert": str(alert.pk)}
    return {**ids, "note": note.pk, "post": post.pk}


def happens(what: str, visit_id: str) -> dict[str, str]:
    """One more step of a visit that goes on, or its end."""
    from roverbook.models import Visit
    from tests.roverbook.pages import support

    visit = Visit.objects.get(pk=visit_id)
    if what == "step":
        support.add_step(visit, action="extract", target="the price")
        Visit.objects.filter(pk=visit_id).update(n_events=visit.n_events + 2, last_event_at=support.ago())
    else:
        Visit.objects.filter(pk=visit_id).update(
            outcome="success",
            status="completed",
            score=88.0,
            finalized_at=support.ago(),
            ended_at=support.ago(),
        )
    return {"visit": visit_id}


if __name__ == "__main__":
    main()
