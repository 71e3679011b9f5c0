"""Names and ids of sites."""

import re
import unicodedata

SITE_NAME_MAX = 120
KEY_LABEL_MAX = 100
SITE_SLUG_MAX = 60
SITE_ID_RANDOM = 6
SITE_ID_MAX = SITE_SLUG_MAX + 1 + SITE_ID_RANDOM

_FALLBACK = "site"
_RANDOM = re.compile(rf"[A-Za-z0-9]{{{SITE_ID_RANDOM}}}")
_SITE_ID = re.compile(rf"[a-z0-9]+(?:-[a-z0-9]+)*-[A-Za-z0-9]{{{SITE_ID_RANDOM}}}")
# Latin letters that no Unicode decomposition takes apart.
_LETTERS = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i"})


def site_id(name: str, random: str) -> str:
    """`<slug>-<random>`: "Café München" and "a1B2c3" give "cafe-munchen-a1B2c3".

    The slug is lower-case ASCII of at most 60 characters; a name without any Latin letter or digit gives
    "site". `random` are 6 ASCII letters and digits of the caller's choosing; anything else raises ValueError.
    """
    if not _RANDOM.fullmatch(random):
        raise ValueError("A site id ends in 6 ASCII letters or digits.")
    return f"{_slug(name)}-{random}"


def is_site_id(text: str) -> bool:
    """Whether `text` has the shape that `site_id` gives."""
    return len(text) <= SITE_ID_MAX and _SITE_ID.fullmatch(text) is not None


def _slug(name: str) -> str:
    # Only the beginning can show; cut first, so that a huge name costs nothing. Lower-case once more at the
    # end: some compatibility characters decompose into capitals.
    decomposed = unicodedata.normalize("NFKD", name[: SITE_SLUG_MAX * 8].casefold().translate(_LETTERS))
    letters = "".join(char for char in decomposed if not unicodedata.combining(char)).lower()
    slug = re.sub(r"[^a-z0-9]+", "-", letters).strip("-")
    return slug[:SITE_SLUG_MAX].strip("-") or _FALLBACK
