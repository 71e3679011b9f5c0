"""A wish as goals in their order: what to press, look for, fill in, find out. English and German."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from tasks.executing.in_page.rules import patterns
from tasks.executing.in_page.rules.values import number_in
from tasks.executing.rules.understanding import understand
from tasks.executing.rules.vocabulary import OWN_WORDS, Kind
from tasks.executing.rules.words import fold, language_of, subject_of, tokens

GOALS_MAX: Final = 6
UNSENT: Final = "unsent"
GOING: Final = "going"
COUNT_MAX: Final = 9
_WISH_MAX: Final = 4_000


class Act(StrEnum):
    """What a goal is about."""

    CLICK = "click"
    SEARCH = "search"
    FORM = "form"
    SET = "set"
    ADD = "add"
    BACK = "back"
    RELOAD = "reload"
    SCROLL = "scroll"
    LOGIN = "login"
    QUESTION = "question"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """`text`: its clause. `phrase`: the thing as written; `is_quoted`: in quotes, so letter by letter.
    `terms`: its stems. SET: `phrase` goes into the field `field`.

    `value`: of SET 'on' or 'off' for a box to tick, of SCROLL the direction, of FORM UNSENT when it is to be
    filled and left, of CLICK GOING when it leads somewhere, of ADD how many times.
    """

    act: Act
    text: str
    phrase: str = ""
    is_quoted: bool = False
    terms: tuple[str, ...] = ()
    field: str = ""
    value: str = ""


def goals_of(words: str) -> tuple[Goal, ...]:
    """What a wish asks for, in its order; questions last, as their answer ends the task. Never empty."""
    text = " ".join(words[:_WISH_MAX].split())
    goals: list[Goal] = []
    for clause in _clauses(text):
        if goals and goals[-1].act in (Act.FORM, Act.SET, Act.ADD) and patterns.SEND_IT.match(clause):
            if goals[-1].act is Act.SET:
                goals[-1] = replace(goals[-1], act=Act.FORM, text=f"{goals[-1].text} {clause}")
            continue
        goal = _goal(clause)
        goals.append(_with_it(goal, goals))
    acts = [goal for goal in goals if goal.act is not Act.QUESTION]
    asks = [goal for goal in goals if goal.act is Act.QUESTION and not _is_told_later(goal, goals)]
    if acts:
        return (*acts[: GOALS_MAX - 1], *asks[-1:])
    if not asks:
        return (Goal(act=Act.QUESTION, text=""),)
    told = ". ".join(goal.text for goal in asks)
    return (replace(asks[-1], text=told),)


def language(words: str) -> str:
    """The language to answer in."""
    if patterns.GERMAN.search(words[:_WISH_MAX]):
        return "de"
    return language_of(words[:_WISH_MAX])


def _clauses(text: str) -> list[str]:
    """Quoted text is not cut, nor what follows `message:`."""
    hidden = patterns.QUOTED.sub(lambda found: "\x00" * len(found[0]), text)
    free = patterns.FREE_TEXT.search(hidden)
    end = free.start() if free else len(text)
    parts, at = [], 0
    for found in patterns.NEXT.finditer(hidden[:end]):
        parts.append(text[at : found.start()])
        at = found.end()
    parts.append(text[at:])
    plain = (patterns.POLITE.sub("", part.strip(" ,;")).strip() for part in parts)
    return [wanted for part in plain if (wanted := patterns.POLITE.sub("", _wanted(part)).strip())]


def _wanted(clause: str) -> str:
    """What is left of a clause without what is not to be done."""
    if patterns.NOT_DOING.search(clause):
        return ""
    return patterns.NOT.sub("", clause).strip()


def _goal(clause: str) -> Goal:
    if patterns.BACK.match(clause):
        return Goal(act=Act.BACK, text=clause)
    if patterns.RELOAD.search(clause):
        return Goal(act=Act.RELOAD, text=clause)
    if patterns.SCROLL.match(clause):
        up = re.search(r"\b(?:up|top|hoch|oben)\b", clause, re.I)
        return Goal(act=Act.SCROLL, text=clause, value="up" if up else "down")
    if patterns.LOGIN.search(clause):
        return Goal(act=Act.LOGIN, text=clause)
    for found, read in (
        (patterns.ADD.match(clause), _added),
        (patterns.TICK.match(clause), _ticked),
        (patterns.TYPE.match(clause), _typed),
    ):
        if found:
            return read(clause, found)
    return _rest(clause)


def _rest(clause: str) -> Goal:
    if understand(clause).kind is Kind.SEARCH or re.match(r"^(?:look for|such\w*\b(?! aus))", clause, re.I):
        return _searched(clause)
    if patterns.FORM.search(clause) and not clause.endswith("?"):
        value = UNSENT if patterns.UNSENT.search(clause) else ""
        return Goal(act=Act.FORM, text=clause, terms=_form_terms(clause), value=value)
    if found := patterns.BUY.match(clause):
        return _added(clause, found)
    if found := patterns.CHOOSE.match(clause):
        what, quoted = _thing(found["what"])
        field = (found["field"] or "").strip()
        return Goal(act=Act.SET, text=clause, phrase=what, is_quoted=quoted, terms=_terms(what), field=field)
    if patterns.CLICK.match(clause) and not clause.endswith("?"):
        return _clicked(clause)
    return Goal(act=Act.QUESTION, text=clause, terms=understand(clause).terms)


def _clicked(clause: str) -> Goal:
    quoted = patterns.QUOTED.search(clause)
    phrase = next(filter(None, quoted.groups())) if quoted else patterns.CLICK_VERB.sub("", clause)
    if not quoted and patterns.KEEPS_VERB.match(clause):
        phrase = clause
    phrase = re.sub(
        r"\s+(?:link|button|page|tab|menu item|knopf|seite|an|auf)\W*$", "", phrase.strip(" .!"), flags=re.I
    )
    phrase = patterns.ARTICLE.sub("", phrase).strip() or clause
    value = GOING if patterns.GOING.match(clause) else ""
    return Goal(
        act=Act.CLICK, text=clause, phrase=phrase, is_quoted=bool(quoted), terms=_terms(phrase), value=value
    )


def _added(clause: str, found: re.Match[str]) -> Goal:
    what, quoted = _thing(found["what"] or found["german"])
    count = re.match(r"(\d|[a-zäöü]+)\s*x?\s+(?=\S)", what, re.I)
    number = number_in(count[1]) if count and not quoted else None
    if count and number is not None and 1 <= number <= COUNT_MAX:
        what = what[count.end() :]
    value = str(number) if number else ""
    return Goal(act=Act.ADD, text=clause, phrase=what, is_quoted=quoted, terms=_terms(what), value=value)


def _ticked(clause: str, found: re.Match[str]) -> Goal:
    what, quoted = _thing(found["what"] or found["german"] or found["bei"])
    value = "off" if found["off"] else "on"
    return Goal(act=Act.SET, text=clause, phrase=what, is_quoted=quoted, terms=_terms(what), value=value)


def _typed(clause: str, found: re.Match[str]) -> Goal:
    what, quoted = _thing(found["what"] or found["right"])
    field = (found["field"] or found["left"]).strip()
    return Goal(act=Act.SET, text=clause, phrase=what, is_quoted=quoted, terms=_terms(what), field=field)


def _searched(clause: str) -> Goal:
    phrase = understand(clause).phrase
    if understand(clause).kind is not Kind.SEARCH:
        phrase = re.sub(r"^(?:look for|such\w*(?: nach)?)\s+", "", clause, flags=re.I)
    phrase = patterns.ARTICLE.sub("", phrase).strip(" .!?")
    return Goal(act=Act.SEARCH, text=clause, phrase=phrase, terms=subject_of(phrase))


def _thing(text: str) -> tuple[str, bool]:
    quoted = patterns.QUOTED.search(text)
    if quoted:
        return next(filter(None, quoted.groups())), True
    plain = re.sub(r"\s*\b(?:check ?box|box|option|please|bitte)\b\s*", " ", text, flags=re.I).strip(" .!?")
    return patterns.ARTICLE.sub("", plain).strip() or text.strip(), False


def _terms(phrase: str) -> tuple[str, ...]:
    return subject_of(phrase, patterns.NOISE) or subject_of(phrase) or tuple(tokens(phrase)[:8])


def _form_terms(clause: str) -> tuple[str, ...]:
    """What the form is about: the words before its values."""
    head = re.split(r"\b(?:with|using|mit|for|für|fuer|as|als)\b|[:=]", clause, maxsplit=1, flags=re.I)[0]
    own = OWN_WORDS[Kind.FORM] | patterns.NOISE | {"me", "us", "up", "mich", "uns"}
    return subject_of(head, frozenset(own))


def _with_it(goal: Goal, before: list[Goal]) -> Goal:
    """`Find the mug and add it`: it is the mug."""
    words = set(tokens(goal.phrase))
    if goal.act in (Act.ADD, Act.CLICK) and words and words <= patterns.IT:
        last = before[-1] if before else goal
        if last.act in (Act.QUESTION, Act.SEARCH, Act.CLICK) and last is not goal and last.terms:
            return replace(goal, phrase=last.phrase, terms=last.terms)
        if goal.act is Act.ADD:
            return replace(goal, phrase="", terms=())
    return goal


def _is_told_later(goal: Goal, goals: list[Goal]) -> bool:
    """Whether a later goal took over what this one is to find."""
    later = goals[goals.index(goal) + 1 :]
    return any(other.act in (Act.ADD, Act.CLICK) and other.terms == goal.terms for other in later)


def is_question(text: str) -> bool:
    """Whether the words ask for something to be told."""
    return patterns.QUESTION.search(text) is not None


def same_words(one: str, other: str) -> bool:
    """Whether two texts are the same to a reader."""
    return fold(one).strip(" .!:*") == fold(other).strip(" .!:*")
