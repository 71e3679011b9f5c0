"""The answers of agents to the site's questions, question by question; and questions that agents propose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from roverbook.admin.reviews import MOODS, TEXT
from roverbook.admin.shared_people import ANY, By, SaidForm, by, query, said_page
from roverbook.models import InterviewAnswer, Question
from roverbook.models.shared import Provenance
from roverbook.selectors.collections.rows import INTERVIEWS
from roverbook.selectors.settings import asked_questions
from roverbook.services.words.moderating import question_dismiss, question_take
from tasks.admin.texts import block, line
from tasks.admin.words import StatusWords
from workspace.admin.frame import actor_of, render_page, say, site_page
from workspace.models import Site

QUESTION = 300
QUESTIONS_PAGE = "admin:roverbook_webhooks"
"""Where the questions are changed: they share a settings call with the webhooks."""
ANSWER_MOODS = {value: words for value, words in MOODS.items() if value in InterviewAnswer.Sentiment.values}
QUESTIONS_SHOWN = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAnswer:
    """An answer as pages show it."""

    by: By
    question: str
    question_id: str
    answer: str
    mood: StatusWords
    is_highlight: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownQuestion:
    """A question, and how often it was answered by agents themselves. `query`: the answers to it alone."""

    text: str
    answers: int
    negative: int
    is_asked: bool
    is_chosen: bool
    query: str


class InterviewsForm(SaidForm):
    """The filters. `question`: the id of one."""

    questionId = forms.CharField(required=False, max_length=120, widget=forms.HiddenInput)  # noqa: N815 - the collection's name
    sentiment = forms.ChoiceField(
        label="Sounds",
        required=False,
        choices=[ANY, *((each.value, words.word) for each, words in ANSWER_MOODS.items())],
    )


@site_page()
@require_safe
def interviews(request: HttpRequest, site: Site) -> HttpResponse:
    """The questions with their counts, and the answers, newest first."""
    now = timezone.now()
    form = InterviewsForm(request.GET)
    page = said_page(request, site, INTERVIEWS, form)
    proposed = Question.objects.filter(site=site, provenance=Provenance.AGENT_AUTHORED, active=False)
    return render_page(
        request,
        "workspace/roverbook/people/interviews.html",
        title="Interviews",
        section="roverbook-interviews",
        site=site,
        status=page.status,
        page=page,
        rows=[_shown(row, now=now) for row in page.rows],
        questions=_questions(site, form.given()),
        proposed=[(row.question_id, line(row.text, QUESTION)) for row in proposed],
        questions_page=QUESTIONS_PAGE,
        has_derived=page.hides_derived,
    )


@site_page()
@require_POST
def interview_question(request: HttpRequest, site: Site) -> HttpResponse:
    """Take a question that an agent proposed among those that are asked, or do without it."""
    name = request.POST.get("question", "")
    match request.POST.get("do"):
        case "take":
            question_take(actor=actor_of(request), site=site, question_id=name, now=timezone.now())
            say(request, "Agents are asked this from now on.")
        case "dismiss":
            question_dismiss(actor=actor_of(request), site=site, question_id=name, now=timezone.now())
            say(request, "The question is gone.")
        case _:
            raise Http404("There is nothing else to do with a question.")
    return redirect("admin:roverbook_interviews", site.public_id)


def _shown(answer: InterviewAnswer, *, now: datetime) -> ShownAnswer:
    return ShownAnswer(
        by=by(answer, now=now),
        question=line(answer.question, QUESTION),
        question_id=answer.question_id,
        answer=block(answer.answer, TEXT),
        mood=MOODS[answer.sentiment],  # type: ignore[index]  # both enumerations have the same values
        is_highlight=answer.is_highlight,
    )


def _questions(site: Site, given: Mapping[str, str]) -> list[ShownQuestion]:
    """Those that are asked, in order, and then those that were answered once."""
    asked = {each["questionId"]: each["text"] for each in asked_questions(site)}
    counts = _counts(site)
    before = [name for name in counts if name not in asked]
    names = Question.objects.filter(site=site, question_id__in=before).values_list("question_id", "text")
    texts = asked | dict(names)
    return [
        ShownQuestion(
            text=line(texts.get(name, name), QUESTION),
            answers=counts.get(name, (0, 0))[0],
            negative=counts.get(name, (0, 0))[1],
            is_asked=name in asked,
            is_chosen=given.get("questionId") == name,
            query=query(**{**given, "questionId": "" if given.get("questionId") == name else name}),
        )
        for name in [*asked, *before][:QUESTIONS_SHOWN]
    ]


def _counts(site: Site) -> dict[str, Sequence[int]]:
    """(answers, negative ones) of agents themselves, by question."""
    rows = InterviewAnswer.objects.filter(site=site).exclude(provenance=Provenance.DERIVED)
    negative = Q(sentiment=InterviewAnswer.Sentiment.NEGATIVE)
    counted = rows.values("question_id").annotate(n=Count("pk"), n_negative=Count("pk", filter=negative))
    return {row["question_id"]: (row["n"], row["n_negative"]) for row in counted.order_by("-n")}
