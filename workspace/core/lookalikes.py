"""Host names that a person would take for one of the site's own.

Three ways are known here: a spelling one slip away from an allowed name, letters of several scripts in one
label, and an allowed name put in front of a foreign one. A host of the same registrable domain as an allowed
host is never a look-alike of it: whoever holds the domain made both.
"""

import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

import ada_url

from workspace.core.hosts import is_ip, registrable_domain

MAX_ALLOWED_HOSTS = 100
"""Allowed hosts beyond this many are not compared; a key lists 50 at most."""

MIN_TYPO_LETTERS = 5
"""Shorter names lie one slip from many honest ones (bbc and abc)."""

MIN_PREFIX_LETTERS = 4

# Letters that look like a Latin one in common typefaces; both sides of a comparison are folded with it.
_FOLD = str.maketrans(
    "аеорсухіјѕԁһӏԛԝкмтгпиοανρτικυεγωıɡɑօսհ01",
    "aeopcyxijsdhlqwkmtrnuoavptikueywigaouhol",
)
_FOLD_PAIRS = (("rn", "m"), ("vv", "w"))

# Scripts that one language writes together (as in the "highly restrictive" level of UTS 39, section 5.2).
_TOGETHER = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
)


@dataclass(frozen=True, slots=True)
class _Name:
    """A registrable domain and its parts `label` (example), `suffix` (com); `folded`: the label's look."""

    domain: str
    label: str
    suffix: str
    folded: str


def lookalike(host: str, allowed_hosts: Collection[str], userinfo: str = "") -> str | None:
    """Returns a plain sentence that says what `host` imitates, None if nothing.

    `host` and `allowed_hosts` as `hosts.parse_host` returns them. `userinfo`: what stood before an "@" in
    front of the host. Mixed scripts are found even when no host is allowed. Never raises.
    """
    if is_ip(host):
        return None
    mixed = next(filter(None, map(_mixed_scripts, host.split("."))), None)
    if mixed is not None:
        return mixed
    target = _name(host)
    for allowed in _names(allowed_hosts):
        if target is None or target.domain == allowed.domain:
            continue
        said = _imitation(host, target, allowed)
        if said is None and allowed.domain in userinfo.lower():
            said = f"The text before the @ shows {allowed.domain}, but the host is {host}."
        if said is not None:
            return said
    return None


def _imitation(host: str, target: _Name, allowed: _Name) -> str | None:
    if _is_misspelt(target, allowed):
        return f"{target.domain} is nearly spelt like {allowed.domain}."
    if _is_prefix(target, allowed):
        return f"{target.domain} begins like {allowed.domain} but is another domain."
    if _is_in_front(host, target, allowed):
        return f"{host} shows the allowed name {allowed.domain} but belongs to {target.domain}."
    return None


def _is_misspelt(target: _Name, allowed: _Name) -> bool:
    if target.suffix != allowed.suffix:
        # Only the endings mistaken for .com count; example.de and example.dk are two countries.
        swapped = allowed.suffix == "com" and within_one_edit(target.suffix, "com")
        return swapped and target.label == allowed.label and len(allowed.label) >= MIN_TYPO_LETTERS
    if target.folded == allowed.folded:
        return True
    return len(allowed.label) >= MIN_TYPO_LETTERS and within_one_edit(target.label, allowed.label)


def _is_prefix(target: _Name, allowed: _Name) -> bool:
    return len(allowed.label) >= MIN_PREFIX_LETTERS and target.label.startswith(f"{allowed.label}-")


def _is_in_front(host: str, target: _Name, allowed: _Name) -> bool:
    in_front = host.removesuffix(target.domain)
    return f".{allowed.domain}." in f".{in_front}" or f".{allowed.domain}-" in f".{host}"


def within_one_edit(one: str, other: str) -> bool:
    """Whether one insertion, deletion, replacement or swap of two neighbours at most parts the texts."""
    if len(one) > len(other):
        one, other = other, one
    if len(other) - len(one) > 1:
        return False
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    if len(one) < len(other):
        return one[at:] == other[at + 1 :]
    swapped = one[at : at + 2] == other[at : at + 2][::-1] and one[at + 2 :] == other[at + 2 :]
    return swapped or one[at + 1 :] == other[at + 1 :]


def _names(allowed_hosts: Collection[str]) -> Iterator[_Name]:
    for host in islice(allowed_hosts, MAX_ALLOWED_HOSTS):
        name = None if is_ip(host) else _name(host)
        if name is not None:
            yield name


@lru_cache(maxsize=1024)
def _name(host: str) -> _Name | None:
    domain = registrable_domain(host)
    label, dot, suffix = domain.partition(".")
    if not dot or not label:
        return None
    return _Name(domain, label, suffix, _folded(label))


def _folded(label: str) -> str:
    """What the label looks like, in Latin letters without accents."""
    spread = unicodedata.normalize("NFKD", _shown(label))
    plain = "".join(char for char in spread if not unicodedata.combining(char)).translate(_FOLD)
    for pair, single in _FOLD_PAIRS:
        plain = plain.replace(pair, single)
    return plain


def _mixed_scripts(label: str) -> str | None:
    if not label.startswith("xn--"):
        return None
    text = _shown(label)
    scripts = {_script(char) for char in text if unicodedata.category(char) in {"Ll", "Lu", "Lo"}}
    if len(scripts) < 2 or any(scripts <= family for family in _TOGETHER):
        return None
    listed = " and ".join(sorted(script.capitalize() for script in scripts))
    return f"The name {text} ({label}) mixes {listed} letters."


def _shown(label: str) -> str:
    """The label as an address bar might show it; one that is no punycode stays as it is."""
    try:
        return str(ada_url.idna_to_unicode(label))
    except ValueError:
        return label


def _script(char: str) -> str:
    """The first word of the character's Unicode name, which for letters is the script."""
    return unicodedata.name(char, "unknown").split(" ", 1)[0]
