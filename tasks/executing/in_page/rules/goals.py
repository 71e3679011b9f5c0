"""A wish as goals, one after another: what to press, to look for, to fill in, to find out. English, German."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from tasks.executing.rules.understanding import understand
from tasks.executing.rules.vocabulary import OWN_WORDS, Kind
from tasks.executing.rules.words import fold, language_of, subject_of, tokens

GOALS_MAX: Final = 6
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
    `terms`: its stems. SET: `phrase` goes into the field `field`; `value` 'on' or 'off' for a box to tick.
    SCROLL: `value` is the direction."""

    act: Act
    text: str
    phrase: str = ""
    is_quoted: bool = False
    terms: tuple[str, ...] = ()
    field: str = ""
    value: str = ""


_VERBS: Final = (
    r"click|press|tap|open|go|follow|visit|navigate|search|look|select|choose|pick|tick|check|untick"
    r"|uncheck|add|put"
    r"|buy|purchase|order|book|reserve|fill|enter|type|write|submit|send|subscribe|sign|register|tell"
    r"|show|read|list"
    r"|name|give|find|what|how|when|who|where|which|scroll|summari[sz]e|set|log|close|accept|dismiss|download"
    r"|klick\w*|dr(?:ü|ue)ck\w*|(?:ö|oe)ffne\w*|geh\w*|folge\w*|such\w*|w(?:ä|ae)hl\w*|hake?|kreuze?\w*"
    r"|lege?|pack\w*"
    r"|kauf\w*|bestell\w*|buche?n?|reservier\w*|f(?:ü|ue)ll\w*|gib|trag\w*|schreib\w*|schick\w*|send\w*"
    r"|abonnier\w*"
    r"|melde\w*|sage?|zeige?|lies|nenne?|finde?n?|was|wie|wann|wer|wo|welche\w*|schlie(?:ß|ss)\w*"
    r"|akzeptier\w*|lade"
)
_NEXT: Final = re.compile(
    rf"\s*[,;.]?\s+(?:and then|then|and|und dann|und anschlie(?:ß|ss)end|danach|anschlie(?:ß|ss)end|dann"
    rf"|und)\s+"
    rf"(?=(?:please |bitte )?(?:{_VERBS})\b)|\s*;\s+(?=(?:{_VERBS})\b)|(?<=[.!])\s+(?=(?:then "
    rf"|dann )?(?:{_VERBS})\b)",
    re.I,
)
_QUOTED: Final = re.compile(r"[\"“„»«]([^\"“”„»«]{1,500})[\"”“»«]|(?<!\w)['‚‘]([^'‘’]{1,500})['’‘](?!\w)")
_FREE_TEXT: Final = re.compile(
    r"\b(?:message|comment|note|text|nachricht|kommentar|anmerkung)\b\s*(?:[:=]|is\b|ist\b)", re.I
)
_POLITE: Final = re.compile(
    r"^(?:(?:hi|hello|hey|hallo|please|bitte|kindly|then|dann|can you|could you|would you|will you|can i"
    r"|could i"
    r"|i(?:'d| would) like (?:you )?to|i want (?:you )?to|i need (?:you )?to|i wish to|help me(?: to)?|let'?s"
    r"|kannst du|k(?:ö|oe)nntest du|k(?:ö|oe)nnen sie|w(?:ü|ue)rdest du|ich m(?:ö|oe)chte|ich will"
    r"|ich w(?:ü|ue)rde gerne?"
    r"|hilf mir(?: dabei)?|mal)\b[\s,:!.]*)+",
    re.I,
)
_SEND_IT: Final = re.compile(
    r"^(?:(?:then )?(?:submit|send)(?: (?:it|the form|this|them|off))*|(?:schick|send)\w*(?: (?:es"
    r"|das formular|sie|ihn))? ab"
    r"|absenden|abschicken|press enter|(?:sende|schicke?) (?:es|das formular|sie))\s*[.!]?$",
    re.I,
)
_BACK: Final = re.compile(
    r"^(?:go |navigate |geh\w* )?(?:back|zur(?:ü|ue)ck)(?: (?:one page|to the (?:last|previous) page))?\W*$",
    re.I,
)
_RELOAD: Final = re.compile(r"^(?:reload|refresh)\b|\bneu laden\b|^lade? .*\bneu\b|^aktualisiere\b", re.I)
_SCROLL: Final = re.compile(r"^scroll", re.I)
_LOGIN: Final = re.compile(
    r"^(?:log|sign) ?(?:me )?in\b|^logge?\b.*\bein\b|\beinloggen\b|^melde? mich an\W*$|^log into\b", re.I
)
_ADD: Final = re.compile(
    r"^(?:add|put|place|drop|throw|lege?n?|packe?n?|tue?|stecke?)\s+(?P<what>.+?)\s+(?:to|in|into|on|auf)\s+"
    r"(?:(?:the|my|a|our|your|den|meinen|die|meine|das)\s+)?(?:shopping )?"
    r"(?:cart|basket|bag|trolley|wish ?list|warenkorb|einkaufswagen|merkliste|wunschliste)\W*$|"
    r"^(?P<german>.+?)\s+(?:in|auf)\s+(?:den|meinen|die|meine)\s+(?:warenkorb|einkaufswagen|merkliste"
    r"|wunschliste)"
    r"(?:\s+(?:legen|packen|tun|setzen))?\W*$",
    re.I,
)
_BUY: Final = re.compile(
    r"^(?:buy|purchase|order|get me|kaufe?|bestelle?)\s+(?:me\s+|mir\s+)?(?P<what>.+)$"
    r"|^(?P<german>.+?)\s+(?:kaufen|bestellen)\W*$",
    re.I | re.S,
)
_TICK: Final = re.compile(
    r"^(?P<off>un)?(?:tick|check)\s+(?:off\s+)?(?P<what>.*\b(?:box|checkbox)\b.*|(?!.*\b(?:if|whether"
    r"|when|hours|price)\b).+)$|"
    r"^(?:hake|kreuze?)\s+(?P<german>.+?)\s+an\W*$|^(?:setze?)\s+(?:ein(?:en)? )?(?:haken"
    r"|häkchen)\s+(?:bei|an)\s+(?P<bei>.+)$",
    re.I,
)
_CHOOSE: Final = re.compile(
    r"^(?:select|choose|pick|w(?:ä|ae)hle?n?(?: sie)?)\s+(?P<what>.+?)"
    r"(?:\s+(?:as|for|from|in|under|als|bei|f(?:ü|ue)r|aus|unter)\s+(?:(?:the|my|a|an|die|der|das|den"
    r"|dem)\s+)?(?P<field>[^,.]+?))?"
    r"(?:\s+aus)?\W*$",
    re.I,
)
_TYPE: Final = re.compile(
    r"^(?:type|enter|write|put|trage?|gib|schreibe?|tippe?)\s+(?P<what>.+?)\s+(?:in|into|as|for|to|unter"
    r"|als|bei|ins)\s+"
    r"(?:(?:the|my|a|das|den|die|dem|der)\s+)?(?P<field>[^,.]{1,60}?)(?:\s+(?:field|box|input|feld"
    r"|ein))*\W*$|"
    r"^(?:set|change|setze?|[äa]ndere)\s+(?:(?:the|my|das|den|die)\s+)?(?P<left>[^,.]{1,60}?)\s+(?:to|auf"
    r"|zu)\s+(?P<right>.+?)\W*$",
    re.I,
)
_FORM: Final = re.compile(
    r"\b(?:fill|submit|complete|send)\b.*\bform\b|\bformular\b|^fill\b|\bausf(?:ü|ue)ll|^f(?:ü"
    r"|ue)ll\w*\b.*\baus\b"
    r"|^(?:subscribe|sign (?:me |us )?up|register|book|reserve|make an? (?:\w+ )?(?:booking|reservation"
    r"|appointment)"
    r"|request|apply|contact them|write (?:them|to them)|send (?:them|you|a message|an? (?:enquiry"
    r"|inquiry|email))|abonnier"
    r"|buche|reservier|registrier|melde? (?:mich|uns)\b|bewirb|schick\w* (?:ihnen|eine)|frage? .*\ban\b)\w*"
    r"|\b(?:reservieren|buchen|abonnieren|registrieren|anmelden|bewerben|anfragen|vereinbaren)(?:\W*$"
    r"|\s+(?:mit|für|fuer|am|auf|unter)\b)",
    re.I,
)
_CLICK: Final = re.compile(
    r"^(?:click|press|tap|hit|push|follow|visit|dr(?:ü|ue)cke?n?|klicke?n?|folge?|tippe? auf|close"
    r"|dismiss|accept|decline|reject"
    r"|expand|collapse|play|pause|download|log ?out|sign ?out|akzeptiere?n?|schlie(?:ß|ss)e?n?"
    r"|lade?\b.*\bherunter"
    r"|open (?!on\b|at\b|until\b|today\b|now\b|from\b|tomorrow\b)|(?:ö|oe)ffne?n?\b|go to|navigate to"
    r"|take me to|bring me to"
    r"|show me the .* page|geh\w* (?:zu|auf|zur|zum|in|ins)\b|rufe? .* auf\W*$|navigiere|bring mich (?:zu"
    r"|zur|zum))",
    re.I,
)
_CLICK_VERB: Final = re.compile(
    r"^(?:(?:click|press|tap|hit|push|follow|visit|open|dr(?:ü|ue)cke?n?|klicke?n?|folge?|tippe?|(?:ö"
    r"|oe)ffne?n?|go to|navigate to"
    r"|take me to|bring me to|show me|geh\w*|rufe?|navigiere|bring mich)\b\s*)(?:(?:on|at|up|auf|zu|zur"
    r"|zum|in|ins|den|die|das|dem|the"
    r"|a|an|link|button|knopf|schaltfläche|named|called|labelled|namens)\b\s*)*",
    re.I,
)
_KEEPS_VERB: Final = re.compile(
    r"^(?:close|dismiss|accept|decline|reject|expand|collapse|play|pause|download|log|sign|akzept|schlie"
    r"|lade)",
    re.I,
)
_NOISE: Final = frozenset(
    [
        "link",
        "button",
        "page",
        "tab",
        "menu",
        "section",
        "item",
        "icon",
        "website",
        "site",
        "knopf",
        "schaltflaeche",
        "seite",
        "reiter",
        "menue",
        "bereich",
        "the",
        "a",
        "an",
        "field",
        "box",
        "checkbox",
        "option",
        "feld",
        "kaestchen",
        "haekchen",
    ]
)
_IT: Final = frozenset(
    ["it", "them", "that", "one", "ihn", "sie", "es", "dieses", "diese", "diesen", "das", "this"]
)
_ARTICLE: Final = re.compile(r"^(?:the|a|an|my|der|die|das|den|dem|ein|eine|einen|meine?n?)\s+", re.I)
_QUESTION: Final = re.compile(
    r"\?\s*$|^(?:what|how|when|who|where|which|why|is|are|do|does|can|tell|show|find|list|read|was|wie"
    r"|wann|wer|wo|welche|gibt|ist|"
    r"sind|hat|sag|nenn|zeig|summari)", re.I
)  # fmt: skip


def goals_of(words: str) -> tuple[Goal, ...]:
    """What a wish asks for, in its order; questions last, as their answer ends the task. Never empty."""
    text = " ".join(words[:_WISH_MAX].split())
    goals: list[Goal] = []
    for clause in _clauses(text):
        if goals and goals[-1].act in (Act.FORM, Act.SET, Act.ADD) and _SEND_IT.match(clause):
            if goals[-1].act is Act.SET:
                goals[-1] = replace(goals[-1], act=Act.FORM, text=f"{goals[-1].text} {clause}")
            continue
        goal = _goal(clause)
        goals.append(_with_it(goal, goals))
    acts = [goal for goal in goals if goal.act is not Act.QUESTION]
    asks = [goal for goal in goals if goal.act is Act.QUESTION and not _is_told_later(goal, goals)]
    found = [*acts[: GOALS_MAX - 1], *asks[-1:]] if acts else asks[-1:] and [replace(asks[-1], text=text)]
    return tuple(found) or (Goal(act=Act.QUESTION, text=text),)


def language(words: str) -> str:
    """The language to answer in."""
    return language_of(words[:_WISH_MAX])


def _clauses(text: str) -> list[str]:
    """Quoted text is not cut, nor what follows `message:`."""
    hidden = _QUOTED.sub(lambda found: "\x00" * len(found[0]), text)
    free = _FREE_TEXT.search(hidden)
    end = free.start() if free else len(text)
    parts, at = [], 0
    for found in _NEXT.finditer(hidden[:end]):
        parts.append(text[at : found.start()])
        at = found.end()
    parts.append(text[at:])
    return [plain for part in parts if (plain := _POLITE.sub("", part.strip(" ,;")).strip())]


def _goal(clause: str) -> Goal:
    if _BACK.match(clause):
        return Goal(act=Act.BACK, text=clause)
    if _RELOAD.search(clause):
        return Goal(act=Act.RELOAD, text=clause)
    if _SCROLL.match(clause):
        up = re.search(r"\b(?:up|top|hoch|oben)\b", clause, re.I)
        return Goal(act=Act.SCROLL, text=clause, value="up" if up else "down")
    if _LOGIN.search(clause):
        return Goal(act=Act.LOGIN, text=clause)
    for found, read in (
        (_ADD.match(clause), _added),
        (_TICK.match(clause), _ticked),
        (_TYPE.match(clause), _typed),
    ):
        if found:
            return read(clause, found)
    return _rest(clause)


def _rest(clause: str) -> Goal:
    if understand(clause).kind is Kind.SEARCH or re.match(r"^(?:look for|such\w*\b(?! aus))", clause, re.I):
        return _searched(clause)
    if _FORM.search(clause) and not clause.endswith("?"):
        return Goal(act=Act.FORM, text=clause, terms=_form_terms(clause))
    if found := _BUY.match(clause):
        return _added(clause, found)
    if found := _CHOOSE.match(clause):
        what, quoted = _thing(found["what"])
        field = (found["field"] or "").strip()
        return Goal(act=Act.SET, text=clause, phrase=what, is_quoted=quoted, terms=_terms(what), field=field)
    if _CLICK.match(clause) and not clause.endswith("?"):
        return _clicked(clause)
    return Goal(act=Act.QUESTION, text=clause, terms=understand(clause).terms)


def _clicked(clause: str) -> Goal:
    quoted = _QUOTED.search(clause)
    phrase = next(filter(None, quoted.groups())) if quoted else _CLICK_VERB.sub("", clause)
    if not quoted and _KEEPS_VERB.match(clause):
        phrase = clause
    phrase = re.sub(
        r"\s+(?:link|button|page|tab|menu item|knopf|seite|an|auf)\W*$", "", phrase.strip(" .!"), flags=re.I
    )
    phrase = _ARTICLE.sub("", phrase).strip() or clause
    return Goal(act=Act.CLICK, text=clause, phrase=phrase, is_quoted=bool(quoted), terms=_terms(phrase))


def _added(clause: str, found: re.Match[str]) -> Goal:
    what, quoted = _thing(found["what"] or found["german"])
    return Goal(act=Act.ADD, text=clause, phrase=what, is_quoted=quoted, terms=_terms(what))


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
    phrase = _ARTICLE.sub("", phrase).strip(" .!?")
    return Goal(act=Act.SEARCH, text=clause, phrase=phrase, terms=subject_of(phrase))


def _thing(text: str) -> tuple[str, bool]:
    quoted = _QUOTED.search(text)
    if quoted:
        return next(filter(None, quoted.groups())), True
    plain = re.sub(r"\s*\b(?:check ?box|box|option|please|bitte)\b\s*", " ", text, flags=re.I).strip(" .!?")
    return _ARTICLE.sub("", plain).strip() or text.strip(), False


def _terms(phrase: str) -> tuple[str, ...]:
    return subject_of(phrase, _NOISE) or subject_of(phrase) or tuple(tokens(phrase)[:8])


def _form_terms(clause: str) -> tuple[str, ...]:
    """What the form is about: the words before its values."""
    head = re.split(r"\b(?:with|using|mit|for|für|fuer|as|als)\b|[:=]", clause, maxsplit=1, flags=re.I)[0]
    own = OWN_WORDS[Kind.FORM] | _NOISE | {"me", "us", "up", "mich", "uns"}
    return subject_of(head, frozenset(own))


def _with_it(goal: Goal, before: list[Goal]) -> Goal:
    """ "Find the mug and add it": it is the mug."""
    words = set(tokens(goal.phrase))
    if goal.act in (Act.ADD, Act.CLICK) and words and words <= _IT and before:
        last = before[-1]
        if last.act in (Act.QUESTION, Act.SEARCH, Act.CLICK) and last.terms:
            return replace(goal, phrase=last.phrase, terms=last.terms)
    return goal


def _is_told_later(goal: Goal, goals: list[Goal]) -> bool:
    """Whether a later goal took over what this one is to find."""
    later = goals[goals.index(goal) + 1 :]
    return any(other.act in (Act.ADD, Act.CLICK) and other.terms == goal.terms for other in later)


def is_question(text: str) -> bool:
    """Whether the words ask for something to be told."""
    return _QUESTION.search(text) is not None


def same_words(one: str, other: str) -> bool:
    """Whether two texts are the same to a reader."""
    return fold(one).strip(" .!:*") == fold(other).strip(" .!:*")
