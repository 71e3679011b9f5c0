"""What the runtime refuses with, and that the document tells it."""

import pickle
import re
from pathlib import Path

import pytest

from rover_site.problems import STATUS
from tasks.core.runtime import errors
from tasks.core.runtime.errors import (
    ActiveRunExists,
    StaleEpoch,
    StaleSeq,
    bootstrap_required,
    session_token_expired,
    session_token_invalid,
)
from workspace.core.errors import RoverError

SENT = [
    found
    for name in errors.__all__
    if isinstance(found := getattr(errors, name), type) and issubclass(found, RoverError)
]
OWN = [error for error in SENT if error.__module__ == errors.__name__]
# status, retryable, codes
TABLE = [
    (400, False, ["INVALID_ARGUMENT"]),
    (401, True, ["SESSION_TOKEN_EXPIRED"]),
    (401, False, ["SESSION_TOKEN_INVALID", "BOOTSTRAP_REQUIRED", "INVALID_API_KEY"]),
    (402, False, ["INSUFFICIENT_CREDITS"]),
    (403, False, ["HOST_NOT_ALLOWED", "SITE_MISMATCH", "CAPABILITY_MISSING", "SECRET_KEY_NOT_ALLOWED"]),
    (403, False, ["PERMISSION_DENIED", "EXTERNAL_POLICY_BLOCKED", "ADVERSARIAL_BLOCKED"]),
    (404, False, ["SESSION_NOT_FOUND", "RUN_NOT_FOUND"]),
    (409, True, ["stale_seq", "stale_epoch"]),
    (409, False, ["active_run_exists", "replayed_nonce"]),
    (413, False, ["SNAPSHOT_TOO_LARGE", "PAYLOAD_TOO_LARGE"]),
    (429, True, ["RATE_LIMITED"]),
    (500, True, ["INTERNAL"]),
    (502, True, ["EXTERNAL_UNAVAILABLE"]),
    (504, True, ["EXTERNAL_TIMEOUT"]),
]


def test_the_errors_are_those_of_the_contract() -> None:
    told = {error.code: (STATUS[error.kind], error.retryable) for error in SENT}

    assert told == {code: (status, retryable) for status, retryable, codes in TABLE for code in codes}


@pytest.mark.parametrize(
    "conflict",
    [
        StaleEpoch.of(session_id="s", run_id=None, expected=None, current=3),
        StaleSeq.of(session_id="s", run_id="A", expected=2, current=3, epoch=5, client_event_id=None),
        ActiveRunExists.of(run_id="A", state="running", mode="act", continue_prompt=True),
    ],
    ids=lambda conflict: str(conflict.code),
)
def test_a_conflict_says_the_same_thing_thrice(conflict: RoverError) -> None:
    assert conflict.data["conflict"]["type"] == conflict.code
    assert conflict.data["conflict"]["retryable"] is conflict.retryable
    assert conflict.data["decisionReason"].startswith(conflict.code)
    again = pickle.loads(pickle.dumps(conflict))
    assert (type(again), again.data, again.message) == (type(conflict), conflict.data, conflict.message)


def test_the_refusals_of_an_opening_say_what_to_do() -> None:
    refusals = [session_token_expired(), session_token_invalid(), bootstrap_required()]

    assert all("bootstrapToken" in (refusal.next_action or "") for refusal in refusals)
    assert [refusal.retryable for refusal in refusals] == [True, False, False]


@pytest.mark.parametrize("error", OWN, ids=lambda error: str(error.code))
def test_each_error_has_its_row_in_the_document(error: type[RoverError]) -> None:
    document = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
    rows = re.findall(
        r"^\| `(\w+)` \| (\d+) \| (yes|no) \|", document.split("\n## Runtime\n", 1)[1], re.MULTILINE
    )

    retryable = "yes" if error.retryable else "no"
    assert [row for row in rows if row[0] == error.code] == [(error.code, str(STATUS[error.kind]), retryable)]
