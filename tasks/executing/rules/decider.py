"""The decider without a model."""

import dataclasses
from collections.abc import Awaitable, Callable

from tasks.executing.protocol import (
    Budget,
    Completed,
    Failed,
    Hands,
    HandsError,
    Journal,
    Message,
    Outcome,
    PageView,
    Stopped,
    StopSignal,
    Wish,
)
from tasks.executing.rules.answers.contact import answer_contact
from tasks.executing.rules.answers.find import answer_find
from tasks.executing.rules.answers.forms import answer_form, answer_search
from tasks.executing.rules.answers.hours import answer_hours
from tasks.executing.rules.answers.latest import answer_latest
from tasks.executing.rules.answers.listing import answer_list
from tasks.executing.rules.answers.pages import answer_follow, answer_read, answer_summary, follow
from tasks.executing.rules.answers.price import answer_price
from tasks.executing.rules.asking import Answers, NeedsInput, NoAnswer
from tasks.executing.rules.gathering import StopRun, Survey
from tasks.executing.rules.run import Run
from tasks.executing.rules.understanding import Intent, understand
from tasks.executing.rules.vocabulary import Kind

_Answerer = Callable[[Run], Awaitable[Completed | None]]

_ANSWERERS: dict[Kind, _Answerer] = {
    Kind.READ: answer_read,
    Kind.LIST: answer_list,
    Kind.LATEST: answer_latest,
    Kind.SUMMARISE: answer_summary,
    Kind.PRICE: answer_price,
    Kind.CONTACT: answer_contact,
    Kind.HOURS: answer_hours,
    Kind.FOLLOW: answer_follow,
    Kind.SEARCH: answer_search,
    Kind.FORM: answer_form,
}
_WITH_QUESTION = frozenset({Kind.PRICE, Kind.CONTACT, Kind.HOURS, Kind.LIST, Kind.READ, Kind.SUMMARISE})
"""Kinds whose wish is still a question when the site has no such data for the subject."""


class RulesExecutor:
    """See `Executor`. Holds nothing between runs; one instance may serve many at once."""

    async def run(
        self, wish: Wish, *, hands: Hands, journal: Journal, budget: Budget, stop: StopSignal
    ) -> Outcome:
        """See `Executor.run`."""
        intent = understand(wish.words)
        survey = Survey(
            hands=hands,
            journal=journal,
            budget=budget,
            stop=stop,
            start_url=wish.url,
            language=intent.language,
            wish_words=wish.words,
        )
        run = Run(intent=intent, survey=survey, answers=Answers(wish.answers))
        try:
            outcome: Outcome = await _carry_out(run)
        except NeedsInput as asked:
            outcome = asked.outcome
        except NoAnswer as failure:
            outcome = Failed(code=failure.code, message=str(failure))
        except HandsError as error:
            outcome = Failed(code=error.code, message=error.message, data=error.data)
        except TimeoutError:
            gone = run.nothing()
            outcome = Failed(code="budget_exhausted", message=str(gone))
        except StopRun:
            return Stopped()
        if isinstance(outcome, Completed):
            await journal.write(Message(text=outcome.text, blocks=outcome.blocks))
        return outcome


async def _carry_out(run: Run) -> Completed:
    start = run.survey.start_url = run.survey.start_url.partition("#")[0]
    await run.survey.say("understood", what=_described(run.intent))
    await run.survey.read_or_raise(start)
    if run.intent.kind is Kind.FOLLOW and run.intent.then:
        page = await follow(run)
        return await _answer(_onwards(run, page))
    return await _answer(run)


def _onwards(run: Run, page: PageView) -> Run:
    """The second half of a wish, on the page that the first led to."""
    intent = understand(run.intent.then)
    run.survey.pages[page.url] = page
    run.survey.start_url = page.url
    return dataclasses.replace(run, intent=dataclasses.replace(intent, language=run.language))


def _with_subject(run: Run) -> Run:
    """A wish that names nothing to look for, with the answer to that question in its place; each answer is
    tried in turn."""
    while run.intent.kind is Kind.FIND and not (run.subject() or run.intent.asked):
        text = run.answers.value("subject")
        if text is None:
            break
        run = dataclasses.replace(run, intent=dataclasses.replace(understand(text), language=run.language))
        if "subject" in run.answers:
            break
    return run


async def _answer(run: Run) -> Completed:
    run = _with_subject(run)
    found: Completed | None = None
    if run.intent.kind is not Kind.FIND:
        found = await _ANSWERERS[run.intent.kind](run)
    if found is None and run.intent.kind is Kind.FIND:
        found = await answer_find(run)
    if found is None and run.intent.kind in _WITH_QUESTION and run.subject():
        found = await answer_find(run, _question_of(run), strictly=True)
    if found is None:
        raise run.nothing()
    return found


def _question_of(run: Run) -> tuple[str, ...]:
    """All that is asked: without data of the kind, its own words (opens, costs) must stand in the passage."""
    own = run.subject()
    if run.intent.kind in (Kind.HOURS, Kind.PRICE, Kind.CONTACT):
        return tuple(dict.fromkeys((*own, *run.intent.asked)))
    return own


def _described(intent: Intent) -> str:
    about = intent.phrase or " ".join(intent.terms)
    return f"{intent.kind.value} “{about}”" if about else intent.kind.value
