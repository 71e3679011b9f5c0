"""Words as the rules compare them: folded, stemmed, and without those that carry no meaning."""

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:[.,]\d+)*")
_POSSESSIVE = re.compile(r"['’`]s\b")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_PART_CHARS = 5  # a shorter part of a compound is chance

_STOP_ENGLISH = """
go goes going come comes
a about after all also am an and any anyone anything are as at be been before being but by can could did
do does doing for from get give had has have having here hello hey hi how i if in into is it its just
kindly let like me mine my need of on only or our out over please pls shall she should show so some tell
thank thanks that the their them then there these they this those to too under until up us very want wants
was we were what whats where which who whom whose why will with would you your yours page pages site
website web there's one find know information info details currently much many really exactly ones
something anyone someone somewhere may might when every per within without bring come coming take make
allowed possible don doesn isn let lets use used see
"""
_STOP_GERMAN = """
seid bist gebt gehoert gehoeren hattet waere waeren
aber alle allem allen aller alles als am an auch auf aus bei beim bin bis bitte da danke dann das dass
dein deine dem den denn der des dessen dich die dies diese diesem diesen dieser dieses dir doch dort du
durch ein eine einem einen einer eines er es etwas euch euer eure eurem euren eurer euch fuer gerne gern
gib gibt hab habe haben habt hallo hast hat hatte hier ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in
ins ist ja jetzt kann kannst koennen koennt koennte koennten koenntest lass lassen mal man mehr mein meine
meinem mich mir mit moechte moechten muss nach noch nur nun ob oder ohne sag sage sagen sehr sein seine
sich sie sind so soll sollen ueber uebers um und uns unser unsere unter viel viele vom von vor wann war
waren was weiss welche welchem welchen welcher welches wer wie wieviel will wir wird wo wofuer wuerde
wuerden zu zum zur seite seiten webseite website guten tag finde finden nenne nennen nennt zeig zeige
zeigen wissen information informationen eigentlich genau lautet woher wohin weshalb warum wieso wodurch
womit worin worauf lauten heisst heissen kommen kommt komme mitbringen bringen nehmen machen macht darf
duerfen erlaubt moeglich gehe geht bekomme bekommen stehen steht erzaehle erzaehl etwas ueber
"""
STOP = frozenset((_STOP_ENGLISH + _STOP_GERMAN).split())
_IN_BOTH = frozenset(("in", "an", "am", "so", "will", "war"))
GERMAN = frozenset(_STOP_GERMAN.split()) - frozenset(_STOP_ENGLISH.split()) - _IN_BOTH
ENGLISH = frozenset(_STOP_ENGLISH.split()) - frozenset(_STOP_GERMAN.split()) - {"page", "site", "info"}

# Words that ask for the same thing. Each word stands for every other word of its line.
_SAME = """
tall high height hoch hoehe
dog dogs hund hunde pets haustiere
kids children child kinder kind
parking park car auto parken parkplatz
wheelchair accessible accessibility rollstuhl barrierefrei barrierefreiheit
delivery shipping postage versand lieferung versandkosten
return refund returns rueckgabe widerruf umtausch
jobs careers vacancies karriere stellen stellenangebote
products goods shop produkte waren sortiment artikel store
articles article posts post blog news stories beitraege neuigkeiten aktuelles
directions travel anfahrt anreise getting
tickets ticket admission eintritt eintrittskarte entry
courses course classes kurse kurs workshops workshop
events event veranstaltungen veranstaltung termine
staff team employees mitarbeiter mitarbeitende
menu dishes speisekarte gerichte karte
opened founded gegruendet founding
cheap cheapest guenstig guenstigste
password passwort
imprint impressum legal
privacy datenschutz
"""


def fold(text: str) -> str:
    """Lower case, umlauts spelled out, accents gone, `'s` dropped."""
    lowered = _POSSESSIVE.sub("", text.casefold()).translate(_UMLAUTS)
    # casefold turns ß into ss; the rest of the marks are taken off.
    return "".join(sign for sign in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(sign))


def tokens(text: str) -> list[str]:
    """The folded words of `text`, in order."""
    return _WORD.findall(fold(unicodedata.normalize("NFC", text)))


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """A folded word without the common endings of English and German; crude, but the same on both sides."""
    if word[-1:].isdigit():
        return word
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    for ending, left in (("ing", 4), ("ed", 4)):
        if word.endswith(ending) and len(word) - len(ending) >= left:
            word = word[: -len(ending)]
            break
    for _ in range(2):
        if word.endswith("s") and not word.endswith("ss") and len(word) >= 4:
            word = word[:-1]
        for ending in ("en", "er", "em", "e"):
            if word.endswith(ending) and len(word) - len(ending) >= 3:
                word = word[: -len(ending)]
                break
    return word


def stems(text: str) -> list[str]:
    """The stems of all words of `text`."""
    return [stem(word) for word in tokens(text)]


def subject_of(text: str, without: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The distinct stems of `text` that carry meaning; `without` are folded words to leave out."""
    kept = [word for word in tokens(text) if word not in STOP and word not in without and len(word) > 1]
    return tuple(dict.fromkeys(stem(word) for word in kept))


@lru_cache(maxsize=200_000)
def likeness(wanted: str, found: str) -> float:
    """How far the stem `found` means `wanted`: 1 the same, 0.9 a word of its line, 0.7 a compound."""
    if wanted == found:
        return 1.0
    if found in SAME.get(wanted, ()):
        return 0.9
    short, long = sorted((wanted, found), key=len)
    if len(short) >= _PART_CHARS and (long.startswith(short) or long.endswith(short)):
        return 0.7
    return 0.0


def _lines() -> dict[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    for line in _SAME.strip().splitlines():
        line_stems = {stem(word) for word in line.split()}
        for one in line_stems:
            table.setdefault(one, set()).update(line_stems)
    return {one: frozenset(others) for one, others in table.items()}


SAME = _lines()


def language_of(text: str) -> str:
    """'de' when `text` has more German than English function words (or an umlaut), else 'en'."""
    words = tokens(text)
    german = sum(word in GERMAN for word in words) + 2 * any(sign in text.casefold() for sign in "äöüß")
    return "de" if german > sum(word in ENGLISH for word in words) else "en"
