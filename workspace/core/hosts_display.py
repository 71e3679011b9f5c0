"""The form of a host for people."""

import unicodedata

import ada_url

_EXTRA_LATIN = frozenset("șț")
_UNSAFE_LATIN = frozenset("ıĸſŀŉ")
_TOGETHER = (
    frozenset({"HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "CJK", "IDEOGRAPHIC"}),
    frozenset({"HANGUL", "CJK"}),
    frozenset({"BOPOMOFO", "CJK"}),
)
# Whole words can be written with letters of these that look Latin; only a last label of the same script shows
# that they are meant.
_LATIN_LOOKALIKES = frozenset({"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU"})


def display_host(host: str) -> str:
    """Returns the Unicode form of a punycode host when it is safe to show, else the host as it is.

    Safe: every label is of one script (Japanese, Korean and Chinese mix theirs), has letters, ASCII digits
    and hyphens only, and cannot pass for a Latin word. Takes hosts as `hosts.parse_host` gives them.
    """
    if "xn--" not in host:
        return host
    shown = [ada_url.idna_to_unicode(label) for label in host.split(".")]
    last = _scripts(shown[-1])
    return ".".join(shown) if all(_is_safe(label, last) for label in shown) else host


def _is_safe(label: str, last: frozenset[str]) -> bool:
    if label.isascii():
        return not label.startswith("xn--")
    scripts = _scripts(label)
    if scripts & _LATIN_LOOKALIKES:
        return scripts == last
    return "" not in scripts and (len(scripts) == 1 or any(scripts <= mix for mix in _TOGETHER))


def _scripts(label: str) -> frozenset[str]:
    """The first words of the letters' names, which are their scripts; '' for what is not safe to show."""
    return frozenset(_script(character) for character in label if character not in "0123456789-_")


def _script(character: str) -> str:
    if unicodedata.category(character)[0] not in "LM":
        return ""
    script = unicodedata.name(character, "").partition(" ")[0]
    return script if script != "LATIN" or _is_plain_latin(character) else ""


def _is_plain_latin(character: str) -> bool:
    if character in _UNSAFE_LATIN:
        return False
    return character < "\u0180" or character in _EXTRA_LATIN or "\u1e00" <= character <= "\u1eff"
