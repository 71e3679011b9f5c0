"""What a prompt asks for: its kind, its subject and the values it gives, by tables of words.

English and German. A prompt that fits no table is a question, answered by the passage that fits best.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from tasks.executing.rules.vocabulary import OWN_WORDS, POSTS, Kind
from tasks.executing.rules.weekdays import days_asked
from tasks.executing.rules.words import fold, language_of, subject_of, tokens


class Facet(StrEnum):
    """What of a contact is wanted."""

    EMAIL = "email"
    PHONE = "phone"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A prompt understood.

    `terms`: stems of the subject. `asked`: stems of all that is asked, the kind's own words included.
    `phrase`:
    the subject as written (a link's name, words to search for). `count`: how many are wanted. `pairs`: values
    for a form, name and value as written. `latest`: the newest of its kind is meant; `plural`:
    several of them. `extreme`: 'min' or 'max'
    of the prices. `then`: a wish to carry out on the page that is reached.
    """

    kind: Kind
    language: str
    terms: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    phrase: str = ""
    count: int | None = None
    facets: frozenset[Facet] = frozenset()
    days: frozenset[int] = frozenset()
    pairs: tuple[tuple[str, str], ...] = ()
    latest: bool = False
    plural: bool = False
    extreme: str = ""
    wants_number: bool = False
    wants_time: bool = False
    is_topic: bool = False
    then: str = ""


_POLITE = re.compile(
    r"^(?:(?:hi|hello|hey|hallo|guten (?:tag|morgen|abend)|dear \w+|please|bitte|kindly|could|can|would|"
    r"will|you|"
    r"kannst|koennen|koenntest|koennten|wuerden|wuerdest|du|sie|mir|mal|i|ich|would like|d like|want|moechte|"
    r"wuerde|gerne?|to know|wissen|tell me|let me know|sag(?:e|en)?|help me|hilf|me|us|uns|to|just|for me|"
    r"fuer mich)"
    r"\b[\s,:!.]*)+"
)
_IMPERATIVE_FORM = re.compile(r"^(?:subscribe|sign (?:me |us )?up|register|book|reserve|order|abonnier|"
    r"melde|buche|"
                              r"reservier|bestelle?)\w*\b")  # fmt: skip
_FORM = re.compile(
    r"\b(?:fill|submit|complete|send)\b.*\bform\b|\bformular\b|\bausfuell|\bfuell\w*\b.*\baus\b|\bform\b.*\bwith\b"
)
_SEARCH = re.compile(
    r"^(?:search|do a search|run a search)\b(?:.*\b(?:for|site|website)\b|\s*:)|"
    r"\buse the (?:site )?search\b|^search \S+"
    r"|\b(?:durchsuch\w*|such\w*)\b.*\bnach\b|\bsuchfunktion\b|^durchsuche\b|^look up\b"
)
_FOLLOW = re.compile(
    r"^(?:follow|click|go to|navigate to|take me to|visit|open(?= (?:the|up|page|link|\W))|oeffne\b|"
    r"oeffnen\b|klick\w*|"
    r"folge\w*|geh\w* (?:zu|auf|zur|zum|in)|ruf\w*\b.*\bauf$|navigiere|bring mich (?:zu|zur|zum))"
)
_LATEST = re.compile(
    r"\b(?:latest|newest|most recent|what(?:s| is)? new|neueste\w*|juengste\w*|aktuellste\w*|"
    r"was gibt es neues|neuigkeiten|"
    r"aktuelle\w* (?:nachricht|meldung|beitr|artikel)\w*|any news|recent news|the news)\b"
    r"|\b(?:last|recent|letzte\w*)\b.*\b(?:articles?|posts?|news|entry|entries|story|stories|updates?|beitr\w+|"
    r"artikel\w*|eintr\w+|meldung\w*|nachricht\w*)\b|^news$"
)
_HOURS = re.compile(
    r"\boeffnungszeit|\bopening (?:hours|times?)\b|\b(?:business|visiting|office|shop|store) hours\b|"
    r"^hours\b|"
    r"\b(?:your|the|what) hours\b|\bclosing time\b|\bsprechzeit|"
    r"\b(?:when|what time|until when)\b.*\b(?:opens?|close[sd]?|shuts?|opened)\b|"
    r"\b(?:wann|bis wann|ab wann|wie lange)\b.*\b(?:auf|offen|geoeffnet|oeffnet|schliesst|zu)\b|"
    r"^(?:is|are|ist|sind|seid|hat|haben|habt)\b.*\b(?:open|closed|geoeffnet|offen|geschlossen|auf|zu)\b|"
    r"^(?:open|closed|geoeffnet)\b.*\b(?:day|tag|weekend|wochenende)s?\b"
)
_CONTACT = re.compile(
    r"\bcontact\b|\bphone\b|\btelephone\b|\be-?mail\b|\baddress\b|\bget in touch\b|\breach (?:you|them|"
    r"the)\b|"
    r"\bwhere are you\b|\bcall (?:you|them)\b|\bkontakt|\btelefon|\brufnummer\b|\banschrift\b|\badresse\b|"
    r"\berreich|\bimpressum\b|\bmailadresse\b|\bwo (?:seid ihr|sind sie|finde ich euch)\b|\bpostal address\b"
)
_PRICE = re.compile(
    r"\bpric(?:e|es|ing)\b|\bcosts?\b|\bhow (?:much|expensive) (?:is|are|does|do|for|would|will|was)\b|"
    r"\bfees?\b|"
    r"\w*preise?\b|\bkostet\b|\bkosten\b|\bwie teuer\b|\bgebuehr|\bcheapest\b|\bmost expensive\b|"
    r"\bguenstigste|"
    r"\bbilligste|\bteuerste|^how much\b"
)
_NO_PRICE = re.compile(r"\bhow much\b.*\b(?:weigh|time|water|long)\b|\bcost(?:s)? (?:in|of) (?:time|lives)\b")
_LIST = re.compile(
    r"^(?:list|name all|enumerate|liste?\b|zaehle?|nenne? alle|nenn mir alle|zeige?n? .*alle|show .*\ball\b|"
    r"give .*\blist of\b|all (?:the )?\w+|alle \w+)|\bauflisten\b|\bliste\b.*\bauf\b|"
    r"^(?:what|which|welche[rns]?)\b.*\b(?:are there|do you (?:have|sell|offer)|gibt es|habt ihr|"
    r"haben sie|bietet|"
    r"verkauft|are (?:on offer|available)|exist)\b|^what .*\b(?:do you sell|can i buy)\b"
)
_SUMMARISE = re.compile(
    r"\bsummar(?:y|ise|ize|ising|izing)|\btl;?dr\b|\boverview\b|\bzusammenfass|\bfass\w*\b.*\bzusammen\b|"
    r"\bworum geht\b|"
    r"\bwhat (?:is|s) (?:this|the|your)(?: \w+)? (?:site|page|website)(?: all)? about\b|\bueberblick\b|"
    r"\bwhat is (?:this|it) about\b"
)
_READ = re.compile(
    r"^(?:read|lies|lese|show me the (?:text|content)|give me the (?:text|full)|zeig\w* .*\btext\b)"
)
_THEN = re.compile(
    r"^(?P<first>.+?),? (?:and then|then|and|und dann|dann|und) (?P<rest>(?:tell|list|read|show|find|give|"
    r"summari[sz]e|"
    r"what|how|when|who|search|submit|fill|sag\w*|lies|zeig\w*|nenn\w*|fass\w*|liste?|such\w*|was|wie|wann|wer)\b.*)$",
    re.I | re.S,
)
_QUOTED = re.compile(r"[\"“„»«‚‘']([^\"“”„»«‘’']{1,200})[\"”“»«‘’'](?!\w)")
_PLURAL_POSTS = re.compile(
    r"\b(?:articles|posts|news|entries|stories|updates|beitraege|blogbeitraege|neuigkeiten|nachrichten|meldungen|"
    r"eintraege|aktuelles|neues)\b"
)
_NUMBERS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "zwei": 2, "drei": 3, "vier": 4, "fuenf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10,
}  # fmt: skip
_PAIR = re.compile(
    r"(?:^|[\s,;(])([A-Za-zÄÖÜäöüß][\wÄÖÜäöüß -]{0,40}?)\s*(?:=|:)\s*(\"[^\"]*\"|'[^']*'|[^,;\n]+?)"
    r"(?=\s*(?:[,;\n)]|$|\s(?:and|und)\s+[\wÄÖÜäöüß-]+\s*[=:]))"
)
_EXTREME_MIN = re.compile(
    r"\b(?:cheapest|least expensive|lowest price|guenstigste|billigste|preiswerteste)\w*\b"
)
_EXTREME_MAX = re.compile(r"\b(?:most expensive|dearest|highest price|teuerste)\w*\b")
_NUMBER_ASKED = re.compile(r"\bhow (?:many|much|long|tall|high|far|old|big|large|heavy|often)\b|"
    r"\bwie (?:viele?|lange|hoch|"
                           r"weit|alt|gross|schwer|oft)\b|\bwieviele?\b")  # fmt: skip
_TOPIC = re.compile(
    r"^(?:about|more about|info(?:rmation)? (?:on|about)|something about|ueber|etwas ueber|mehr ueber|"
    r"was weisst|informationen zu|find (?:the|your)?.*\b(?:page|article)|finde? .*\b(?:seite|artikel)\b)"
)
_TIME_ASKED = re.compile(
    r"\b(?:when|what (?:time|day|year)|wann|seit wann|bis wann|which year|in welchem jahr)\b"
)
_MAX_PROMPT = 8_000


def understand(prompt: str) -> Intent:
    """What `prompt` asks for. Never fails: in doubt it is a question (FIND)."""
    prompt = " ".join(prompt[:_MAX_PROMPT].split())
    language = language_of(prompt)
    plain = _POLITE.sub("", fold(prompt)).strip(" .!?")
    kind = _kind_of(plain)
    intent = Intent(
        kind=kind,
        language=language,
        asked=subject_of(plain),
        days=days_asked(prompt),
        count=_count(plain),
        latest=kind is not Kind.LATEST and _LATEST.search(plain) is not None,
        plural=_PLURAL_POSTS.search(plain) is not None,
        is_topic=_TOPIC.search(plain) is not None,
        wants_time=_TIME_ASKED.search(plain) is not None,
        wants_number=_NUMBER_ASKED.search(plain) is not None,
    )
    own = OWN_WORDS[kind] | (OWN_WORDS[Kind.LATEST] if intent.latest else frozenset())
    terms = subject_of(_without_numbers(plain, intent.count), own)
    if kind in (Kind.READ, Kind.SUMMARISE):
        # "the article about X" is about X.
        terms = tuple(term for term in terms if term not in POSTS) or terms
    intent = replace(intent, terms=terms)
    return _with_details(intent, prompt, plain)


def _kind_of(plain: str) -> Kind:
    tests: list[tuple[Kind, bool]] = [
        (Kind.FORM, bool(_FORM.search(plain) or _IMPERATIVE_FORM.search(plain))),
        (Kind.SEARCH, bool(_SEARCH.search(plain))),
        (Kind.FOLLOW, bool(_FOLLOW.search(plain))),
        (Kind.SUMMARISE, bool(_SUMMARISE.search(plain))),
        (Kind.READ, bool(_READ.search(plain))),
        (Kind.LATEST, bool(_LATEST.search(plain))),
        (Kind.LIST, _is_list(plain)),
        (Kind.HOURS, bool(_HOURS.search(plain))),
        (Kind.CONTACT, bool(_CONTACT.search(plain))),
        (Kind.PRICE, bool(_PRICE.search(plain)) and not _NO_PRICE.search(plain)),
    ]
    return next((kind for kind, holds in tests if holds), Kind.FIND)


def _is_list(plain: str) -> bool:
    """A list of prices, hours or addresses is a wish of that kind."""
    if _LIST.search(plain) is None:
        return False
    left = subject_of(plain, OWN_WORDS[Kind.LIST] | OWN_WORDS[Kind.PRICE] | OWN_WORDS[Kind.HOURS])
    return bool(left) or not (_PRICE.search(plain) or _HOURS.search(plain))


def _with_details(intent: Intent, prompt: str, plain: str) -> Intent:
    match intent.kind:
        case Kind.CONTACT:
            return replace(intent, facets=_facets(plain))
        case Kind.PRICE:
            extreme = "min" if _EXTREME_MIN.search(plain) else "max" if _EXTREME_MAX.search(plain) else ""
            return replace(intent, extreme=extreme)
        case Kind.FOLLOW:
            return _with_link(intent, prompt)
        case Kind.SEARCH:
            return replace(intent, phrase=_search_words(prompt))
        case Kind.FORM:
            pairs = tuple((name.strip(), value.strip("\"' ")) for name, value in _pairs(prompt))
            said = subject_of(" ".join(word for pair in pairs for word in pair))
            return replace(
                intent, pairs=pairs, terms=tuple(term for term in intent.terms if term not in said)
            )
        case _:
            return intent


def _with_link(intent: Intent, prompt: str) -> Intent:
    split = _THEN.match(prompt)
    first, rest = (split["first"], split["rest"]) if split else (prompt, "")
    quoted = _QUOTED.search(first)
    phrase = quoted[1] if quoted else first
    plain = fold(phrase) if quoted else _POLITE.sub("", fold(phrase)).strip(" .!?")
    own = frozenset() if quoted else OWN_WORDS[Kind.FOLLOW]
    return replace(intent, phrase=quoted[1] if quoted else "", terms=subject_of(plain, own), then=rest)


_JOINT = re.compile(r"^\s*(?:and|und)\s+", re.I)


def _pairs(prompt: str) -> list[tuple[str, str]]:
    """`name=value` and `name: value`; what introduces them ('with', 'mit') is no part of the name."""
    behind = re.split(r"\b(?:with|using|mit|values?|werten)\b", prompt, maxsplit=1, flags=re.I)[-1]
    return [(_JOINT.sub("", found[1]), found[2]) for found in _PAIR.finditer(behind)]


_WHERE = re.compile(
    r"\b(?:on|in|auf) (?:the|this|your|der|dieser|eurer) (?:site|website|page|shop|seite|webseite)\b", re.I
)
_AROUND = re.compile(r"^\s*(?:the|a|an|dem|der|den|das|die)\s+|[\s.!?]+$|\bplease\b|\bbitte\b", re.I)
_SEARCH_VERB = re.compile(r"^.*?\b(?:search|suche?|durchsuche)\b", re.I)


def _search_words(prompt: str) -> str:
    quoted = _QUOTED.search(prompt)
    if quoted:
        return quoted[1].strip()
    split = re.split(r"\b(?:for|nach|look up|to find)\b|:", prompt, maxsplit=1, flags=re.I)
    words = split[-1] if len(split) > 1 else _SEARCH_VERB.sub("", prompt)
    return _AROUND.sub("", _WHERE.sub("", words)).strip()


def _facets(plain: str) -> frozenset[Facet]:
    found = set()
    if re.search(r"\be-?mail|\bmailadresse|\bwrite to\b", plain):
        found.add(Facet.EMAIL)
    if re.search(r"phone|\bcall\b|telefon|rufnummer|\banruf|\bring\b", plain):
        found.add(Facet.PHONE)
    without_mail = re.sub(r"\b(?:e-?)?mail[ -]?add?ress(?:e|es|en)?\b", "", plain)
    if re.search(
        r"\baddress\b|\banschrift\b|\badresse\b|where are you|\bwo (?:seid|sind|finde)|located", without_mail
    ):
        found.add(Facet.ADDRESS)
    return frozenset(found)


def _count(plain: str) -> int | None:
    for word in tokens(plain):
        if word in _NUMBERS:
            return _NUMBERS[word]
        if word.isdecimal() and 0 < int(word) <= 50:
            return int(word)
    return None


def _without_numbers(plain: str, count: int | None) -> str:
    if count is None:
        return plain
    return " ".join(word for word in tokens(plain) if word != str(count) and _NUMBERS.get(word) != count)
