"""What of a model's turns is accepted: quotes are checked, calls are checked, and nothing is made up."""

import json
import re
from typing import Any

import pytest

from tasks.executing.model import ModelLimits
from tasks.executing.protocol import Citation
from tests.tasks.executing.model_runs import KEY, run
from tests.tasks.executing.model_server import Reply, Script, answers, calls, message, reads, says
from tests.tasks.executing.small_site import SmallSite

pytestmark = pytest.mark.asyncio

PAGE = (
    "<title>Shop</title><h1>The shop</h1><p>We’re open – every  day\nfrom 9 to 5.</p><ul><li>Kettle</li><li>Pan</li></ul>"
    "<p>" + "word " * 300 + "</p>"
)
GIVES_UP = calls(("give_up", {"reason": "-"}))


@pytest.mark.parametrize(
    ("quoted", "kept"),
    [
        ("We’re open – every day from 9 to 5.", "We’re open – every day from 9 to 5."),
        ("We're open - every\n day from 9 to 5.", "We’re open – every day from 9 to 5."),
        ("  every day  ", "every day"),
        ("# The shop\nWe’re open", "The shop We’re open"),
        ("- Kettle\n- Pan", "Kettle Pan"),
        ("word " * 300, ("word " * 120).strip()),
    ],
)
async def test_a_quote_that_stands_on_the_page_is_kept_in_the_page_s_own_spelling(
    quoted: str, kept: str
) -> None:
    async with SmallSite({"/": PAGE}) as site:
        ran = await run(site.base_url, reads("/"), answers("9 to 5", (site.base_url, quoted)))
        assert ran.completed.citations == (Citation(url=f"{site.base_url}/", quote=kept, title="The shop"),)


@pytest.mark.parametrize(
    "quoted", ["We are open every day", "open every day", "from 9 to 6.", "…", "a", "from 9 to 5. Pan"]
)
async def test_an_answer_whose_quote_does_not_stand_on_the_page_is_sent_back_once_and_then_fails(
    quoted: str,
) -> None:
    async with SmallSite({"/": PAGE}) as site:
        bad = answers("9 to 5", (site.base_url, quoted))
        ran = await run(site.base_url, reads("/"), bad, bad)
    assert ran.sent[2].last.startswith("Error. Citation 1: the quote does not stand on that page.")
    assert len(ran.sent) == 3
    assert (ran.failed.code, ran.failed.data) == ("model_invalid", {"reason": "unfounded"})
    assert "does not stand on that page" in ran.failed.message


async def test_a_page_that_was_not_read_cannot_be_cited() -> None:
    async with SmallSite({"/": PAGE, "/other": "<p>Open</p>"}) as site:
        bad = answers("Open", (f"{site.base_url}/other", "Open"))
        ran = await run(site.base_url, reads("/"), bad, bad)
        assert "/other" not in site.paths
    assert ran.failed.code == "model_invalid"
    assert ran.sent[2].last == "Error. Citation 1 names a page that was not read in this run."


@pytest.mark.parametrize(
    "arguments",
    [
        {"text": "9 to 5"},
        {"text": "9 to 5", "citations": []},
        {"text": "", "citations": [{"url": "/", "quote": "from 9 to 5"}]},
        {"text": "\u200e", "citations": [{"url": "/", "quote": "from 9 to 5"}]},
        {"text": "x" * 9_000, "citations": [{"url": "/", "quote": "from 9 to 5"}]},
        '{"text": "9 to 5", "citations": [',
    ],
    ids=["uncited", "no citations", "empty", "invisible", "huge", "cut off"],
)
async def test_an_answer_that_cannot_be_used_is_sent_back_once_and_then_fails(arguments: Any) -> None:
    async with SmallSite({"/": PAGE}) as site:
        ran = await run(site.base_url, reads("/"), calls(("answer", arguments)), calls(("answer", arguments)))
    assert ran.sent[2].last.startswith("Error. ")
    assert len(ran.sent) == 3
    assert ran.failed.code == "model_invalid"


async def test_an_answer_may_be_put_right() -> None:
    async with SmallSite({"/": PAGE}) as site:
        bad, good = (answers("9 to 5", (site.base_url, quote)) for quote in ("never", "from 9 to 5"))
        ran = await run(site.base_url, reads("/"), bad, good)
    assert ran.completed.text == "9 to 5"


@pytest.mark.parametrize(
    "said", [says("It is £31."), says(""), says(None), message({"content": None, "tool_calls": "x"})]
)
async def test_text_without_a_tool_call_is_no_answer(said: Script) -> None:
    async with SmallSite({"/": PAGE}) as site:
        ran = await run(site.base_url, said, said)
    roles = [entry["role"] for entry in ran.sent[1].body["messages"]]
    assert roles == ["system", "user", "assistant", "user"]
    assert ran.sent[1].last.startswith("Nobody reads this. Call one of the tools")
    assert (ran.failed.code, ran.failed.data) == ("model_invalid", {"reason": "no_call"})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"<html>Welcome</html>",
        b'{"choices": []}',
        b'{"choices": [{}]}',
        b'{"choices": [{"message": "hi"}]}',
        b'{"choices": [{"message": {"content": NaN}}]}',
        b"[" * 100_000,
        b"\xff\xfe\xfa",
        b"data: {}\n\ndata: [DONE]\n\n",
        b'{"choices": [{"message": {"content": "' + b"x" * 300_000 + b'"}}]}',
    ],
    ids=["empty", "null", "list", "cut", "html", "no choice", "no message", "no object", "nan", "deep", "bytes", "stream", "huge"],
)  # fmt: skip
async def test_a_body_that_is_no_completion_is_asked_for_once_more_and_then_fails(body: bytes) -> None:
    async with SmallSite({"/": PAGE}) as site:
        ran = await run(site.base_url, Reply(body=body), Reply(body=body))
        recovered = await run(site.base_url, Reply(body=body), GIVES_UP)
    assert len(ran.sent) == 2
    assert ran.sent[0].body == ran.sent[1].body
    assert (ran.failed.code, ran.failed.data) == ("model_invalid", {"reason": "unreadable"})
    assert recovered.failed.code == "no_evidence"


@pytest.mark.parametrize(
    ("name", "arguments", "complaint"),
    [
        ("run_shell", {"command": "ls"}, "There is no such tool. There are: read_page, search_page,"),
        ("</x>\n", {}, "There is no such tool."),
        ("read_page", {}, "The arguments do not fit: url: Field required"),
        ("read_page", {"url": ""}, "The arguments do not fit: url: String should have at least 1 character"),
        ("read_page", {"url": ["/"]}, "The arguments do not fit: url: Input should be a valid string"),
        ("read_page", {"url": "/", "method": "POST"}, "The arguments do not fit: method: Extra inputs"),
        ("read_page", {"url": "/", "part": 0}, "The arguments do not fit: part: "),
        ("read_page", {"url": "x" * 3_000}, "The arguments do not fit: url: "),
        ("read_page", '{"url": "/"', "The arguments are no JSON object."),
        ("read_page", '["/"]', "The arguments are no JSON object."),
        ("read_page", '{"url": "/", "part": NaN}', "The arguments are no JSON object."),
        ("read_page", "{" * 50_000, "The arguments are no JSON object."),
        ("read_page", {"url": "file:///etc/passwd"}, "out_of_scope: It is outside the site"),
        ("read_page", {"url": "http://[bad"}, "page_unavailable: It could not be had."),
        ("read_page", {"url": "/missing"}, "page_unavailable (HTTP 404): It could not be had."),
        ("search_page", {"text": " "}, "The arguments do not fit: text: "),
        ("submit_form", {"form": 1, "values": {}}, "There is no form 1; pages that were read show 0."),
        ("submit_form", {"form": "one", "values": {}}, "The arguments do not fit: form: "),
        ("ask", {"message": "Which?", "questions": []}, "The arguments do not fit: questions: "),
        (
            "ask",
            {"message": "?", "questions": [{"key": "a", "query": "?"}, {"key": "a", "query": "!"}]},
            "Each question needs a key of its own.",
        ),
    ],
)  # fmt: skip
async def test_a_call_that_cannot_be_carried_out_is_told_why_and_the_run_goes_on(
    name: str, arguments: Any, complaint: str
) -> None:
    async with SmallSite({"/": PAGE}) as site:
        ran = await run(site.base_url, calls((name, arguments)), GIVES_UP)
    assert ran.sent[1].last.startswith(f"Error. {complaint}")
    assert ran.failed.code == "no_evidence"


async def test_each_such_call_is_a_step() -> None:
    async with SmallSite({"/": PAGE}) as site:
        ran = await run(site.base_url, calls(("run_shell", {})), limits=ModelLimits(steps=3))
    assert len(ran.sent) == 4
    assert (ran.failed.code, ran.failed.data) == ("budget_exhausted", {"budget": "steps"})


async def test_the_conversation_goes_back_in_a_form_that_strict_servers_take() -> None:
    odd = {
        "content": [{"type": "text", "text": "Let me see."}],
        "tool_calls": [
            {"id": "", "function": {"name": "read page!", "arguments": "{oops"}},
            {"id": "a\nb", "type": "function", "function": {"name": "read_page", "arguments": {"url": "/"}}},
            {"id": "same", "function": {"name": "search_page", "arguments": '{"text": "\\ud800"}'}},
            {"id": "same", "function": {"name": "search_page", "arguments": None}},
            "nonsense",
            {"function": []},
        ],
    }
    async with SmallSite({"/": PAGE}) as site:
        ran = await run(site.base_url, message(odd), GIVES_UP)
    said = ran.sent[1].body["messages"]
    assistant = said[2]
    assert assistant["content"] == "Let me see."
    ids = [call["id"] for call in assistant["tool_calls"]]
    assert ids[2] == "same"
    assert len(set(ids)) == 4
    assert all(re.fullmatch("[0-9a-f]{9}", made) for made in (ids[0], ids[1], ids[3]))
    assert [call["function"]["name"] for call in assistant["tool_calls"]] == [
        "unnamed", "read_page", "search_page", "search_page",
    ]  # fmt: skip
    sent_back = [json.loads(call["function"]["arguments"]) for call in assistant["tool_calls"]]
    assert sent_back == [{}, {"url": "/"}, {"text": "\ufffd"}, {}]
    assert [entry["tool_call_id"] for entry in said[3:]] == ids


async def test_thoughts_and_signatures_go_back_to_the_server_that_sent_them() -> None:
    signed = {"google": {"thought_signature": "c2lnbmVk"}}
    call = {
        "id": "functions.read_page:0",
        "type": "function",
        "function": {"name": "read_page", "arguments": '{"url": "/"}'},
        "extra_content": signed,
    }
    thinks = message({"content": None, "reasoning_content": "First the page.", "tool_calls": [call]})
    async with SmallSite({"/": PAGE}) as site:
        ran = await run(site.base_url, thinks, GIVES_UP)
    said = ran.sent[1].body["messages"][2]
    assert said == {
        "role": "assistant",
        "content": "",
        "reasoning_content": "First the page.",
        "tool_calls": [call],
    }


async def test_no_more_calls_of_a_turn_are_taken_than_sixteen() -> None:
    async with SmallSite({"/": PAGE}) as site:
        many = calls(*[("search_page", {"text": str(at)}) for at in range(40)])
        ran = await run(site.base_url, many, GIVES_UP)
    assert len(ran.sent[1].results) == 16


async def test_an_answer_is_cleaned_of_what_a_terminal_or_database_would_stumble_over() -> None:
    async with SmallSite({"/": PAGE}) as site:
        said = answers("9\x00 to\x1b[2J 5\ud800\n\u202eAM", (site.base_url, "from 9 to 5"))
        ran = await run(site.base_url, reads("/"), said)
    assert ran.completed.text == "9 to 5\ufffd\nAM"


async def test_a_question_that_names_choices_twice_offers_them_once() -> None:
    wanted = [{"key": " size\n", "query": "Which\u202e one?", "choices": ["a", "b", "a"]}]
    async with SmallSite({"/": PAGE}) as site:
        ran = await run(site.base_url, calls(("ask", {"message": "Please say.", "questions": wanted})))
    (question,) = ran.asked.questions
    assert (question.key, question.query, question.choices) == ("size", "Which one?", ("a", "b"))


async def test_the_key_goes_to_the_endpoint_and_nowhere_else(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with SmallSite({"/": PAGE}) as site:
        ran = await run(site.base_url, reads("/"), GIVES_UP)
    assert [sent.headers["authorization"] for sent in ran.sent] == [f"Bearer {KEY}"] * 2
    assert all(KEY not in json.dumps(sent.body) for sent in ran.sent)
    assert KEY not in repr(ran.outcome) + repr(ran.notes.entries) + caplog.text
