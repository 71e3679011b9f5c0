"""What on a page is meant by some words: the things that can be pressed, by what they are called."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final
from urllib.parse import unquote, urlsplit

from tasks.core.runtime.gates import folded
from tasks.executing.in_page.forms import is_usable
from tasks.executing.in_page.page import SeenNode, SeenPage
from tasks.executing.in_page.rules.needles import Needles
from tasks.executing.in_page.rules.view import text_of
from tasks.executing.rules.gathering import lead_fit, path_fit
from tasks.executing.rules.ranking import coverage, covers, excess
from tasks.executing.rules.words import fold, likeness, stems

PRESSED: Final = frozenset(
    {"link", "button", "tab", "menuitem", "menuitemcheckbox", "menuitemradio", "option", "treeitem", "switch"}
)
TICKED: Final = frozenset({"checkbox", "radio", "switch"})
_CARDS: Final = frozenset({"listitem", "article", "row", "region", "group", "cell", "tabpanel", "dialog"})
_FRAME: Final = ("navigation", "banner", "contentinfo", "complementary")
_NO_PAGE: Final = re.compile(
    r"\.(?:pdf|png|jpe?g|gif|svg|webp|zip|mp[34]|csv|ics|xlsx|docx|xml|json|rss|atom)$", re.I
)
_MENU: Final = re.compile(r"\b(?:menu|menue|navigation|more|mehr)\b|^[≡☰]$")
_CLOSE: Final = re.compile(
    r"^(?:close|dismiss|no,? thanks?|not now|maybe later|skip|schliessen|nein,? danke|spaeter|[x×✕✖])\b"
    r"|^[×✕✖]$"
)
_REJECT: Final = re.compile(
    r"\b(?:reject|decline|refuse|deny|necessary only|only (?:the )?(?:necessary|essential)|essential only"
    r"|ablehnen|"
    r"nur (?:notwendige|essenzielle|erforderliche)|(?:notwendige|erforderliche) cookies)\b"
)
_OPPOSITES: Final = ("un", "de", "dis", "ab")
_WORTH: Final = 0.3
_CONTEXT_CHARS: Final = 400
_LOOK_BACK: Final = 30
_CARD_NODES: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An element that may be meant. `score`: 0..4, comparable within a page. `context`: what it stands in,
    where its own words do not tell it apart."""

    node: SeenNode
    score: float
    words: str
    context: str = ""

    @property
    def label(self) -> str:
        """What people call it."""
        return f"{self.words} — {self.context}" if self.context else self.words


def find_targets(
    page: SeenPage,
    phrase: str,
    terms: Sequence[str],
    *,
    roles: Collection[str] = PRESSED,
    quoted: bool = False,
) -> list[Target]:
    """What can be pressed and is called that, the best first; all of the words must be there."""
    wanted = fold(phrase).strip(" .!:*")
    needles = Needles(terms, more=re.escape(wanted))
    found: list[Target] = []
    for node in page.nodes:
        if (
            node.id is None
            or not is_usable(node)
            or not (node.role in roles or (node.hint and roles is PRESSED))
        ):
            continue
        words = words_of(node)
        if not words or not needles.may_be_in(words):
            continue
        score = _score(words, wanted, terms, quoted=quoted)
        if score > 0:
            frame = 0.05 if node.is_in(*_FRAME) else 0.0
            found.append(Target(node=node, score=score - frame, words=words[:100]))
    return sorted(found, key=lambda target: -target.score)


def best_of(targets: Sequence[Target]) -> list[Target]:
    """Those that fit equally well; links to one address are one."""
    if not targets:
        return []
    top = [target for target in targets if target.score >= targets[0].score - 0.1]
    by_place: dict[object, Target] = {}
    for target in top:
        by_place.setdefault(target.node.url or target.node.id, target)
    return list(by_place.values())


def in_context(page: SeenPage, targets: Iterable[Target]) -> list[Target]:
    """The same with what each stands in, to tell them apart."""
    return [
        Target(node=each.node, score=each.score, words=each.words, context=context_of(page, each.node))
        for each in targets
    ]


def context_of(page: SeenPage, node: SeenNode) -> str:
    """What the card, row or part that an element stands in is called, or the heading before it."""
    card = _card(node)
    if card is None:
        before = _before(page, node)
        return before[0].words[:80] if before else ""
    heading = next((each for each in card.inside() if each.role == "heading"), None)
    said = heading.words if heading else card.name or text_of(card, 80)
    return said[:80].strip()


def card_text(page: SeenPage, node: SeenNode) -> str:
    """All that the card around an element says; of one that stands bare, what stands before it since the
    last heading."""
    card = _card(node)
    if card is not None:
        return f"{card.name} {text_of(card, _CONTEXT_CHARS)}"
    return " ".join(each.words for each in _before(page, node))[:_CONTEXT_CHARS]


def _card(node: SeenNode) -> SeenNode | None:
    """The widest part around an element in which nothing else is called the same."""
    card = None
    for around in node.around():
        if around.role in _CARDS:
            inside = list(islice(around.inside(), _CARD_NODES + 1))
            same = [each for each in inside if each.role == node.role and each.name == node.name]
            if len(same) != 1 or len(inside) > _CARD_NODES:
                return card
            card = around
    return card


def _before(page: SeenPage, node: SeenNode) -> list[SeenNode]:
    """From the heading before an element to the element, as far as nothing is called like it in between."""
    for at in range(node.at - 1, max(-1, node.at - _LOOK_BACK), -1):
        each = page.nodes[at]
        if each.role == node.role and each.name == node.name:
            return []
        if each.role == "heading":
            return list(page.nodes[at : node.at])
    return []


def words_of(node: SeenNode) -> str:
    """What an element says."""
    return node.words or (text_of(node, 200) if node.children else "") or node.prop("placeholder")


def find_lead(
    page: SeenPage, terms: Sequence[str], leads: Sequence[str], visited: Collection[str]
) -> SeenNode | None:
    """The link of the same site that most likely leads to what `terms` (stems) say, not seen before."""
    host = urlsplit(page.url).netloc
    needles = Needles((*terms, *leads))
    best, best_worth = None, _WORTH
    for node in page.nodes:
        if node.role != "link" or node.id is None or not _is_page(node.url, host):
            continue
        url = node.url.partition("#")[0]
        if url in visited or url.rstrip("/") in visited or f"{url}/" in visited:
            continue
        words = words_of(node)
        if not needles.may_be_in(words) and not needles.may_be_in(unquote(url.partition(host)[2])):
            continue
        worth = max(
            coverage(terms, words),
            lead_fit(leads, words),
            0.9 * path_fit(terms, url),
            0.9 * _path_lead(leads, url),
        )
        worth += 0.0 if node.is_in(*_FRAME) else 0.02
        if worth > best_worth:
            best, best_worth = node, worth
    return best


def menu_button(page: SeenPage, tried: Collection[str]) -> SeenNode | None:
    """A closed menu that may hold what is not to be seen."""
    for node in page.nodes:
        is_closed = node.role == "button" and node.id is not None and node.props.get("expanded") == "false"
        is_menu = is_closed and (_MENU.search(folded(node.words)) or node.is_in("navigation", "banner"))
        if is_menu and node.shown not in tried:
            return node
    return None


def way_out(page: SeenPage) -> SeenNode | None:
    """What closes the dialog that covers the page: the least that can be agreed to."""
    buttons = [node for node in page.nodes if node.role in ("button", "link") and node.id is not None]
    for pattern in (_REJECT, _CLOSE):
        for node in buttons:
            if pattern.search(folded(node.words)):
                return node
    return None


def _score(words: str, wanted: str, terms: Sequence[str], *, quoted: bool) -> float:
    plain = fold(words).strip(" .!:*")
    if wanted and plain == wanted:
        return 4.0
    if quoted:
        return 3.0 if wanted and wanted in plain else 0.0
    if wanted and len(wanted) > 1 and _has_words(plain, wanted):
        return 3.0 - min(0.9, 0.05 * len(plain) / max(1, len(wanted)))
    if not terms or not covers(terms, words) or _is_opposite(terms, words):
        return 0.0
    sure = sum(max((likeness(term, word) for word in stems(words)), default=0.0) for term in terms) / len(
        terms
    )
    return max(0.1, 1.0 + sure - min(0.9, 0.1 * excess(terms, words)))


def _is_opposite(terms: Sequence[str], words: str) -> bool:
    """`Subscribe` is a part of `unsubscribe` and not what is meant by it."""
    said = set(stems(words))
    for term in terms:
        for prefix in _OPPOSITES:
            if term not in said and (f"{prefix}{term}" in said or term.removeprefix(prefix) in said):
                return True
    return False


def _has_words(text: str, wanted: str) -> bool:
    at = text.find(wanted)
    if at < 0:
        return False
    before, behind = text[at - 1 : at] if at else "", text[at + len(wanted) : at + len(wanted) + 1]
    return not (before.isalnum() or behind.isalnum())


def _is_page(url: str, host: str) -> bool:
    if not url.startswith(("http://", "https://")):
        return False
    parts = urlsplit(url)
    return parts.netloc == host and _NO_PAGE.search(parts.path) is None


def _path_lead(leads: Sequence[str], url: str) -> float:
    return lead_fit(leads, urlsplit(url).path.rstrip("/").rpartition("/")[2].replace("-", " "))
