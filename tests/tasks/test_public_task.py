"""The public task resource: its states, the body that creates one, and the object that callers read."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rover_site.problems import problem
from tasks.core import public_errors
from tasks.core.prefer import Execution
from tasks.core.public_create import AgentClaim, CreateTask, read_create
from tasks.core.public_errors import (
    InvalidRequest,
    InvalidTargetUrl,
    MissingInstruction,
    PromptTooLong,
    PublicShortcutNotFound,
)
from tasks.core.public_task import deadline, public_resource
from tasks.core.states import TERMINAL, may_follow
from tasks.core.states import TaskStatus as Status
from workspace.core.errors import RoverError

NOW = datetime(2026, 1, 31, 12, 4, 19, tzinfo=UTC)
URL = "https://www.acme.example/"
P, W, R, ASKING = Status.PENDING, Status.WAITING_BROWSER, Status.RUNNING, Status.INPUT_REQUIRED
DONE, FAILED, CANCELLED, EXPIRED = Status.COMPLETED, Status.FAILED, Status.CANCELLED, Status.EXPIRED

# --- states ---


def test_the_states_are_the_eight_words_of_the_contract() -> None:
    assert [status.value for status in Status] == [
        "pending",
        "waiting_browser",
        "running",
        "input_required",
        "completed",
        "failed",
        "cancelled",
        "expired",
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (P, {W, R, CANCELLED, EXPIRED}),
        (W, {R, CANCELLED, EXPIRED}),
        (R, {ASKING, DONE, FAILED, CANCELLED, EXPIRED}),
        (ASKING, {R, CANCELLED, EXPIRED}),
        (DONE, set()),
        (FAILED, set()),
        (CANCELLED, set()),
        (EXPIRED, set()),
    ],
)
def test_a_state_is_followed_by_these_and_no_other(before: Status, after: set[Status]) -> None:
    assert {status for status in Status if may_follow(before, status)} == after


def test_what_has_ended_is_terminal_and_nothing_else() -> None:
    assert (
        {status for status in Status if status.is_terminal} == {DONE, FAILED, CANCELLED, EXPIRED} == TERMINAL
    )


@pytest.mark.parametrize(
    ("status", "lifetime"),
    [
        (P, timedelta(minutes=15)),
        (W, timedelta(minutes=15)),
        (R, timedelta(minutes=30)),
        (ASKING, timedelta(hours=24)),
        *((status, timedelta(days=7)) for status in sorted(TERMINAL)),
    ],
)
def test_each_state_has_its_lifetime(status: Status, lifetime: timedelta) -> None:
    assert deadline(status, since=NOW) == NOW + lifetime


# --- the body of a creation ---


def created(**body: Any) -> CreateTask:
    return read_create({"url": URL, "prompt": "get me the latest blog post"} | body)


def refused(error: type[RoverError], body: object) -> RoverError:
    with pytest.raises(error) as caught:
        read_create(body)
    return caught.value


def test_url_and_prompt_are_enough() -> None:
    task = read_create({"url": "https://www.acme.example", "prompt": "get me the latest blog post"})

    assert task == CreateTask.model_validate({"url": URL, "prompt": "get me the latest blog post"})
    assert (task.url, task.host, task.prompt) == (URL, "www.acme.example", "get me the latest blog post")
    assert (task.shortcut, task.agent, task.envelope) == (None, None, {})


def test_with_a_shortcut_the_prompt_is_kept_as_context() -> None:
    task = created(shortcut=" latest_post ")

    assert (task.shortcut, task.prompt) == ("latest_post", "get me the latest blog post")


@pytest.mark.parametrize(
    ("body", "field", "value"),
    [
        ({"targetUrl": URL, "prompt": "p"}, "url", URL),
        ({"url": " ", "targetUrl": URL, "prompt": "p"}, "url", URL),
        ({"url": URL, "goal": "g"}, "prompt", "g"),
        ({"url": URL, "instruction": "i"}, "prompt", "i"),
        ({"url": URL, "instruction": "i", "goal": "g", "prompt": "p"}, "prompt", "p"),
        ({"url": URL, "instruction": "i", "goal": "g", "prompt": None}, "prompt", "g"),
        ({"url": URL, "instruction": "i", "goal": " \n", "prompt": ""}, "prompt", "i"),
        ({"url": URL, "shortcutId": "s"}, "shortcut", "s"),
        ({"url": URL, "shortcut": "a", "shortcutId": "b"}, "shortcut", "a"),
    ],
)
def test_other_names_are_taken_and_the_first_that_is_not_empty_counts(
    body: dict[str, Any], field: str, value: str
) -> None:
    assert getattr(read_create(body), field) == value


@pytest.mark.parametrize(
    ("url", "spelled", "host"),
    [
        (
            "HTTP://WWW.Acme.Example:80/a b?q=ä#x y",
            "http://www.acme.example/a%20b?q=%C3%A4#x%20y",
            "www.acme.example",
        ),
        (" https://bücher.example./ ", "https://xn--bcher-kva.example/", "xn--bcher-kva.example"),
        ("https://[2001:DB8::1]:8443/", "https://[2001:db8::1]:8443/", "2001:db8::1"),
        ("http://localhost:8000/x?", "http://localhost:8000/x?", "localhost"),
        ("http://0x7f.1/", "http://127.0.0.1/", "127.0.0.1"),
    ],
)
def test_the_target_has_the_one_spelling_browsers_give_it(url: str, spelled: str, host: str) -> None:
    task = created(url=url)

    assert (task.url, task.host) == (spelled, host)


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        " ",
        5,
        ["https://a.example"],
        "www.acme.example",
        "/pricing",
        "ftp://acme.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "https://",
        "https://a b/",
        "https://a..example/",
        "https://a!b.example/",
        "https://xn--a.example/",
        "https://acme.example/a\x00b",
        "https://acme.ex\nample/",
        "https://\ud800.example/",
        "https://acme.example@evil.example/",
        "https://user:secret@acme.example/",
        "https://acme.example/" + "x" * 8200,
    ],
)
def test_a_target_that_is_no_complete_web_address_is_refused(url: object) -> None:
    error = refused(InvalidTargetUrl, {"url": url, "prompt": "p"})

    assert problem(error, instance="/v1/tasks")[0] == 400
    assert error.code == "INVALID_URL"


def test_a_body_without_a_target_is_refused_for_that_before_anything_else() -> None:
    refused(InvalidTargetUrl, {"prompt": 5, "agent": "x", "args": "\x00"})


@pytest.mark.parametrize(
    "body", [{}, {"prompt": ""}, {"prompt": " \r\n"}, {"goal": None, "shortcut": ""}, {"agent": {"key": "k"}}]
)
def test_a_body_that_says_nothing_to_do_is_refused(body: dict[str, Any]) -> None:
    assert refused(MissingInstruction, {"url": URL} | body).code == "MISSING_INSTRUCTION"


def test_a_prompt_has_8000_characters_without_outer_white_space() -> None:
    assert created(prompt=f"  {'ä' * 8000}\r\n").prompt == "ä" * 8000

    error = refused(PromptTooLong, {"url": URL, "goal": "a" * 8001})
    assert (error.code, error.data) == ("PROMPT_TOO_LONG", {"length": 8001, "maximum": 8000})


def test_every_line_end_in_a_prompt_becomes_a_newline() -> None:
    assert created(prompt="a\r\nb\rc\n\td").prompt == "a\nb\nc\n\td"


@pytest.mark.parametrize("shortcut", ["no such", "a/b", "a\x00", "-a", "\ud800", "x" * 81])
def test_an_id_that_no_shortcut_can_have_is_not_found(shortcut: str) -> None:
    assert refused(PublicShortcutNotFound, {"url": URL, "shortcut": shortcut}).code == "SHORTCUT_NOT_FOUND"


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"prompt": 5}, "prompt", "wrong_type"),
        ({"prompt": ["p"]}, "prompt", "wrong_type"),
        ({"prompt": "a\x00b"}, "prompt", "not_allowed"),
        ({"prompt": "\x1b[2J"}, "prompt", "not_allowed"),
        ({"prompt": "\ud83d"}, "prompt", "not_allowed"),
        ({"shortcut": 7}, "shortcut", "wrong_type"),
        ({"agent": "GPT"}, "agent", "wrong_type"),
        ({"agent": ["GPT"]}, "agent", "wrong_type"),
        ({"agent": {"name": 5}}, "agent.name", "wrong_type"),
        ({"agent": {"key": "k" * 129}}, "agent.key", "too_long"),
        ({"agentKey": 5}, "agent.key", "wrong_type"),
        ({"args": {"a": "x" * 16_384}}, "args", "too_long"),
        ({"args": {"a": "\x00"}}, "args", "not_allowed"),
        ({"args": {"\ud800": 1}}, "args", "not_allowed"),
        ({"policy": float("nan")}, "policy", "out_of_range"),
        ({"target": 2**70}, "target", "out_of_range"),
    ],
)
def test_a_field_of_a_wrong_shape_is_named(body: dict[str, Any], field: str, code: str) -> None:
    error = refused(InvalidRequest, {"url": URL, "prompt": "p"} | body)

    assert [(told["field"], told["code"]) for told in error.data["errors"]] == [(field, code)]


def test_every_wrong_field_is_named_at_once() -> None:
    error = refused(
        InvalidRequest, {"url": URL, "prompt": 1, "shortcut": 2, "agent": {"name": 3}, "args": "\x00"}
    )

    assert [told["field"] for told in error.data["errors"]] == ["prompt", "shortcut", "agent.name", "args"]


@pytest.mark.parametrize("body", [None, [], "x", 5, True])
def test_a_body_that_is_no_object_is_refused(body: object) -> None:
    assert refused(InvalidRequest, body).data["errors"][0]["code"] == "wrong_type"


def test_nesting_without_end_is_refused() -> None:
    args: Any = 1
    for _ in range(500):
        args = [args]

    assert (
        refused(InvalidRequest, {"url": URL, "prompt": "p", "args": args}).data["errors"][0]["field"]
        == "args"
    )


def test_the_richer_form_is_kept_and_what_nobody_knows_is_left_out() -> None:
    rich = {
        "capabilityId": "latest_post",
        "args": {"n": 1, "deep": [{"a": None}]},
        "target": "tab",
        "identity": {"userPresent": True},
        "execution": {"mode": "auto"},
        "accept": {"modes": ["text"]},
        "policy": {"spend": 0},
    }

    assert created(**rich, colour="red", envelope={"x": 1}).envelope == rich
    assert created(args=None).envelope == {}


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ({"key": "gpt-5.4-demo-agent", "name": "Demo", "vendor": "V", "model": "m", "version": "2026-03"},
         {"key": "gpt-5.4-demo-agent", "name": "Demo", "vendor": "V", "model": "m", "version": "2026-03"}),
        ({"agentKey": "k", "displayName": "n", "unknown": 1}, {"key": "k", "name": "n"}),
        ({"agentId": "k"}, {"key": "k"}),
        ({"key": "k", "agentKey": "other"}, {"key": "k"}),
        ({"key": " a\x00b\r\nc "}, {"key": "ab c"}),
        ({"name": "\x1b]0;title\x07Bot\u202e\x9b31m"}, {"name": "Bot"}),
        ({"name": "half \ud800"}, {"name": "half \ufffd"}),
        ({"name": "n" * 121, "key": "k" * 128}, {"name": "n" * 120, "key": "k" * 128}),
        ({"homepage": " https://acme.example/bot "}, {"homepage": "https://acme.example/bot"}),
        ({"key": "k", "homepage": "http://acme.example/"}, {"key": "k"}),
        ({"key": "k", "homepage": "javascript:alert(1)"}, {"key": "k"}),
        ({"key": "k", "homepage": "https://a.example/" + "x" * 283}, {"key": "k"}),
        ({"homepage": "https://a.example/" + "x" * 282}, {"homepage": "https://a.example/" + "x" * 282}),
    ],
)  # fmt: skip
def test_what_an_agent_says_about_itself_is_cleaned(agent: dict[str, Any], expected: dict[str, str]) -> None:
    assert created(agent=agent).agent == AgentClaim.model_validate(expected)


@pytest.mark.parametrize("agent", [None, {}, {"key": " ", "name": "\x00"}, {"homepage": "nowhere"}, {"x": 1}])
def test_an_agent_that_says_nothing_is_none(agent: object) -> None:
    assert created(agent=agent).agent is None


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ({"agentKey": "k"}, "k"),
        ({"agentId": "k"}, "k"),
        ({"agentKey": "k", "agent": {"name": "n"}}, "k"),
        ({"agentKey": "k", "agent": {"key": "own"}}, "own"),
        ({"agentId": "k", "agent": {"agentId": "own"}}, "own"),
    ],
)
def test_a_key_beside_the_agent_object_counts_when_it_has_none(body: dict[str, Any], key: str) -> None:
    agent = created(**body).agent

    assert agent is not None
    assert agent.key == key


hostile = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            ["url", "targetUrl", "prompt", "goal", "shortcut", "agent", "agentKey", "args", "policy"]
        ),
        st.just(URL) | st.dictionaries(st.sampled_from(["key", "name", "homepage"]), hostile) | hostile,
    )
)
def test_any_body_is_a_task_or_a_refusal_that_can_be_sent(body: dict[str, Any]) -> None:
    try:
        task = read_create(body)
    except RoverError as error:
        assert error.code.isupper()
        assert problem(error, instance="/v1/tasks")[0] in (400, 404)
    else:
        task.model_dump_json().encode()


@pytest.mark.parametrize(
    ("name", "status", "code", "retryable"),
    [
        ("InvalidTargetUrl", 400, "INVALID_URL", False),
        ("MissingInstruction", 400, "MISSING_INSTRUCTION", False),
        ("PromptTooLong", 400, "PROMPT_TOO_LONG", False),
        ("InvalidRequest", 400, "INVALID_REQUEST", False),
        ("InvalidIdempotencyKey", 400, "INVALID_IDEMPOTENCY_KEY", False),
        ("PublicSiteNotFound", 404, "SITE_NOT_FOUND", False),
        ("AiAccessDisabled", 403, "AI_ACCESS_DISABLED", False),
        ("AgentBlocked", 403, "AGENT_BLOCKED", False),
        ("CloudNotAllowed", 403, "CLOUD_NOT_ALLOWED", False),
        ("PublicShortcutNotFound", 404, "SHORTCUT_NOT_FOUND", False),
        ("IdempotencyKeyReused", 409, "IDEMPOTENCY_KEY_REUSED", False),
        ("InsufficientCredits", 402, "INSUFFICIENT_CREDITS", False),
        ("TaskRateLimited", 429, "RATE_LIMITED", True),
    ],
)
def test_each_refusal_has_its_status_and_code(name: str, status: int, code: str, retryable: bool) -> None:
    told_status, body = problem(getattr(public_errors, name)("why"), instance="/v1/tasks")

    assert (told_status, body["code"], body["retryable"]) == (status, code, retryable)


# --- the resource ---

LINKS: dict[str, Any] = {
    "open_url": f"{URL}#rover_receipt=rrc_1",
    "browser_link": f"{URL}?rover=p#rover_receipt=rrc_1",
}


def test_a_new_task_reads_as_the_contract_shows_it() -> None:
    task, workflow = (
        "https://r.example/v1/tasks/agt_1?access=a",
        "https://r.example/v1/workflows/wf_1?access=w",
    )

    shown = public_resource(
        id="agt_1",
        status=P,
        task=task,
        workflow=workflow,
        **LINKS,
        expires_at=NOW,
        retry_after_ms=2000,
    )

    assert shown == {
        "id": "agt_1",
        "task": task,
        "workflow": workflow,
        "open": f"{URL}#rover_receipt=rrc_1",
        "browserLink": f"{URL}?rover=p#rover_receipt=rrc_1",
        "status": "pending",
        "expiresAt": "2026-01-31T12:04:19.000Z",
        "retryAfterMs": 2000,
    }


def test_what_is_absent_is_not_null() -> None:
    assert public_resource(id="agt_1", status=R) == {"id": "agt_1", "status": "running"}


@pytest.mark.parametrize("status", Status)
def test_links_show_only_while_nobody_has_taken_the_task_up(status: Status) -> None:
    shown = public_resource(id="agt_1", status=status, **LINKS)

    assert {"open", "browserLink"} & set(shown) == ({"open", "browserLink"} if status in (P, W) else set())


@pytest.mark.parametrize("status", [P, W])
def test_a_task_for_the_cloud_never_has_links(status: Status) -> None:
    shown = public_resource(id="agt_1", status=status, execution=Execution.CLOUD, **LINKS)

    assert shown == {"id": "agt_1", "status": status.value, "execution": "cloud"}


@pytest.mark.parametrize("status", Status)
def test_questions_show_only_while_input_is_required(status: Status) -> None:
    shown = public_resource(id="agt_1", status=status, questions=[{"text": "Which one?"}], message="Two fit.")

    asked = {"questions": [{"text": "Which one?"}], "message": "Two fit."}
    assert shown.get("input") == (asked if status is ASKING else None)


def test_a_task_that_has_ended_says_no_more_when_to_come_back() -> None:
    assert "retryAfterMs" not in public_resource(id="agt_1", status=DONE, retry_after_ms=2000)


def test_a_result_shows_its_public_members_and_nothing_an_executor_keeps_beside_them() -> None:
    public = {
        "text": "The newest post is …",
        "blocks": [{"type": "text"}],
        "summary": "s",
        "observation": {"url": URL, "title": "t", "host": "h", "summary": "s", "snapshotDigest": "d"},
        "transcript": {"messages": [{"role": "user", "text": "p", "ts": 1}, {"role": "agent", "text": "a"}]},
        "artifacts": [{"id": "art_1"}],
        "error": {"code": "timeout"},
    }
    kept = public | {
        "apiKey": "secret",
        "observation": {**public["observation"], "rawHtml": "x"},  # type: ignore[dict-item]
        "transcript": {
            "messages": [{"role": "user", "text": "p", "ts": 1, "tokens": 9}, {"role": "agent", "text": "a"}]
        },
    }

    assert public_resource(id="agt_1", status=DONE, result=kept)["result"] == public


def test_handoff_and_agent_show_their_public_members_alone() -> None:
    shown = public_resource(
        id="agt_1",
        status=R,
        handoff={
            "workflowId": "wf_1",
            "instruction": "go on",
            "parentAccess": "secret",
            "contextSummary": None,
        },
        agent={"key": "k", "name": "n", "trust": "self_reported", "memoryKey": "anon:1", "userAgent": "x"},
        created_at=NOW,
        updated_at=NOW + timedelta(seconds=1),
    )

    assert shown["handoff"] == {"workflowId": "wf_1", "instruction": "go on"}
    assert shown["agent"] == {"key": "k", "name": "n", "trust": "self_reported"}
    assert (shown["createdAt"], shown["updatedAt"]) == (
        "2026-01-31T12:04:19.000Z",
        "2026-01-31T12:04:20.000Z",
    )
