"""The name a server or a URL gives to a body, made harmless."""

import re
from typing import Final
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from tasks.fetching.extraction.charset import encoding_name
from tasks.fetching.extraction.sanitizing import one_line

_EXTENDED: Final = re.compile(r";\s*filename\*\s*=\s*([\w-]+)'[\w-]*'([^;\s]+)", re.I)
_PLAIN: Final = re.compile(r";\s*filename\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^;\s]+))", re.I)
_MAX_CHARS: Final = 255


def attachment_name(disposition: str | None) -> str | None:
    """The last path segment of `filename*`, else of `filename` (RFC 6266 4.3); None if absent."""
    if disposition is None:
        return None
    extended = _EXTENDED.search(disposition)
    if extended is not None and encoding_name(extended.group(1)) is not None:
        # RFC 8187 knows UTF-8 only in practice; a wrong byte must not lose the rest of the name.
        return _harmless(unquote_to_bytes(extended.group(2)).decode("utf-8", "replace"))
    plain = _PLAIN.search(disposition)
    if plain is None:
        return None
    return _harmless(
        re.sub(r"\\(.)", r"\1", plain.group(1)) if plain.group(1) is not None else plain.group(2)
    )


def url_name(url: str) -> str | None:
    """The last segment of the URL's path when it has an extension, else None."""
    try:
        name = unquote(urlsplit(url).path.rpartition("/")[2])
    except ValueError:
        return None
    return _harmless(name) if "." in name.strip(".") else None


def _harmless(name: str) -> str | None:
    return one_line(re.split(r"[/\\]", name)[-1], _MAX_CHARS).strip(". ") or None
