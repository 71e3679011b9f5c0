"""One task has one visit id, whoever tells of it; no two tasks share one."""

import re
from uuid import UUID

from roverbook.core.visits.naming import is_of_task, visit_of_boundary, visit_of_page, visit_of_task

TASK = UUID("0190d2a0-0000-7000-8000-00000000000a")


def test_a_task_gives_the_visit_its_name() -> None:
    assert visit_of_task(TASK) == "agt_0190d2a000007000800000000000000a"


def test_runs_behind_one_boundary_are_one_visit() -> None:
    assert visit_of_boundary("ses_1", "b1", "run_1") == visit_of_boundary("ses_1", "b1", "run_2")


def test_a_run_without_boundary_is_a_visit_of_its_own() -> None:
    assert visit_of_boundary("ses_1", "", "run_1") != visit_of_boundary("ses_1", "", "run_2")


def test_an_id_that_is_no_tasks_is_vis_and_22_characters() -> None:
    told = (visit_of_boundary("ses_1", "b1", ""), visit_of_page("ses_1", "v1"))
    assert all(re.fullmatch(r"vis_[A-Za-z0-9_-]{22}", each) for each in told)


def test_ids_stay_the_same_for_ever() -> None:
    """They are kept in tables and told to others."""
    assert visit_of_boundary("ses_1", "b1", "") == "vis_2EgeaiUCuSLmD6WURQlaNQ"
    assert visit_of_page("ses_1", "v1") == "vis_o0Os4E7tDnafMv0KmObhGw"


def test_sessions_boundaries_runs_and_pages_are_told_apart() -> None:
    told = {
        visit_of_boundary("s", "x", ""),
        visit_of_boundary("s", "", "x"),
        visit_of_boundary("sx", "", ""),
        visit_of_page("s", "x"),
        visit_of_page("sx", ""),
        visit_of_page("", "sx"),
    }
    assert len(told) == 6


def test_only_a_tasks_visit_is_of_a_task() -> None:
    assert is_of_task(visit_of_task(TASK))
    assert not is_of_task(visit_of_page("ses_1", "v1"))
