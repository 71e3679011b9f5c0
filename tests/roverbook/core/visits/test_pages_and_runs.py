"""The way through the pages, the runs and their time, and the order of everything."""

import random
from datetime import timedelta

import pytest

from roverbook.core.visits.fold import fold
from roverbook.core.visits.idling import closed_if_idle
from roverbook.core.visits.paths import is_trial_page, page_path, page_url
from tests.roverbook.core.visits.telling import SHOP, PageLog, RunLog, TaskLog, at

# --- pages ---


def test_pages_are_listed_as_they_were_seen() -> None:
    visit = fold(RunLog().page(1, "/").page(2, "/menu").page(3, "/menu").page(4, "/cart").events)
    assert visit.pages_visited == [f"{SHOP}/", f"{SHOP}/menu", f"{SHOP}/cart"]
    assert (visit.entry_url, visit.latest_url, visit.backtrack_count) == (f"{SHOP}/", f"{SHOP}/cart", 0)


def test_coming_back_to_a_page_is_a_backtrack() -> None:
    visit = fold(RunLog().page(1, "/").page(2, "/menu").page(3, "/").page(4, "/menu").events)
    assert visit.backtrack_count == 2


def test_a_navigation_that_was_stopped_is_a_backtrack() -> None:
    visit = fold(
        RunLog().page(1, "/").tell(2, "tab_event", decision="block", url="https://x.example/").events
    )
    assert visit.backtrack_count == 1
    assert fold(PageLog().tell(1, "navigation_guardrail").events).backtrack_count == 1


def test_a_navigation_that_was_allowed_is_none() -> None:
    run = RunLog().page(1, "/").tell(2, "tab_event", decision="allow_same_tab", url=f"{SHOP}/b")
    assert fold(run.events).backtrack_count == 0


def test_moves_are_counted_by_path() -> None:
    visit = fold(
        RunLog().page(1, "/?a").page(2, "/list?q=1").page(3, "/list?q=2").page(4, "/").page(5, "/list").events
    )
    assert [(move.from_path, move.to_path, move.count) for move in visit.moves] == [
        ("/", "/list", 2),
        ("/list", "/", 1),
    ]


def test_at_most_200_pages_are_listed() -> None:
    run = RunLog()
    for number in range(250):
        run.page(number, f"/p/{number}")
    visit = fold(run.events)
    assert (len(visit.pages_visited), visit.latest_url) == (200, f"{SHOP}/p/249")


def test_every_event_of_a_page_can_tell_where_it_is() -> None:
    page = PageLog().tell(0, "task_started", pageUrl=f"{SHOP}/a").tell(1, "status", pageUrl=f"{SHOP}/b")
    page.tell(2, "tool_start", toolName="go", pageUrl=f"{SHOP}/a")
    visit = fold(page.events)
    assert (visit.pages_visited, visit.backtrack_count) == ([f"{SHOP}/a", f"{SHOP}/b", f"{SHOP}/a"], 1)


def test_pages_that_this_server_saw_are_not_counted_by_a_pages_clock() -> None:
    """A clock that is wrong by an hour would make each of them a page that was come back to."""
    run = RunLog().page(1, "/").page(2, "/menu")
    page = PageLog().tell(3_601, "status", pageUrl=f"{SHOP}/").tell(3_602, "status", pageUrl=f"{SHOP}/menu")
    visit = fold([*run.events, *page.events])
    assert (len(visit.pages_visited), visit.backtrack_count) == (2, 0)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("https://shop.example/a#top", "https://shop.example/a"),
        ("https://shop.example/#/cart", "https://shop.example/#/cart"),
        ("https://shop.example/a?token=abc&q=1", "https://shop.example/a?token=***&q=1"),
        ("https://ann:pw@shop.example/", "https://***@shop.example/"),
        ("https://shop.example/?mail=ann@mail.example", "https://shop.example/?mail=[email]"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("", ""),
    ],
)
def test_addresses_are_kept_without_what_opens_doors(told: str, kept: str) -> None:
    assert page_url(told) == kept


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://a.example", "/"),
        ("https://a.example?x=1", "/"),
        ("https://a.example/b/c?d#e", "/b/c"),
        ("", ""),
    ],
)
def test_paths_have_no_query(url: str, path: str) -> None:
    assert page_path(url) == path


# --- runs ---


def test_time_that_the_visitor_took_to_answer_does_not_count() -> None:
    run = (
        RunLog().state(10, "awaiting_user").tell(500, "user_answer", status="running").state(505, "completed")
    )
    visit = fold(run.events)
    assert (visit.total_duration_ms, visit.runs[0]["totalDurationMs"]) == (15_000, 15_000)


def test_a_run_that_goes_on_has_worked_until_its_last_event() -> None:
    assert fold(RunLog().page(7, "/").events).total_duration_ms == 7_000


def test_durations_add_up_over_runs() -> None:
    first, second = RunLog().state(5, "failed"), RunLog(run_id="run-2", began=100).state(110, "completed")
    assert fold([*first.events, *second.events]).total_duration_ms == 15_000


def test_a_task_without_a_page_is_one_run() -> None:
    task = (
        TaskLog().status(0, "pending").status(5, "running").tell(6, "tool", name="search", status="completed")
    )
    visit = fold(task.done(9, text="Nine", summary="Nine").events)
    assert (visit.total_runs, visit.total_duration_ms) == (1, 4_000)
    assert visit.runs[0] | {"startedAt": 0, "endedAt": 0} == {
        "runId": "agt_1",
        "taskBoundaryId": None,
        "prompt": "",
        "startedAt": 0,
        "endedAt": 0,
        "terminalState": "completed",
        "continuationReason": None,
        "outcome": "success",
        "taskComplete": True,
        "needsUserInput": False,
        "summary": "Nine",
        "error": None,
        "stepCount": 1,
        "errorCount": 0,
        "totalDurationMs": 4_000,
        "toolsUsed": ["search"],
    }


def test_a_task_that_nobody_took_up_has_no_run() -> None:
    visit = fold(TaskLog().status(0, "waiting_browser").done(900, "expired").events)
    assert (visit.total_runs, visit.total_duration_ms, visit.outcome) == (0, 0, "abandoned")


def test_a_run_that_waits_says_so() -> None:
    (run,) = fold(RunLog().state(3, "awaiting_user", continuationReason="awaiting_user").events).runs
    assert (run["terminalState"], run["needsUserInput"], run["continuationReason"]) == (
        "waiting_input",
        True,
        "awaiting_user",
    )


# --- what is told of the beginning ---


def test_the_page_of_a_trial_makes_it_a_test() -> None:
    path = "/workspace/sites/shop-000001/try/0190d2a0-0000-7000-8000-00000000000a/menu/"
    assert fold(RunLog().page(1, path).events).is_test
    assert not fold(RunLog().page(1, path.replace("shop-000001", "else-000002")).events).is_test
    assert not is_trial_page(f"{SHOP}/try/", "shop-000001")


def test_a_key_for_tests_makes_it_a_test() -> None:
    assert fold(RunLog(facts={"is_test": True}).events).is_test


def test_provenance_is_kept_where_a_door_knows_it() -> None:
    page = PageLog().tell(0, "visit", discoverySurface="agent_card", pageId="p1", userPresent=True, other="x")
    assert fold(page.events).extras == {"discoverySurface": "agent_card", "pageId": "p1", "userPresent": True}


def test_extras_without_end_are_not_kept() -> None:
    assert fold(PageLog().tell(0, "visit", pageId="x" * 10_000).events).extras == {}


def test_what_a_page_says_of_the_whole_visit_is_no_page_change() -> None:
    page = (
        PageLog()
        .tell(0, "visit", entryUrl=f"{SHOP}/a", latestUrl=f"{SHOP}/z")
        .tell(1, "status", pageUrl=f"{SHOP}/a")
    )
    visit = fold(page.events)
    assert (visit.entry_url, visit.pages_visited, visit.latest_url) == (
        f"{SHOP}/a",
        [f"{SHOP}/a"],
        f"{SHOP}/a",
    )


def test_prompts_are_freed_of_what_is_personal() -> None:
    visit = fold(TaskLog(facts={"prompt": "write to ann@mail.example"}).events)
    assert visit.prompt == "write to [email]"


# --- order ---


def test_the_order_of_arrival_repetitions_and_pieces_make_no_difference() -> None:
    run = RunLog(began=1).page(2, "/").start(3, "click_element", "c1").result(4, "click_element", "c1")
    run.page(4, "/cart").page(5, "/").state(6, "awaiting_user").tell(7, "user_answer", status="running")
    run.failed(8, "click_element", "c2", "No.").state(9, "completed")
    task = TaskLog().status(1, "running").status(6, "input_required").status(7, "running").done(9, text="Yes")
    page = PageLog().tell(2, "error", errorMessage="odd").tell(3, "status", summary="s").tell(8, "task_ended")
    events = [*run.events, *task.events, *page.events]
    expected = fold(events)
    shuffled = random.Random(7)
    for _ in range(50):
        again = [*events, *shuffled.sample(events, 5)]
        shuffled.shuffle(again)
        assert fold(again) == expected


def test_lines_of_a_log_keep_their_order_where_clocks_differ() -> None:
    """Two servers write one log; the second one's clock is behind."""
    run = RunLog().start(10, "click_element", "c1").result(8, "click_element", "c1").state(9, "completed")
    visit = fold(run.events)
    assert (visit.steps[0].result, visit.steps[0].duration_ms, visit.ended_at) == ("success", 0, at(10))


# --- idling ---


def test_a_visit_in_which_nothing_happens_for_30_minutes_was_abandoned_then() -> None:
    visit = fold(PageLog().tell(0, "task_started").tell(60, "status").events)
    assert closed_if_idle(visit, now=at(60 + 1_800)) == visit
    closed = closed_if_idle(visit, now=at(60 + 1_801))
    assert (closed.status, closed.outcome, closed.is_swept) == ("abandoned", "abandoned", True)
    assert closed.ended_at == at(60 + 1_800)


def test_a_visit_that_asked_waits_for_24_hours() -> None:
    visit = fold(
        PageLog().tell(0, "task_started").tell(60, "status", payload={"needsUserInput": True}).events
    )
    day = timedelta(hours=24)
    assert not closed_if_idle(visit, now=at(60) + day).is_swept
    assert closed_if_idle(visit, now=at(61) + day).outcome == "abandoned"


def test_runs_and_tasks_have_two_minutes_more_to_end_by_themselves() -> None:
    visit = fold(RunLog().page(1, "/").events)
    assert not closed_if_idle(visit, now=at(1 + 31 * 60)).is_swept
    assert closed_if_idle(visit, now=at(2 + 32 * 60)).is_swept


def test_a_visit_that_ended_stays_as_it_ended() -> None:
    visit = fold(RunLog().state(5, "completed").events)
    assert closed_if_idle(visit, now=at(10**6)) == visit


def test_what_comes_later_reopens_what_only_time_had_closed() -> None:
    page = PageLog().tell(0, "task_started")
    assert closed_if_idle(fold(page.events), now=at(2_000)).is_final
    later = closed_if_idle(fold(page.tell(1_990, "status", summary="back again").events), now=at(2_000))
    assert (later.status, later.is_swept, later.is_final) == ("active", False, False)
