"""`python -m tests.browser.roverbook.seeded_people SITE`: writes agents and what they said into the data folder of a
running server."""

import os
import subprocess
import sys
from datetime import timedelta

from tests.e2e.server import RoverServer

HOSTILE = '<img src=x onerror="window.p=1"><script>window.p=1</script>'
LONG = "word" * 60


def write_people(server: RoverServer, site_id: str) -> None:
    """Run this module beside a server."""
    command = [sys.executable, "-m", "tests.browser.roverbook.seeded_people", site_id]
    done = subprocess.run(command, env=server.env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def main() -> None:
    """Everything that these pages can show, and what is nothing but trouble."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rover_site.settings")
    import django

    django.setup()
    from django.utils import timezone

    from roverbook.models import AgentProfile, Question
    from tests.roverbook.people import rows
    from workspace.models import Site

    site, now = Site.objects.get(public_id=sys.argv[1]), timezone.now()
    for days in range(20):
        at = now - timedelta(days=days, hours=1)
        seen = rows.visit(site, at=at, key="crumb-reader", score=40.0 + days, task_id=site.pk)
        rows.visit(site, at=at, key="signed", agent_trust="verified_signed", agent_vendor="bots.example")
    trouble = rows.visit(site, at=now, key=f"{LONG[:100]}&<b>", agent_name=HOSTILE, agent_vendor=LONG[:120])
    AgentProfile.objects.create(
        site=site, agent_key="signed", nickname="The good one", access="limit", per_day=5, updated_at=now
    )
    for known in (
        {"visit_id": seen.pk, "key": "crumb-reader"},
        {"visit_id": trouble.pk, "agent_name": HOSTILE},
    ):
        text = HOSTILE + LONG if "agent_name" in known else "The bread is behind the second link."
        rows.review(site, at=now, **known, summary=text, pain_points=[text], suggestions=["Name the button."])
        rows.review(site, at=now, **known, summary=text, provenance="derived", sentiment="mixed")
        rows.answer(site, at=now, **known, answer=text, is_highlight=True)
        rows.note(site, at=now, **known, title=text[:160], content=text, tags=["bread", text[:30]])
        rows.note(site, at=now, **known, content=text, moderation="approved", is_pinned=True)
        rows.note(site, at=now, **known, content=text, visibility="private", type="issue")
        top = rows.post(
            site, id=f"post-{known['visit_id']}", at=now, **known, title=text[:160], body=text, reply_count=1,
            page_url=f"https://{site.host}/{LONG}", tags=["oven"], upvotes=3,
        )  # fmt: skip
        rows.post(site, at=now, **known, parent=top, body=text)
    Question.objects.create(
        site=site, question_id="question_own", text=f"Why {HOSTILE}?", active=False, created_at=now,
        provenance="agent_authored",
    )  # fmt: skip


if __name__ == "__main__":
    main()
