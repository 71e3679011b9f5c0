"""Bytes to text by the WHATWG order: BOM, header, declaration in the first bytes, detection, UTF-8.

Labels follow the WHATWG Encoding Standard, so `latin1` means windows-1252 and a page that calls itself
UTF-16 in its own ASCII is UTF-8.
"""

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import webencodings
from charset_normalizer import from_bytes

PRESCAN_BYTES: Final = 1_024
SAMPLE_BYTES: Final = 8_192

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16le"),
    (codecs.BOM_UTF16_BE, "utf-16be"),
)
# The decoders of the standard are wider than Python's codecs of the same name.
_CODECS: Final = {
    "shift_jis": "cp932",
    "euc-kr": "cp949",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "iso-2022-jp": "iso2022_jp_ext",
}
# Python's names of the legacy encodings that detection may answer with.
_PYTHON_NAMES: Final = {
    **{f"cp{number}": f"windows-{number}" for number in (874, *range(1250, 1259))},
    **{f"iso8859_{part}": f"iso-8859-{part}" for part in (2, 5, 7)},
    "koi8_r": "koi8-r",
    "koi8_u": "koi8-u",
    "cp932": "shift_jis",
    "euc_jp": "euc-jp",
    "gb18030": "gb18030",
    "big5": "big5",
    "cp949": "euc-kr",
}
_COMMENT: Final = re.compile(rb"<!--.*?(?:-->|\Z)", re.S)
_META: Final = re.compile(rb"<meta[\s/]([^>]*)", re.I)
_META_CHARSET: Final = re.compile(rb"charset\s*=\s*[\"']?\s*([^\s\"'/>;]+)", re.I)
_XML_DECLARATION: Final = re.compile(rb"\A\s*<\?xml[^>]*?encoding\s*=\s*[\"']([^\"'>]+)[\"']", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """Text, the WHATWG name of its encoding, what told us, and how many sequences had to be replaced."""

    text: str
    charset: str
    told_by: str
    replacements: int


def decode(body: bytes, header_charset: str | None) -> Decoded:
    """The text of `body`; never fails, undecodable sequences become U+FFFD and are counted.

    Order: WHATWG HTML 13.2.3.2 (BOM, transport, prescan) and Encoding 6 (BOM wins).
    """
    for bom, name in _BOMS:
        if body.startswith(bom):
            return _decode_as(body[len(bom) :], name, "bom")
    for label, told_by in ((header_charset, "header"), (declared_charset(body[:PRESCAN_BYTES]), "meta")):
        named = encoding_name(label)
        if named is not None:
            return _decode_as(body, named, told_by)
    return _detect(body)


def encoding_name(label: str | None) -> str | None:
    """The WHATWG name for `label`, or None when the standard's table has no such label."""
    if not label or not label.isascii():
        return None
    found = webencodings.lookup(label.strip().strip("\"'"))
    return found.name if found is not None else None


def declared_charset(head: bytes) -> str | None:
    """The charset a page names in itself: `<meta charset>`, `http-equiv`, or an XML declaration.

    Source: WHATWG HTML 13.2.3.2 "prescan a byte stream"; UTF-16 there means UTF-8, x-user-defined means
    windows-1252.
    """
    declaration = _XML_DECLARATION.match(head)
    labels = (_label(meta) for meta in _META.findall(_COMMENT.sub(b"", head)))
    for label in _chain(labels, declaration):
        found = encoding_name(label)
        if found is not None:
            return _as_declared_in_ascii(found)
    return None


def _label(attributes: bytes) -> str | None:
    found = _META_CHARSET.search(attributes)
    if found is None:
        return None
    before = attributes[: found.start()].lower()
    # `content="...charset=x"` counts only beside http-equiv: a description may speak of charsets.
    if b"content" in before and b"http-equiv" not in attributes.lower():
        return None
    return found.group(1).decode("ascii", "replace")


def _chain(labels: Iterable[str | None], declaration: re.Match[bytes] | None) -> Iterable[str | None]:
    yield from labels
    if declaration is not None:
        yield declaration.group(1).decode("ascii", "replace")


def _as_declared_in_ascii(name: str) -> str:
    if name.startswith("utf-16"):
        return "utf-8"
    return "windows-1252" if name == "x-user-defined" else name


def _detect(body: bytes) -> Decoded:
    wide = _utf16_by_zeros(body[:SAMPLE_BYTES])
    if wide is not None:
        return _decode_as(body, wide, "detected")
    try:
        return Decoded(text=body.decode("utf-8"), charset="utf-8", told_by="detected", replacements=0)
    except UnicodeDecodeError as error:
        # A body cut in the middle of a character is still UTF-8.
        if error.start >= len(body) - 3:
            return _decode_as(body, "utf-8", "detected")
        start = max(0, error.start - SAMPLE_BYTES // 4)
    name = _guess(body[start : start + SAMPLE_BYTES])
    return _decode_as(body, name, "detected") if name else _decode_as(body, "utf-8", "default")


def _utf16_by_zeros(sample: bytes) -> str | None:
    """UTF-16 without a BOM: in mostly ASCII text one byte of each pair is zero, which is valid UTF-8 too."""
    pairs = len(sample) // 2
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if pairs >= 8 and max(even, odd) > 0.4 * pairs and min(even, odd) < 0.02 * pairs:
        return "utf-16be" if even > odd else "utf-16le"
    return None


def _guess(sample: bytes) -> str | None:
    best = from_bytes(
        sample, steps=4, chunk_size=512, cp_isolation=[*_PYTHON_NAMES], preemptive_behaviour=False
    ).best()
    return _PYTHON_NAMES.get(best.encoding) if best is not None else None


def _decode_as(body: bytes, name: str, told_by: str) -> Decoded:
    decoder = (
        codecs.getdecoder(_CODECS[name]) if name in _CODECS else webencodings.lookup(name).codec_info.decode
    )
    try:
        return Decoded(text=decoder(body, "strict")[0], charset=name, told_by=told_by, replacements=0)
    except UnicodeError:
        text: str = decoder(body, "replace")[0]
    return Decoded(text=text, charset=name, told_by=told_by, replacements=text.count("\ufffd"))
