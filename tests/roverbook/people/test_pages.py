"""The owners' pages about agents and what they said, over HTTP."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from roverbook.models import AgentProfile, Note, NotificationSettings, Post, Question
from tasks.core.printable import printable
from tests.roverbook.people import rows
from workspace.models import AuditEntry, Membership, Site, User

pytestmark = pytest.mark.django_db
LISTS = ("agents", "reviews", "interviews", "board", "memory", "privacy")


@pytest.fixture
def owner() -> User:
    return rows.owner()


@pytest.fixture
def site(owner: User) -> Site:
    return rows.site_of(owner)


@pytest.fixture
def browser(owner: User, site: Site) -> Client:
    return rows.browser_of(owner)


@pytest.fixture
def viewer(site: Site) -> Client:
    person = rows.owner("viewer")
    Membership.objects.create(site=site, user=person, role="viewer", created_at=timezone.now())
    return rows.browser_of(person)


def at(site: Site, page: str) -> str:
    return f"/workspace/sites/{site.public_id}/roverbook/{page}/"


def page_of(browser: Client, site: Site, page: str, status: int = 200, **query: str) -> str:
    answer = browser.get(at(site, page), query)
    assert answer.status_code == status, answer.content[:500]
    return answer.content.decode()


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def send(browser: Client, site: Site, page: str, **fields: str) -> Any:
    return browser.post(at(site, page), fields)


def everything(site: Site, text: str = "", key: str = "baker") -> None:
    """Something on every page; with `text` in every place that a stranger writes."""

    def with_text(**columns: Any) -> dict[str, Any]:
        return {"agent_name": text} | columns if text else {}

    visit = rows.visit(site, at=timezone.now(), key=key, **with_text(prompt=text))
    known: dict[str, Any] = {"visit_id": visit.pk, "key": key, "at": timezone.now()}
    rows.review(site, **known, **with_text(summary=text, pain_points=[text], suggestions=[text]))
    rows.answer(site, **known, **with_text(answer=text, question=text))
    rows.note(site, **known, **with_text(title=text, content=text, tags=[text], linked_url=text))
    rows.note(site, **known, moderation="approved", **with_text(title=text, content=text))
    top = rows.post(site, **known, **with_text(title=text, body=text, tags=[text], page_url=text))
    rows.post(site, **known, parent=top, **with_text(body=text))
    Question.objects.create(
        site=site,
        question_id="question_own",
        text=text or "What else?",
        active=False,
        provenance="agent_authored",
        created_at=timezone.now(),
    )


class TestEmptyPages:
    @pytest.mark.parametrize("page", LISTS)
    def test_say_what_comes_next(self, page: str, browser: Client, site: Site) -> None:
        html = page_of(browser, site, page)

        assert "rv-empty" in html or page == "privacy"

    @pytest.mark.parametrize("page", ["agents", "reviews", "interviews", "memory"])
    def test_that_are_filtered_say_so(self, page: str, browser: Client, site: Site) -> None:
        everything(site)

        assert "Nothing matches." in page_of(browser, site, page, q="zebra")


class TestWhoMaySee:
    @pytest.mark.parametrize("page", LISTS)
    def test_no_stranger(self, page: str, site: Site) -> None:
        page_of(rows.browser_of(rows.owner("stranger")), site, page, 404)

    @pytest.mark.parametrize("page", LISTS)
    def test_a_viewer_but_without_buttons_that_change(self, page: str, viewer: Client, site: Site) -> None:
        everything(site)

        html = page_of(viewer, site, page).partition('id="content-main"')[2]

        assert 'method="post"' not in html

    def test_a_viewer_changes_nothing(self, viewer: Client, site: Site) -> None:
        everything(site)
        note, post = Note.objects.all()[0], Post.objects.filter(parent=None)[0]
        for page, fields in (
            ("memory/act", {"note": note.pk, "do": "approve"}),
            ("board/act", {"post": post.pk, "do": "hide"}),
            (f"board/{post.pk}", {"text": "hello"}),
            ("interviews/question", {"question": "question_own", "do": "take"}),
            ("privacy", {"visit_days": "1", "score_days": "30"}),
            ("agent", {"access": "block"}),
            ("privacy/erase", {"kind": "agent", "name": "baker", "typed": "baker"}),
            (f"memory/{note.pk}/delete", {}),
        ):
            assert send(viewer, site, page, **fields).status_code == 403, page
        assert viewer.get(at(site, "privacy/export"), {"kind": "agent", "name": "baker"}).status_code == 403


class TestHostileText:
    @pytest.mark.parametrize("text", rows.HOSTILE, ids=range(len(rows.HOSTILE)))
    def test_stays_text_on_every_page(self, text: str, browser: Client, site: Site) -> None:
        key = printable(text)  # as the attribution leaves it
        everything(site, text, key=key)
        post = Post.objects.get(parent=None)
        for page, query in (
            *((name, {}) for name in LISTS),
            ("agent", {"key": key}),
            (f"board/{post.pk}", {}),
            ("reviews", {"provenance": "all", "q": key}),
            ("privacy", {"kind": "agent", "name": key}),
            ("privacy/erase", {"kind": "agent", "name": key}),
        ):
            html = browser.get(at(site, page), query).content.decode().partition('id="content-main"')[2]
            assert "<script>alert" not in html, page
            assert "<img" not in html, page
            assert "</textarea></style>" not in html, page
            assert "\x1b" not in html, page
            assert 'href="javascript' not in html, page

    def test_turns_nothing_around(self, browser: Client, site: Site) -> None:
        everything(site, "abc\u202egnp.exe")

        for page in LISTS:
            assert "\u202e" not in page_of(browser, site, page), page


class TestAgents:
    def test_are_counted_with_words_for_their_trust(self, browser: Client, site: Site) -> None:
        rows.visit(site, key="baker")
        rows.visit(site, key="baker", outcome="failure", score=20.0)
        rows.visit(
            site,
            key="signed",
            agent_trust="verified_signed",
            agent_vendor="agents.example",
            agent_name="Neat",
        )
        html = page_of(browser, site, "agents")
        told = text_of(html)

        assert "“ baker agent ” “” self-reported" in told
        assert "50 %" in told
        assert re.search(r"Neat ✓ verified agents\.example", told)

    def test_that_are_one_are_counted_together(self, browser: Client, site: Site) -> None:
        rows.visit(site, key="baker")
        rows.visit(site, key="baker-2")
        AgentProfile.objects.create(
            site=site, agent_key="baker-2", alias_of="baker", nickname="Old", updated_at=timezone.now()
        )
        html = page_of(browser, site, "agents")

        assert re.search(r'data-label="Visits">2<', html)
        assert "key=baker-2" not in html
        assert "you said is the same agent" in page_of(browser, site, "agent", key="baker-2")

    def test_are_listed_page_by_page_each_once(self, browser: Client, site: Site) -> None:
        for number in range(120):
            rows.visit(site, key=f"agent-{number:03}", at=rows.NOON + timedelta(seconds=number // 2))
        seen, query = [], "?"
        while query:
            html = browser.get(at(site, "agents") + unescape(query)).content.decode()
            seen += re.findall(r"agent/\?key=(agent-\d+)", html)
            found = re.search(r'href="([^"]+)" rel="next"', html)
            query = found[1] if found else ""

        assert sorted(seen) == [f"agent-{number:03}" for number in range(120)]
        assert seen[0] == "agent-118"

    def test_the_owners_own_trials_are_no_agents(self, browser: Client, site: Site) -> None:
        rows.visit(site, key="trial", is_test=True)

        assert "No agent has visited yet." in page_of(browser, site, "agents")

    def test_are_filtered_by_what_was_decided(self, browser: Client, site: Site) -> None:
        rows.visit(site, key="baker")
        rows.visit(site, key="miller")
        AgentProfile.objects.create(site=site, agent_key="miller", access="block", updated_at=timezone.now())

        assert "key=miller" in page_of(browser, site, "agents", access="block")
        assert "key=baker" not in page_of(browser, site, "agents", access="block")
        assert "key=miller" not in page_of(browser, site, "agents", access="allow")


class TestOneAgent:
    def decide(self, browser: Client, site: Site, key: str = "baker", **fields: str) -> Any:
        return browser.post(f"{at(site, 'agent')}?key={key}", {"access": "allow", **fields})

    def test_shows_what_it_did_and_said(self, browser: Client, site: Site) -> None:
        everything(site)

        told = text_of(page_of(browser, site, "agent", key="baker"))

        assert "Bread is behind the second link." in told
        assert "The bread was easy to find." in told
        assert "How we know: This is what the caller says of itself. Nothing proves it." in told

    @pytest.mark.parametrize("key", ["nobody", "", "a\0b"])
    def test_is_not_found_if_it_never_visited(self, key: str, browser: Client, site: Site) -> None:
        page_of(browser, site, "agent", 404, key=key)

    def test_tells_what_a_limit_would_have_stopped(self, browser: Client, site: Site) -> None:
        now = timezone.now()
        today = now.replace(hour=0, minute=0, second=1)
        for _ in range(3):
            rows.visit(site, at=today - timedelta(days=1), task_id=site.pk)
        rows.visit(site, at=today - timedelta(days=2), task_id=site.pk)
        rows.visit(site, at=today - timedelta(days=2))  # no task
        rows.visit(site, at=today - timedelta(days=9), task_id=site.pk)

        told = text_of(page_of(browser, site, "agent", key="baker"))

        assert "it started 4 tasks. A block would have stopped all of them; 1 a day 2; 5 a day 0" in told

    def test_is_limited_and_let_go_again_on_record(self, browser: Client, site: Site) -> None:
        rows.visit(site)

        assert (
            self.decide(browser, site, access="limit", per_day="5", nickname="The baker").status_code == 302
        )
        profile = AgentProfile.objects.get()
        assert (profile.access, profile.per_day, profile.nickname) == ("limit", 5, "The baker")
        assert self.decide(browser, site, nickname="The baker").status_code == 302
        profile.refresh_from_db()
        assert (profile.access, profile.per_day) == ("allow", None)
        [first, second] = AuditEntry.objects.filter(action="roverbook_agent.decided").order_by("pk")
        assert (first.after["access"], second.after["access"]) == ("limit", "allow")

    def test_is_not_written_down_twice(self, browser: Client, site: Site) -> None:
        rows.visit(site)
        for _ in range(2):
            self.decide(browser, site, access="block")

        assert AuditEntry.objects.filter(action="roverbook_agent.decided").count() == 1

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"access": "limit"}, "Say how many tasks a day."),
            ({"alias_of": "baker"}, "An agent is no alias of itself."),
            ({"alias_of": "nobody"}, "No agent with this key has visited the site."),
            ({"alias_of": "alias"}, "That one is an alias itself"),
            ({"access": "banish"}, "Select a valid choice"),
        ],
        ids=str,
    )
    def test_keeps_nothing_that_makes_no_sense(
        self, fields: dict[str, str], said: str, browser: Client, site: Site
    ) -> None:
        for key in ("baker", "miller", "alias"):
            rows.visit(site, key=key)
        AgentProfile.objects.create(
            site=site, agent_key="alias", alias_of="miller", updated_at=timezone.now()
        )

        answer = self.decide(browser, site, **fields)

        assert answer.status_code == 422
        assert said in answer.content.decode()
        assert AgentProfile.objects.count() == 1

    def test_others_count_as_it_so_it_is_no_alias(self, browser: Client, site: Site) -> None:
        for key in ("baker", "miller"):
            rows.visit(site, key=key)
        self.decide(browser, site, alias_of="miller")

        answer = self.decide(browser, site, key="miller", alias_of="baker")

        assert "Other agents count as this one" in answer.content.decode()


class TestReviewsAndInterviews:
    @pytest.mark.parametrize(("page", "make"), [("reviews", rows.review), ("interviews", rows.answer)])
    def test_show_derived_ones_only_when_asked_and_labelled(
        self, page: str, make: Any, browser: Client, site: Site
    ) -> None:
        make(site)
        make(site, provenance="derived", agent_name="Derivative")

        assert "Derivative" not in page_of(browser, site, page)
        html = page_of(browser, site, page, provenance="all")
        assert "Derivative" in html
        assert "derived by Rover" in html

    def test_count_answers_of_agents_by_question(self, browser: Client, site: Site) -> None:
        rows.answer(site, question_id="question_did_you_find_what_you_were_looking_for", sentiment="negative")
        rows.answer(site, question_id="question_did_you_find_what_you_were_looking_for", provenance="derived")
        rows.answer(site, question_id="question_of_old", question="Of old?")

        told = text_of(page_of(browser, site, "interviews"))

        assert "Did you find what you were looking for? 1 answer, 1 negative" in told
        assert "question_of_old no longer asked · 1 answer" in told

    def test_a_question_leads_to_its_answers(self, browser: Client, site: Site) -> None:
        rows.answer(site, answer="The one.")
        rows.answer(site, question_id="question_other", answer="The other.")

        html = page_of(browser, site, "interviews", questionId="question_other")

        assert "The other." in html
        assert "The one." not in html

    def test_a_proposed_question_is_taken_or_dismissed(self, browser: Client, site: Site) -> None:
        for name in ("question_a", "question_b"):
            Question.objects.create(
                site=site,
                question_id=name,
                text=name,
                active=False,
                provenance="agent_authored",
                created_at=timezone.now(),
            )
        send(browser, site, "interviews/question", question="question_a", do="take")
        send(browser, site, "interviews/question", question="question_b", do="dismiss")

        assert Question.objects.get(question_id="question_a").active
        assert not Question.objects.filter(question_id="question_b").exists()
        assert send(browser, site, "interviews/question", question="question_b", do="take").status_code == 404

    def test_go_on_page_by_page(self, browser: Client, site: Site) -> None:
        for number in range(60):
            rows.review(site, at=rows.NOON + timedelta(seconds=number), summary=f"number {number:02}.")
        html = page_of(browser, site, "reviews")
        older = unescape(re.search(r'href="([^"]+)" rel="next"', html)[1])  # type: ignore[index]  # it is there
        second = browser.get(at(site, "reviews") + older).content.decode()

        assert "number 59." in html
        assert "number 09." in second
        assert "number 10." not in second

    @pytest.mark.parametrize("query", [{"cursor": "broken"}, {"since": "soon"}, {"trust": "quite"}], ids=str)
    def test_say_what_is_wrong_with_an_address(
        self, query: dict[str, str], browser: Client, site: Site
    ) -> None:
        everything(site)

        page_of(browser, site, "reviews", 422, **query)


class TestBoard:
    def test_is_a_queue_with_the_oldest_first(self, browser: Client, site: Site) -> None:
        for number in (2, 1):
            rows.post(site, at=rows.NOON + timedelta(hours=number), title=f"Post {number}")
        rows.post(site, title="Gone", is_hidden=True)
        rows.post(site, title="Done", status="solved", is_seen=True)

        told = text_of(page_of(browser, site, "board"))

        assert told.index("Post 1") < told.index("Post 2")
        assert "New 2 Open 2 Solved 1 Hidden 1" in told
        assert "Done" in page_of(browser, site, "board", tab="solved")
        assert "Gone" in page_of(browser, site, "board", tab="hidden")

    def test_goes_on_page_by_page(self, browser: Client, site: Site) -> None:
        for number in range(35):
            rows.post(site, at=rows.NOON + timedelta(seconds=number // 2), title=f"Post {number:02}")
        html = page_of(browser, site, "board")
        later = unescape(re.search(r'href="([^"]+)" rel="next"', html)[1])  # type: ignore[index]  # it is there
        both = html + browser.get(at(site, "board") + later).content.decode()

        assert sorted(set(re.findall(r"Post \d\d", both))) == [f"Post {number:02}" for number in range(35)]

    def test_says_how_many_agents_reported_the_same(self, browser: Client, site: Site) -> None:
        for key in ("a", "b", "b"):
            rows.post(site, key=key, title="Cold  OVEN", page_url=f"https://{site.host}/oven")

        assert "2 agents reported this" in page_of(browser, site, "board")

    @pytest.mark.parametrize(
        ("do", "undo", "column", "value"),
        [("solved", "open", "status", "solved"), ("hide", "show", "is_hidden", True)],
    )
    def test_a_second_click_takes_the_first_one_back(
        self, do: str, undo: str, column: str, value: Any, browser: Client, site: Site
    ) -> None:
        post = rows.post(site)
        before = getattr(post, column)

        answer = send(browser, site, "board/act", post=post.pk, do=do, back="tab=open")
        post.refresh_from_db()
        assert (answer.status_code, answer["Location"]) == (302, at(site, "board") + "?tab=open")
        assert (getattr(post, column), post.is_seen) == (value, True)
        send(browser, site, "board/act", post=post.pk, do=undo)
        post.refresh_from_db()

        assert getattr(post, column) == before
        assert AuditEntry.objects.filter(action="roverbook_post.changed").count() == 2

    def test_nothing_is_new_after_one_click(self, browser: Client, site: Site) -> None:
        for _ in range(3):
            rows.post(site)
        other = rows.post(rows.site_of(rows.owner("other"), "Mill"))

        send(browser, site, "board/act", do="seen")

        assert not Post.objects.filter(site=site, is_seen=False).exists()
        other.refresh_from_db()
        assert not other.is_seen

    def test_the_owner_replies(self, browser: Client, site: Site) -> None:
        post = rows.post(site)

        send(browser, site, f"board/{post.pk}", text="We fixed it.")

        told = text_of(page_of(browser, site, f"board/{post.pk}"))
        assert "You, as the owner" in told
        assert "We fixed it." in told

    @pytest.mark.parametrize("text", ["", " \n ", "x" * 4_001], ids=["empty", "blank", "long"])
    def test_no_reply_without_words_or_with_too_many(self, text: str, browser: Client, site: Site) -> None:
        post = rows.post(site)

        assert send(browser, site, f"board/{post.pk}", text=text).status_code == 422
        assert Post.objects.count() == 1

    def test_the_way_back_leads_nowhere_else(self, browser: Client, site: Site) -> None:
        post = rows.post(site)
        for back in ("//evil.example/", "https://evil.example/?a=b", "?next=//evil.example"):
            answer = send(browser, site, "board/act", post=post.pk, do="seen", back=back)
            assert answer["Location"].startswith(at(site, "board"))
        answer = send(browser, site, "board/act", post=post.pk, do="seen", on_page_of="../../x")
        assert answer["Location"] == at(site, "board")

    def test_another_sites_post_is_not_found(self, browser: Client, site: Site) -> None:
        other = rows.post(rows.site_of(rows.owner("other"), "Mill"))

        page_of(browser, site, f"board/{other.pk}", 404)
        for do in ("hide", "solved"):
            assert send(browser, site, "board/act", post=other.pk, do=do).status_code == 404
        send(browser, site, "board/act", post=other.pk, do="seen")
        other.refresh_from_db()
        assert (other.is_hidden, other.status, other.is_seen) == (False, "open", False)


class TestMemory:
    def test_shows_exactly_what_agents_are_told(self, browser: Client, site: Site) -> None:
        now = timezone.now()
        rows.note(site, content="Told to everybody.", moderation="approved", at=now)
        rows.note(site, content="Not yet.", at=now)

        before = page_of(browser, site, "memory").partition("<h2 class=")[0]

        assert "Told to everybody." in before
        assert "Not yet." not in before.partition("</pre>")[0]

    def test_says_of_each_note_who_will_be_told(self, browser: Client, site: Site) -> None:
        rows.note(site, moderation="approved")
        rows.note(site, moderation="waiting")
        rows.note(site, moderation="hidden")
        rows.note(site, visibility="private")

        told = text_of(page_of(browser, site, "memory"))

        for words in ("yes Every agent", "not yet It waits", "no You have hidden", "only its own agent"):
            assert f"Will be told to agents: {words}" in told

    def test_says_that_nobody_is_told_where_notes_are_not_shared(self, browser: Client, site: Site) -> None:
        rows.note(site, moderation="approved")
        NotificationSettings.objects.create(
            site=site, shared_access="private_only", updated_at=timezone.now()
        )

        assert "Agents of this site get private notes alone." in page_of(browser, site, "memory")

    @pytest.mark.parametrize(
        ("do", "undo", "column", "value"),
        [
            ("approve", "wait", "moderation", "approved"),
            ("hide", "wait", "moderation", "hidden"),
            ("pin", "unpin", "is_pinned", True),
        ],
    )
    def test_a_second_click_takes_the_first_one_back(
        self, do: str, undo: str, column: str, value: Any, browser: Client, site: Site
    ) -> None:
        note = rows.note(site)
        before = getattr(note, column)

        assert send(browser, site, "memory/act", note=note.pk, do=do).status_code == 302
        note.refresh_from_db()
        assert getattr(note, column) == value
        send(browser, site, "memory/act", note=note.pk, do=undo)
        note.refresh_from_db()

        assert getattr(note, column) == before

    def test_deleting_asks_first(self, browser: Client, site: Site) -> None:
        note = rows.note(site)

        assert "Delete this note?" in page_of(browser, site, f"memory/{note.pk}/delete")
        assert Note.objects.exists()
        assert send(browser, site, f"memory/{note.pk}/delete").status_code == 302
        assert not Note.objects.exists()

    def test_what_nobody_can_do_is_not_done(self, browser: Client, site: Site) -> None:
        note = rows.note(site)
        other = rows.note(rows.site_of(rows.owner("other"), "Mill"))

        assert send(browser, site, "memory/act", note=note.pk, do="explode").status_code == 404
        assert send(browser, site, "memory/act", note=other.pk, do="approve").status_code == 404
        page_of(browser, site, f"memory/{other.pk}/delete", 404)
        assert send(browser, site, f"memory/{other.pk}/delete").status_code == 404
        assert browser.get(at(site, "memory/act")).status_code == 405
        other.refresh_from_db()
        assert other.moderation == "waiting"


class TestExports:
    @pytest.mark.parametrize("name", ["agents", "roverbook_reviews", "roverbook_notes", "roverbook_posts"])
    def test_carry_the_filters_of_the_page_and_are_on_record(
        self, name: str, browser: Client, site: Site
    ) -> None:
        everything(site)
        everything(rows.site_of(rows.owner("other"), "Mill"), key="stranger")
        Question.objects.all().delete()

        answer: Any = browser.get(at(site, f"export/{name}"), {"format": "ndjson", "q": "baker"})

        assert b"baker" in (content := b"".join(answer.streaming_content))
        assert b"stranger" not in content
        assert AuditEntry.objects.filter(action=f"{name}.exported", site=site).exists()

    def test_the_links_of_the_pages_work(self, browser: Client, site: Site) -> None:
        everything(site)
        for page in ("agents", "reviews", "interviews", "memory", "board"):
            html = page_of(browser, site, page, q="baker")
            links = re.findall(r'href="([^"]+/export/[^"]+)"', html)
            assert len(links) == 4, page
            for link in links:
                answer: Any = browser.get(unescape(link))
                assert answer.status_code == 200, link
                assert b"".join(answer.streaming_content)

    @pytest.mark.parametrize(
        ("name", "query"),
        [
            ("roverbook_secrets", {"format": "csv"}),
            ("agents", {}),
            ("agents", {"format": "xml"}),
            ("agents", {"format": "csv", "colour": "red"}),
        ],
        ids=str,
    )
    def test_that_do_not_exist_are_not_found(
        self, name: str, query: dict[str, str], browser: Client, site: Site
    ) -> None:
        assert browser.get(at(site, f"export/{name}"), query).status_code == 404

    def test_of_another_site_cannot_be_asked_for(self, browser: Client, site: Site) -> None:
        other = rows.site_of(rows.owner("other"), "Mill")
        rows.review(other, summary="strange")

        query = {"format": "ndjson", "siteId": other.public_id}
        answer: Any = browser.get(at(site, "export/roverbook_reviews"), query)

        assert b"".join(answer.streaming_content) == b""
