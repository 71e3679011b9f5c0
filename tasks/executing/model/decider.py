"""The decider with a model: it proposes one step after another, we carry out those that are allowed."""

from tasks.core.printable import printable, printable_block
from tasks.executing.model.citing import check_citations
from tasks.executing.model.client import ChatClient
from tasks.executing.model.conversation import Conversation
from tasks.executing.model.endpoint import ModelEndpoint, ModelLimits
from tasks.executing.model.errors import BudgetExhausted, ModelFailure, ModelInvalid
from tasks.executing.model.forms import Forms, values_for
from tasks.executing.model.pages import head_of, links_of, parts_of, passages_of
from tasks.executing.model.tools import (
    TOOLS,
    Action,
    AskBack,
    GiveAnswer,
    GiveUp,
    ReadPage,
    SearchPage,
    SubmitForm,
    ToolError,
    read_call,
)
from tasks.executing.model.turns import Call, Turn
from tasks.executing.model.visit import Visit
from tasks.executing.model.watch import OutOfTime, StopRun, Watch
from tasks.executing.protocol import (
    Budget,
    Completed,
    Failed,
    Hands,
    InputRequired,
    Journal,
    Message,
    Outcome,
    PageView,
    Question,
    Step,
    Stopped,
    StopSignal,
    Wish,
)
from tasks.executing.rules.gathering import observation_of
from tasks.executing.rules.saying import say
from tasks.executing.rules.words import language_of

DEFAULT_LIMITS = ModelLimits()
MAX_PASSAGES = 12
_MAX_PASSAGE_CHARS = 600
_MAX_WISH_CHARS = 120
_WORTH = 0.5  # a passage must hold this share of the words
_NO_CALL = (
    "Nobody reads this. Call one of the tools; an answer is given by the tool `answer`, with citations."
)


class ModelExecutor:
    """See `Executor`. Holds nothing between runs; one instance may serve many at once."""

    def __init__(self, endpoint: ModelEndpoint, *, limits: ModelLimits = DEFAULT_LIMITS) -> None:
        self._endpoint = endpoint
        self._limits = limits

    async def run(
        self, wish: Wish, *, hands: Hands, journal: Journal, budget: Budget, stop: StopSignal
    ) -> Outcome:
        """See `Executor.run`."""
        watch = Watch(stop, budget.seconds)
        language = language_of(wish.words)
        visit = Visit(
            hands=hands, journal=journal, budget=budget, watch=watch, start=wish.url, language=language
        )
        try:
            watch.check()
            wanted = printable(wish.words)[:_MAX_WISH_CHARS].rstrip(" .?!")
            await journal.write(Step(text=say("understood", language, what=wanted)))
            async with ChatClient(self._endpoint, max_bytes=self._limits.answer_bytes) as client:
                outcome = await _Run(wish, client, visit, watch, self._limits).carry_out()
        except StopRun:
            return Stopped()
        except OutOfTime:
            return _failed(_exhausted("seconds", visit))
        except ModelFailure as error:
            return _failed(error)
        if isinstance(outcome, Completed):
            await journal.write(Message(text=outcome.text, blocks=outcome.blocks))
        return outcome


class _Run:
    """One wish on its way."""

    def __init__(
        self, wish: Wish, client: ChatClient, visit: Visit, watch: Watch, limits: ModelLimits
    ) -> None:
        self._client = client
        self._visit = visit
        self._watch = watch
        self._limits = limits
        self._conversation = Conversation(wish)
        self._forms = Forms()
        self._steps = 0
        self._tokens = 0
        self._corrected: set[str] = set()

    async def carry_out(self) -> Outcome:
        """Turn by turn until one ends the run.

        Raises: ModelFailure, StopRun, OutOfTime.
        """
        while True:
            turn = await self._next_turn()
            if turn is None:
                continue
            outcome = await self._obey(turn)
            if outcome is not None:
                return outcome

    async def _next_turn(self) -> Turn | None:
        """What the model says next; None for the first time that it cannot be read."""
        conversation = self._conversation
        conversation.make_room(self._limits.context_tokens)
        asked = conversation.cost
        if self._tokens + asked > self._limits.tokens:
            raise _exhausted("tokens", self._visit)
        try:
            turn = await self._watch.race(
                lambda: self._client.complete(conversation.messages, conversation.tools)
            )
        except ModelInvalid as error:
            self._tokens += asked
            self._count_step()
            self._correct_once("unreadable", error.message)
            return None
        said = conversation.heard(turn)
        self._tokens += turn.tokens if turn.tokens is not None else asked + said
        return turn

    async def _obey(self, turn: Turn) -> Outcome | None:
        if not turn.calls:
            self._count_step()
            self._correct_once("no_call", "The model called no tool.")
            self._conversation.correct(_NO_CALL)
        is_over = False
        for call in turn.calls:
            if is_over:
                self._conversation.result(call, "Passed over.")
                continue
            outcome = await self._carry(call)
            if outcome is not None:
                return outcome
            is_over = call.name in TOOLS and TOOLS[call.name].ends
        return None

    async def _carry(self, call: Call) -> Outcome | None:
        """The end of the run, or an answer to `call` in the conversation."""
        self._watch.check()
        self._count_step()
        try:
            action = read_call(call)
            if isinstance(action, GiveAnswer):
                return self._answered(action)
            if isinstance(action, AskBack):
                return _asked(action)
            if isinstance(action, GiveUp):
                return self._given_up(action)
            sentence, site_text = await self._seen(action)
        except ToolError as error:
            if call.name == GiveAnswer.tool:
                self._correct_once("unfounded", error.sentence)
            sentence, site_text = f"Error. {error.sentence}", error.site_text
        self._conversation.result(call, sentence, site_text)
        return None

    async def _seen(self, action: Action) -> tuple[str, str]:
        """A sentence of ours and a text of the site.

        Raises: ToolError, StopRun, OutOfTime.
        """
        if isinstance(action, ReadPage):
            return self._shown(await self._visit.read(action.url), action.part)
        if isinstance(action, SubmitForm):
            form = self._forms.get(action.form)
            return self._shown(await self._visit.submit(form, values_for(form, action.values)))
        if isinstance(action, SearchPage):
            return self._found(action.text)
        raise AssertionError(action)

    def _shown(self, page: PageView, part: int = 1) -> tuple[str, str]:
        parts = parts_of(page, chars=self._limits.page_chars)
        if part > len(parts):
            raise ToolError(f"The page has only {len(parts)} parts.")
        lists = (
            (self._forms.shown(page), f"Links:\n{links_of(page)}" if page.links or page.feeds else "")
            if part == 1
            else ()
        )
        most = self._limits.page_chars // 2
        text = "\n\n".join(filter(None, (head_of(page), parts[part - 1], *(piece[:most] for piece in lists))))
        more = f" Ask for part {part + 1} to read on." if part < len(parts) else ""
        return f"Part {part} of {len(parts)} of the page.{more}", text

    def _found(self, text: str) -> tuple[str, str]:
        words = set(text.casefold().split())
        found = [
            (sum(word in passage.casefold() for word in words) / len(words), page.url, passage)
            for page in self._visit.pages
            for passage in passages_of(page)
        ]
        best = sorted((hit for hit in found if hit[0] >= _WORTH), key=lambda hit: -hit[0])[:MAX_PASSAGES]
        lines = dict.fromkeys(f"{url}: {passage[:_MAX_PASSAGE_CHARS]}" for _, url, passage in best)
        if not lines:
            raise ToolError("None of the pages that were read holds these words.")
        return "What was found, each after the address of its page:", "\n".join(lines)

    def _answered(self, action: GiveAnswer) -> Completed:
        checked = check_citations(action.citations, self._visit.page_at)
        text = printable_block(action.text).strip()
        if not text:
            raise ToolError("The answer has no text.")
        return Completed(
            text=text,
            observation=observation_of(checked[0][1]),
            citations=tuple(citation for citation, _ in checked),
            blocks=({"type": "text", "text": text},),
        )

    def _given_up(self, action: GiveUp) -> Failed:
        if self._visit.was_short:
            return _failed(_exhausted(self._visit.was_short, self._visit))
        return Failed(code="no_evidence", message=printable(action.reason))

    def _count_step(self) -> None:
        self._steps += 1
        if self._steps > self._limits.steps:
            raise _exhausted("steps", self._visit)

    def _correct_once(self, reason: str, told: str) -> None:
        """Let one mistake of a kind pass.

        Raises: ModelInvalid for the second.
        """
        if reason in self._corrected:
            raise ModelInvalid(f"The model gave no answer that can be used. {told}", reason=reason)
        self._corrected.add(reason)


def _asked(action: AskBack) -> InputRequired:
    questions = tuple(
        Question(
            key=printable(missing.key),
            query=printable(missing.query),
            choices=tuple(dict.fromkeys(map(printable, missing.choices))),
        )
        for missing in action.questions
    )
    if len({question.key for question in questions}) < len(questions):
        raise ToolError("Each question needs a key of its own.")
    return InputRequired(message=printable_block(action.message), questions=questions)


def _exhausted(what: str, visit: Visit) -> BudgetExhausted:
    n_pages = len(visit.pages)
    return BudgetExhausted(
        f"The {what} of this task ran out before the model had an answer ({n_pages} page(s) read).",
        budget=what,
    )


def _failed(error: ModelFailure) -> Failed:
    return Failed(code=error.code, message=error.message, data=error.data)
