"""`rover task ID` and `rover batch ID`: snapshots, ids, kinds, cancel and exit codes."""

import json

import pytest
from django.utils import timezone

from tasks.core.states import TaskKind, TaskStatus
from tasks.models import Task
from tests.cli.conftest import Rover, append, end, item_done, make_batch, make_task, started

pytestmark = pytest.mark.django_db(transaction=True)
BOTH = pytest.mark.parametrize("command", ["task", "batch"])
SNAPSHOT_KEYS = {
    "ts", "kind", "task_id", "task_kind", "status", "total", "succeeded", "failed", "in_flight", "completed",
    "started_at", "last_event_id", "eta_s", "error", "result", "duration_ms", "cancellation_requested",
    "updated_at", "skipped", "failures",
}  # fmt: skip


@BOTH
def test_a_snapshot_is_for_people_by_default(rover: Rover, command: str) -> None:
    task = make_batch(done=1, failed=1, pending=1)

    ran = rover(command, task.pk)

    assert ran.code == 0
    assert ran.out.startswith("batch_fetch   ● running   1 of 3 done, 1 failed   started 1")


@BOTH
@pytest.mark.parametrize("flags", [["--format", "ndjson"], ["--json"]])
def test_a_snapshot_as_ndjson_is_one_line_with_every_key(
    rover: Rover, command: str, flags: list[str]
) -> None:
    task = make_batch(done=2, pending=1)
    append(task, *started())

    ran = rover(command, task.pk, *flags)

    [line] = ran.out.splitlines()
    snapshot = json.loads(line)
    assert set(snapshot) >= SNAPSHOT_KEYS
    assert (snapshot["kind"], snapshot["succeeded"], snapshot["last_event_id"]) == ("snapshot", 2, 2)


def test_a_snapshot_of_any_kind_is_read_by_task(rover: Rover) -> None:
    ran = rover("task", make_task(kind=TaskKind.RETRY).pk)

    assert ran.out.startswith("retry   ● running   started 1")


@pytest.mark.parametrize(
    "flags", [[], ["--cancel"], ["--monitor"], ["--json"], ["--monitor", "--cancel", "--format", "ndjson"]]
)
def test_batch_refuses_another_kind_before_anything_is_printed_or_written(
    rover: Rover, flags: list[str]
) -> None:
    task = make_task(kind=TaskKind.REVALIDATE)

    ran = rover("batch", task.pk, *flags)

    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"rover: that task is a revalidate, not a batch_fetch.\nUse: rover task {task.pk}\n"
    assert not Task.objects.get().cancellation_requested


@BOTH
@pytest.mark.parametrize("part", [slice(None, -2), slice(-6, None), slice(-4, None)])
def test_a_unique_beginning_or_end_of_an_id_is_enough(rover: Rover, command: str, part: slice) -> None:
    task = make_batch()

    assert f"task         {task.pk}" in rover(command, str(task.pk)[part]).out


def test_the_short_form_that_lists_print_is_taken_as_an_id(rover: Rover) -> None:
    task = make_batch()
    short = rover("task", "list").out.split()[0]

    assert short.startswith("…")
    assert f"task         {task.pk}" in rover("task", short).out


def test_an_ambiguous_part_lists_the_candidates(rover: Rover) -> None:
    first, second = make_batch(), make_task()

    ran = rover("task", str(first.pk)[:4])

    assert (ran.code, ran.out) == (4, "")
    assert ran.err.startswith(f"rover: 2 tasks begin with {str(first.pk)[:4]}:\n")
    assert f"…{str(first.pk)[-6:]}   batch_fetch" in ran.err
    assert f"…{str(second.pk)[-6:]}   revalidate" in ran.err


@BOTH
@pytest.mark.parametrize("text", ["0190c3a4-7b1e-7c55-9d0a-2f6b1c8e4a10", "abcdef"])
def test_an_unknown_id_is_not_found(rover: Rover, command: str, text: str) -> None:
    ran = rover(command, text)

    assert (ran.code, ran.out) == (4, "")
    assert ran.err.startswith("rover: there is no task ")


@BOTH
@pytest.mark.parametrize("text", ["abc", "nonsense", "0" * 33, "----", ""])
def test_a_text_that_cannot_be_an_id_is_wrong_usage(rover: Rover, command: str, text: str) -> None:
    ran = rover(command, text)

    assert (ran.code, ran.out) == (2, "")


def test_a_mistyped_subcommand_is_suggested(rover: Rover) -> None:
    assert "Did you mean `results`?" in rover("batch", "result").err


@BOTH
def test_no_id_without_a_terminal_is_wrong_usage(rover: Rover, command: str) -> None:
    make_batch()

    ran = rover(command)

    assert ran.code == 2
    assert ran.err.startswith("rover: which task?")


@BOTH
def test_flags_may_stand_before_the_id(rover: Rover, command: str) -> None:
    task = make_batch()

    assert json.loads(rover(command, "--format", "ndjson", task.pk).out)["task_id"] == str(task.pk)


@BOTH
def test_cancel_writes_the_flag_and_nothing_else(rover: Rover, command: str) -> None:
    task = make_batch(pending=3)
    before = dict(Task.objects.values().get())

    ran = rover(command, task.pk, "--cancel")

    after = dict(Task.objects.values().get())
    assert (ran.code, ran.out) == (0, "Cancel requested. Nothing new starts.\n")
    assert {key for key in after if after[key] != before[key]} == {"cancellation_requested", "updated_at"}


@BOTH
def test_a_second_cancel_says_so(rover: Rover, command: str) -> None:
    task = make_batch(cancellation_requested=True)

    ran = rover(command, task.pk, "--cancel")

    assert (ran.code, ran.out) == (0, "Cancel was requested before. Nothing new starts.\n")


@BOTH
def test_cancelling_an_ended_task_does_nothing(rover: Rover, command: str) -> None:
    task = make_batch(done=1, pending=0, status=TaskStatus.COMPLETED)

    ran = rover(command, task.pk, "--cancel", "--json")

    assert json.loads(ran.out)["outcome"] == "ended"
    assert not Task.objects.get().cancellation_requested


@BOTH
@pytest.mark.parametrize(
    ("status", "failed", "code"),
    [
        (TaskStatus.COMPLETED, 0, 0),
        (TaskStatus.COMPLETED, 1, 1),
        (TaskStatus.FAILED, 0, 1),
        (TaskStatus.CANCELLED, 1, 3),
        (TaskStatus.RUNNING, 1, 0),
    ],
)
def test_exit_status_is_that_of_the_task_only_when_asked_for(
    rover: Rover, command: str, status: TaskStatus, failed: int, code: int
) -> None:
    task = make_batch(done=1, failed=failed, pending=0, status=status)

    assert rover(command, task.pk).code == 0
    assert rover(command, task.pk, "--exit-status").code == code


@BOTH
def test_a_running_task_without_a_worker_is_warned_about_on_standard_error(
    rover: Rover, command: str
) -> None:
    task = make_batch(lease_expires_at=None)

    ran = rover(command, task.pk, "--json")

    assert ran.err.startswith("warning: no worker is alive")
    assert len(ran.out.splitlines()) == 1


def test_an_ended_task_is_not_warned_about(rover: Rover) -> None:
    assert rover("task", make_batch(status=TaskStatus.COMPLETED).pk).err == ""


def test_flags_of_the_monitor_are_told_to_be_idle_without_it(rover: Rover) -> None:
    ran = rover("batch", make_batch().pk, "--from-event", "3")

    assert ran.code == 0
    assert "only matter with --monitor" in ran.err


@BOTH
@pytest.mark.parametrize(
    "flags", [["--from-event", "-1"], ["--format", "xml"], ["--timeout", "x"], ["--nothing"]]
)
def test_a_bad_flag_is_wrong_usage_and_names_the_help(rover: Rover, command: str, flags: list[str]) -> None:
    ran = rover(command, make_batch().pk, *flags)

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.endswith(f"See `rover {command} --help`.\n")


def test_results_are_one_line_for_each_item_in_order(rover: Rover) -> None:
    task = make_batch(done=1, failed=1, pending=1)

    lines = [json.loads(line) for line in rover("batch", "results", task.pk, "--json").out.splitlines()]

    assert [(line["index"], line["status"]) for line in lines] == [(0, "done"), (1, "failed"), (2, "pending")]
    assert set(lines[0]) >= {
        "url", "code", "http_status", "tokens", "bytes", "cache_status", "final_url", "duration_ms",
    }  # fmt: skip


def test_results_for_people_tell_why_an_item_failed(rover: Rover) -> None:
    out = rover("batch", "results", make_batch(failed=1, pending=0).pk).out

    assert out == f"   0  ✗ failed     {'https://shop.example/0':<40}  timeout after 10 s\n"


def test_waiting_for_an_ended_batch_gives_its_exit_code(rover: Rover) -> None:
    task = make_batch(failed=1, pending=0, status=TaskStatus.COMPLETED)

    ran = rover("batch", "wait", task.pk, "--json")

    assert ran.code == 1
    assert json.loads(ran.out)["status"] == "completed"


def test_waiting_ends_with_the_time_given(rover: Rover) -> None:
    ran = rover("batch", "wait", make_batch().pk, "--timeout", "0.1")

    assert (ran.code, ran.err) == (124, "Time is up. The batch goes on.\n")


@pytest.mark.parametrize("subcommand", ["wait", "results"])
def test_wait_and_results_refuse_another_kind(rover: Rover, subcommand: str) -> None:
    ran = rover("batch", subcommand, make_task().pk)

    assert (ran.code, ran.out) == (2, "")


def test_the_list_has_the_newest_first_and_takes_filters(rover: Rover) -> None:
    old, new = make_batch(), make_task(status=TaskStatus.FAILED, error="shutdown")

    ids = [json.loads(line)["task_id"] for line in rover("task", "list", "--json").out.splitlines()]

    assert ids == [str(new.pk), str(old.pk)]
    assert json.loads(rover("task", "list", "--status", "failed", "--json").out)["task_id"] == str(new.pk)
    assert json.loads(rover("task", "list", "--kind", "batch_fetch", "--json").out)["task_id"] == str(old.pk)
    assert rover("task", "list", "--since", "5s").out == ""
    assert len(rover("task", "list", "--since", "1h").out.splitlines()) == 2
    assert len(rover("task", "list", "--limit", "1").out.splitlines()) == 1


def test_an_empty_list_says_what_to_do_and_prints_nothing(rover: Rover) -> None:
    ran = rover("task", "list")

    assert (ran.code, ran.out) == (0, "")
    assert "rover batch start" in ran.err


@pytest.mark.parametrize("since", ["soon", "5 weeks", "9999-99-99"])
def test_a_time_that_is_none_is_wrong_usage(rover: Rover, since: str) -> None:
    assert rover("task", "list", "--since", since).code == 2


def test_a_time_without_zone_is_one_of_this_machine(rover: Rover) -> None:
    task = make_batch(created_at=timezone.now())
    local = timezone.localtime(task.created_at, None).astimezone().replace(tzinfo=None)

    assert rover("task", "list", "--since", local.isoformat()).out


def test_text_from_the_web_cannot_reach_the_terminal(rover: Rover) -> None:
    task = make_batch(failed=1, pending=0)
    task.items.update(url="https://e.example/\x1b]52;c;aGk=\x07\u202e", error="\x9b31m\nno")
    append(task, item_done(0, url="https://e.example/\x1b[2J"))

    for arguments in (
        ["task", task.pk],
        ["batch", "results", task.pk],
        ["task", task.pk, "--monitor", "--timeout", "0"],
    ):
        text = rover(*arguments).out
        assert not set(text) & set("\x1b\x07\x9b\u202e")


@BOTH
def test_the_end_of_a_task_shows_in_its_snapshot(rover: Rover, command: str) -> None:
    task = make_batch(done=2, pending=0)
    end(task)

    out = rover(command, task.pk).out

    assert out.startswith("batch_fetch   ✓ completed   2 of 2 done   took 1")
    assert "--cancel" not in out
