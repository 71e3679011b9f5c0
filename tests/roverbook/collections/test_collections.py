"""Owners' scripts read RoverBook's collections: their own sites alone, filtered, page by page, as files."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # brings no types
import pytest
from django.test import Client

from roverbook.models import Question, Review, Visit
from roverbook.selectors.collections.reading import COLLECTIONS
from tests.contract.test_openapi import answer_schema, told_in_full
from tests.roverbook.people import rows
from tests.roverbook.people.rows import NOON
from workspace.core.tokens import Scope
from workspace.models import AuditEntry, Site, User

pytestmark = pytest.mark.django_db
ROOT = "/v1/roverbook/collections/"


@pytest.fixture
def owner() -> User:
    return rows.owner()


@pytest.fixture
def site(owner: User) -> Site:
    return rows.site_of(owner)


@pytest.fixture
def token(owner: User) -> str:
    return rows.token_of(owner)


def get(name: str, token: str, **query: Any) -> Any:
    return Client().get(ROOT + name, query, headers={"Authorization": f"Bearer {token}"})


def data(name: str, token: str, **query: Any) -> list[dict[str, Any]]:
    answer = get(name, token, **query)
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def errors(answer: Any) -> dict[str, str]:
    return {error["field"]: error["code"] for error in answer.json()["errors"]}


def one_of_each(site: Site, *, key: str = "baker") -> Visit:
    """A record in every collection."""
    visit = rows.visit(site, key=key, task_id=site.pk, extras={"discoverySurface": "card", "visitId": "no"})
    rows.step(visit, 1)
    for make in (rows.review, rows.answer, rows.note, rows.post, rows.exposure):
        make(site, key=key, visit_id=visit.pk)
    rows.daily_score(site)
    Question.objects.create(site=site, question_id="question_a", text="Why?", created_at=NOON)
    return visit


class TestWhoMayRead:
    @pytest.mark.parametrize("name", COLLECTIONS)
    def test_nobody_without_a_token(self, name: str) -> None:
        assert Client().get(ROOT + name).status_code == 401

    @pytest.mark.parametrize("scope", [Scope.READ, Scope.MANAGE])
    def test_a_token_that_reads_or_manages(self, owner: User, site: Site, scope: Scope) -> None:
        rows.visit(site)

        assert len(data("roverbook_visits", rows.token_of(owner, scope))) == 1

    def test_no_token_that_only_fetches(self, owner: User) -> None:
        assert get("roverbook_visits", rows.token_of(owner, Scope.FETCH)).status_code == 403

    @pytest.mark.parametrize("name", COLLECTIONS)
    def test_another_owners_records_are_not_there(self, name: str, site: Site, token: str) -> None:
        stranger = rows.owner("stranger")
        one_of_each(rows.site_of(stranger, "Strange Place"))

        assert "trange" not in get(name, token).content.decode()
        assert "trange" not in b"".join(get(name, token, format="ndjson").streaming_content).decode()

    @pytest.mark.parametrize("name", COLLECTIONS)
    def test_another_owners_site_cannot_be_asked_for(self, name: str, token: str) -> None:
        other = rows.site_of(rows.owner("stranger"), "Strange Place")

        assert get(name, token, siteId=other.public_id).status_code == 403
        assert get(name, token, siteId="nowhere-a1B2c3").status_code == 404

    def test_there_is_no_other_collection(self, token: str) -> None:
        assert get("roverbook_secrets", token).status_code == 404


class TestRecords:
    @pytest.mark.parametrize("name", COLLECTIONS)
    def test_have_the_documented_fields_and_no_other(self, name: str, site: Site, token: str) -> None:
        one_of_each(site)

        answer = get(name, token)

        assert answer.json()["data"], "nothing to compare"
        schema = told_in_full(answer_schema(f"{ROOT}{name}", "get", 200))
        jsonschema.Draft202012Validator(schema).validate(answer.json())

    @pytest.mark.parametrize("name", COLLECTIONS)
    def test_as_a_file_have_the_documented_fields_too(self, name: str, site: Site, token: str) -> None:
        one_of_each(site)

        answer = get(name, token, format="json")

        schema = told_in_full(answer_schema(f"{ROOT}{name}", "get", 200))
        jsonschema.Draft202012Validator(schema).validate(json.loads(b"".join(answer.streaming_content)))

    def test_of_a_visit_cannot_be_renamed_by_what_a_page_said(self, site: Site, token: str) -> None:
        visit = one_of_each(site)

        [record] = data("roverbook_visits", token)

        assert (record["visitId"], record["discoverySurface"]) == (visit.pk, "card")

    def test_of_a_site_count_what_was_said_and_not_what_was_derived(self, site: Site, token: str) -> None:
        one_of_each(site)
        rows.review(site, provenance="derived")

        [record] = data("roverbook_sites", token)

        assert record["totals"] == {"visits": 1, "reviews": 1, "interviews": 1, "notes": 1, "posts": 1}

    def test_of_questions_are_the_usual_ones_until_there_are_others(self, site: Site, token: str) -> None:
        assert len(data("roverbook_questions", token)) == 4

    def test_of_a_trajectory_are_its_steps_in_order(self, site: Site, token: str) -> None:
        visit = rows.visit(site)
        for number in (3, 1, 2):
            rows.step(visit, number)

        [record] = data("trajectories", token, visitId=visit.pk)

        assert [step["number"] for step in record["steps"]] == [1, 2, 3]


class TestFilters:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("agentKey", "miller"),
            ("vendor", "millers ltd"),
            ("trust", "verified_signed"),
            ("source", "signature_agent"),
            ("outcome", "failure"),
            ("status", "failed"),
            ("q", "FLOUR"),
            ("since", "2026-03-15"),
        ],
    )
    def test_cut_visits_down(self, name: str, value: str, site: Site, token: str) -> None:
        rows.visit(site)
        wanted = rows.visit(
            site,
            at=NOON + timedelta(days=1),
            key="miller",
            agent_vendor="Millers Ltd",
            agent_trust="verified_signed",
            agent_source="signature_agent",
            outcome="failure",
            status="failed",
            prompt="find flour",
        )

        found = data("roverbook_visits", token, **{name: value})

        assert [record["visitId"] for record in found] == [wanted.pk]

    def test_join(self, site: Site, token: str) -> None:
        rows.visit(site, key="miller", outcome="failure")
        rows.visit(site, key="baker", outcome="failure")

        found = data("roverbook_visits", token, agentKey="miller", outcome="failure")

        assert [record["agentKey"] for record in found] == ["miller"]

    def test_by_a_visit_find_what_was_said_in_it(self, site: Site, token: str) -> None:
        rows.note(site, visit_id="vis_1")
        rows.note(site, visit_id="vis_2", visibility="private", type="issue")

        assert [one["visitId"] for one in data("roverbook_notes", token, visitId="vis_1")] == ["vis_1"]
        assert [one["type"] for one in data("roverbook_notes", token, visibility="private")] == ["issue"]
        assert [one["type"] for one in data("roverbook_notes", token, type="tip")] == ["tip"]

    def test_until_a_day_counts_with_all_of_it_and_until_a_moment_without(
        self, site: Site, token: str
    ) -> None:
        rows.visit(site)
        millis = int(NOON.timestamp() * 1_000)

        assert len(data("roverbook_visits", token, until="2026-03-14")) == 1
        assert len(data("roverbook_visits", token, until=str(millis))) == 0
        assert len(data("roverbook_visits", token, until=str(millis + 1), since=str(millis))) == 1

    def test_of_scores_go_by_day(self, site: Site, token: str) -> None:
        for days in range(3):
            rows.daily_score(site, at=NOON + timedelta(days=days))

        found = data("roverbook_scores", token, since="2026-03-15", until="2026-03-15")

        assert [record["day"] for record in found] == ["2026-03-15"]

    def test_of_agents(self, site: Site, token: str) -> None:
        rows.visit(site, key="baker")
        rows.visit(site, key="baker", outcome="failure", score=40.0)
        rows.visit(site, key="miller", agent_vendor="Millers Ltd")

        [baker] = data("agents", token, vendor="acme")

        assert (baker["visits"], baker["successes"], baker["successRate"], baker["score"]) == (2, 1, 0.5, 60)
        assert [one["agentKey"] for one in data("agents", token, q="mill")] == ["miller"]

    def test_of_what_was_said_leave_out_what_was_derived(self, site: Site, token: str) -> None:
        for provenance in ("agent_authored", "derived", "owner"):
            rows.review(site, provenance=provenance)

        def found(**query: str) -> set[str]:
            return {one["provenance"] for one in data("roverbook_reviews", token, **query)}

        assert found() == {"agent_authored", "owner"}
        assert found(provenance="derived") == {"derived"}
        assert found(provenance="all") == {"agent_authored", "derived", "owner"}

    @pytest.mark.parametrize(
        ("query", "status", "expected"),
        [
            ({"colour": "red"}, 400, {"colour": "unknown_field"}),
            ({"trust": "quite"}, 422, {"trust": "not_allowed"}),
            ({"limit": "0"}, 422, {"limit": "out_of_range"}),
            ({"limit": "201"}, 422, {"limit": "out_of_range"}),
            ({"limit": "²"}, 422, {"limit": "out_of_range"}),
            ({"since": "soon"}, 422, {"since": "not_allowed"}),
            ({"since": "9" * 300}, 422, {"since": "not_allowed"}),
            ({"since": "2026-03-15", "until": "2026-03-14"}, 422, {"until": "out_of_range"}),
            ({"q": "x" * 301}, 422, {"q": "too_long"}),
            ({"q": "a\0b"}, 422, {"q": "not_allowed"}),
            ({"format": "xml"}, 422, {"format": "not_allowed"}),
            ({"visibility": "shared"}, 400, {"visibility": "unknown_field"}),
            ({"agentKey": ["a", "b"]}, 422, {"agentKey": "duplicate"}),
            ({"limit": "x", "trust": "x"}, 422, {"limit": "out_of_range", "trust": "not_allowed"}),
        ],
        ids=str,
    )
    def test_that_make_no_sense_are_named(
        self, query: dict[str, Any], status: int, expected: dict[str, str], token: str
    ) -> None:
        answer = get("roverbook_visits", token, **query)

        assert (answer.status_code, errors(answer)) == (status, expected)


class TestPages:
    @staticmethod
    def through(name: str, token: str, **query: Any) -> list[str]:
        """The ids of everything, page by page."""
        key = {"roverbook_visits": "visitId", "agents": "agentKey", "roverbook_scores": "day"}[name]
        found, cursor = [], None
        while True:
            answer = get(name, token, **query, **({"cursor": cursor} if cursor else {})).json()
            found += [record[key] for record in answer["data"]]
            cursor = answer["nextCursor"]
            if cursor is None:
                return found

    def test_hold_everything_once_newest_first(self, site: Site, token: str) -> None:
        made = [rows.visit(site, at=NOON + timedelta(minutes=n // 3)).pk for n in range(10)]

        assert self.through("roverbook_visits", token, limit=3) == sorted(made, reverse=True)

    def test_of_several_sites_are_in_one_order(self, owner: User, site: Site, token: str) -> None:
        other = rows.site_of(owner, "Mill")
        made = [rows.visit((site, other)[n % 2], at=NOON + timedelta(minutes=n)).pk for n in range(7)]

        assert self.through("roverbook_visits", token, limit=2) == made[::-1]

    def test_are_not_moved_by_what_comes_in_between(self, site: Site, token: str) -> None:
        old = [rows.visit(site, at=NOON + timedelta(minutes=n)).pk for n in range(4)]
        first = get("roverbook_visits", token, limit=2).json()
        rows.visit(site, at=NOON + timedelta(days=1))

        second = data("roverbook_visits", token, limit=2, cursor=first["nextCursor"])

        assert [one["visitId"] for one in [*first["data"], *second]] == old[::-1]

    def test_of_agents_and_of_scores_hold_everything_once(self, owner: User, site: Site, token: str) -> None:
        other = rows.site_of(owner, "Mill")
        for number, where in enumerate((site, site, other, other, other)):
            rows.visit(where, key=f"agent {number}")
            rows.daily_score(where, at=NOON + timedelta(days=number))

        assert sorted(self.through("agents", token, limit=2)) == [f"agent {n}" for n in range(5)]
        assert self.through("roverbook_scores", token, limit=2) == [f"2026-03-{18 - n}" for n in range(5)]

    def test_a_cursor_that_was_changed_is_refused(self, site: Site, token: str) -> None:
        rows.visit(site)
        rows.visit(site)
        cursor = get("roverbook_visits", token, limit=1).json()["nextCursor"]
        broken = ("A" if cursor[0] != "A" else "B") + cursor[1:]

        for value in (broken, cursor[:-1], "nonsense", "%00", "[]"):
            answer = get("roverbook_visits", token, limit=1, cursor=value)
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")

    def test_a_cursor_is_good_for_its_own_question_only(self, site: Site, token: str) -> None:
        rows.visit(site)
        rows.visit(site)
        cursor = get("roverbook_visits", token, limit=1).json()["nextCursor"]

        assert get("roverbook_visits", token, limit=1, cursor=cursor).status_code == 200
        for name, query in (("roverbook_visits", {"outcome": "success"}), ("trajectories", {})):
            answer = get(name, token, cursor=cursor, **query)
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")

    def test_a_cursor_opens_nothing_of_another_owner(self, site: Site, token: str) -> None:
        rows.visit(site)
        rows.visit(site)
        cursor = get("roverbook_visits", token, limit=1).json()["nextCursor"]
        stranger = rows.token_of(rows.owner("stranger"))

        assert data("roverbook_visits", stranger, cursor=cursor) == []


class TestFiles:
    @staticmethod
    def file(name: str, token: str, form: str, **query: Any) -> str:
        answer = get(name, token, format=form, **query)
        assert answer.status_code == 200, answer.content
        assert f'filename="{name}-' in answer["Content-Disposition"]
        return b"".join(answer.streaming_content).decode()

    def test_hold_everything_that_is_filtered_and_nothing_else(self, site: Site, token: str) -> None:
        for number in range(450):
            rows.visit(site, at=NOON + timedelta(seconds=number), key="a" if number % 3 else "b")

        lines = self.file("roverbook_visits", token, "ndjson", agentKey="a").splitlines()

        assert len(lines) == 300
        assert {json.loads(line)["agentKey"] for line in lines} == {"a"}

    @pytest.mark.parametrize("name", COLLECTIONS)
    def test_in_csv_have_a_cell_for_every_column(self, name: str, site: Site, token: str) -> None:
        one_of_each(site)

        head, *lines = csv.reader(io.StringIO(self.file(name, token, "csv")))

        assert lines
        assert all(len(line) == len(head) for line in lines)
        assert "siteId" in head

    def test_in_csv_tell_what_the_record_tells(self, site: Site, token: str) -> None:
        visit = one_of_each(site)

        [row] = csv.DictReader(io.StringIO(self.file("roverbook_visits", token, "csv")))

        assert (row["visitId"], row["metrics.totalSteps"], row["outcome"]) == (visit.pk, "2", "success")
        assert (row["discoverySurface"], row["metrics.toolUsage"]) == ("card", '{"click_element": 2}')

    @pytest.mark.parametrize("text", rows.HOSTILE, ids=range(len(rows.HOSTILE)))
    def test_in_csv_hold_no_formula(self, text: str, site: Site, token: str) -> None:
        rows.note(site, title=text, content=text, tags=[text], agent_name=text)

        [row] = csv.DictReader(io.StringIO(self.file("roverbook_notes", token, "csv"), newline=""))

        for column in ("title", "content", "agentName"):
            assert row[column].lstrip("'") == text.lstrip("'")
            assert row[column][0] not in "=+-@\t\r"

    @pytest.mark.parametrize("text", rows.HOSTILE, ids=range(len(rows.HOSTILE)))
    def test_in_json_hold_the_text_as_it_is(self, text: str, site: Site, token: str) -> None:
        rows.post(site, title=text, body=text)

        [record] = json.loads(self.file("roverbook_posts", token, "json"))

        assert (record["title"], record["body"]) == (text, text)

    def test_are_on_record(self, owner: User, site: Site, token: str) -> None:
        self.file("roverbook_reviews", token, "csv", siteId=site.public_id, q="oven")

        entry = AuditEntry.objects.get(action="roverbook_reviews.exported")

        assert (entry.actor, entry.site, entry.door) == (owner, site, "api")
        assert entry.after["filters"]["q"] == "oven"

    def test_a_page_is_not_on_record(self, site: Site, token: str) -> None:
        data("roverbook_reviews", token)

        assert not AuditEntry.objects.filter(action__endswith=".exported").exists()

    def test_end_when_rows_vanish_meanwhile(self, site: Site, token: str) -> None:
        for number in range(250):
            rows.review(site, at=NOON + timedelta(seconds=number))
        parts = get("roverbook_reviews", token, format="ndjson").streaming_content
        first = next(parts)
        Review.objects.all().delete()

        assert len((first + b"".join(parts)).splitlines()) == 200


class TestFilterLines:
    def test_cut_visits_down_as_on_their_page(self, site: Site, token: str) -> None:
        rows.visit(site, key="baker", total_steps=3)
        rows.visit(site, key="miller", total_steps=30)

        found = data("roverbook_visits", token, filter="steps:>10 agent:mill*")

        assert [one["agentKey"] for one in found] == ["miller"]

    def test_that_cannot_be_read_are_refused(self, token: str) -> None:
        answer = get("roverbook_visits", token, filter="outcum:failure")

        assert (answer.status_code, errors(answer)) == (422, {"filter": "not_allowed"})
