"""Bytes of any type to one Markdown document: the dispatcher of this package.

Loading this module loads every parser (about 60 MiB); only extraction children and tests do that.
"""

from typing import Any, Final

from tasks.fetching.errors import ExtractFailed, FetchError, UnsupportedContent
from tasks.fetching.extraction import charset, quality, sanitizing
from tasks.fetching.extraction.document import EXTRACTOR, Document, Effort, Flag, Kind, Source, content_hash
from tasks.fetching.extraction.feeds import read_feed, read_json_feed
from tasks.fetching.extraction.filenames import attachment_name, url_name
from tasks.fetching.extraction.html import read_html
from tasks.fetching.extraction.images import read_image
from tasks.fetching.extraction.pdf import read_pdf
from tasks.fetching.extraction.reading import Reading
from tasks.fetching.extraction.sniffing import Family, Identified, identify
from tasks.fetching.extraction.structured import read_csv, read_json
from tasks.fetching.extraction.text import read_markdown, read_text
from tasks.fetching.extraction.tokens import TOKENIZER, count_tokens
from tasks.fetching.extraction.xml_documents import read_xml

MAX_MARKDOWN_CHARS: Final = 4_000_000

_METADATA_FIELDS: Final = frozenset(
    {
        "description",
        "author",
        "published",
        "modified",
        "image",
        "og_type",
        "canonical",
        "language",
        "schema_types",
    }
)


def extract(source: Source, *, effort: Effort = Effort.FULL) -> Document:
    """The document that `source` holds; the same bytes always give the same document.

    Raises:
        UnsupportedContent: a type without text for us (archives, audio, encrypted PDF, …).
        ExtractFailed: `reason="error"`, a reader failed on this input.
    """
    try:
        return _extract(source, effort)
    except FetchError:
        raise
    except Exception as error:
        raise ExtractFailed(
            f"the page could not be read ({type(error).__name__})", reason="error", error=type(error).__name__
        ) from error


def _extract(source: Source, effort: Effort) -> Document:
    what = identify(source)
    file_name = attachment_name(source.content_disposition)
    common = _common_fields(what, file_name)
    if not source.body.strip(b" \t\r\n\x00"):
        return _build(Reading(markdown=""), Kind.EMPTY, common)
    if what.family is Family.BINARY:
        raise UnsupportedContent(
            f"{what.essence} holds no text", content_type=what.essence, size_bytes=len(source.body)
        )
    if what.family is Family.PDF:
        return _build(read_pdf(source.body), Kind.PDF, common)
    if what.family is Family.IMAGE:
        return _build(
            read_image(source.body, what.essence, file_name or url_name(source.url)), Kind.IMAGE, common
        )
    if what.family is Family.FEED:
        feed = read_feed(source.body, source.url)
        if feed is not None:
            return _build(feed, Kind.FEED, common)
    decoded = charset.decode(source.body, what.charset)
    common |= {"charset": decoded.charset, "charset_source": decoded.told_by}
    common["charset_replacements"] = decoded.replacements
    reading, kind = _read_text_family(decoded.text, source.url, what, file_name, effort)
    return _build(reading, kind, common)


def _read_text_family(
    text: str, url: str, what: Identified, file_name: str | None, effort: Effort
) -> tuple[Reading, Kind]:
    match what.family:
        case Family.HTML:
            return read_html(text, url, effort), Kind.HTML
        case Family.JSON:
            feed = read_json_feed(text, url)
            return (feed, Kind.FEED) if feed is not None else (read_json(text), Kind.JSON)
        case Family.CSV:
            return read_csv(text, tabs="tab-separated" in what.essence), Kind.CSV
        case Family.MARKDOWN:
            return read_markdown(text, url), Kind.MARKDOWN
        case Family.XML | Family.FEED:
            return read_xml(text, url), Kind.XML
        case _:
            return read_text(text, what.essence, url, file_name), Kind.TEXT


def _common_fields(what: Identified, file_name: str | None) -> dict[str, Any]:
    fields: dict[str, Any] = {"content_type": what.essence}
    if what.declared is not None:
        fields["declared_type"] = what.declared
    if what.detected is not None:
        fields["detected_type"] = what.detected
    if what.contradicted:
        fields["type_mismatch"] = True
    if file_name is not None:
        fields["file_name"] = file_name
    return fields


def _build(reading: Reading, kind: Kind, common: dict[str, Any]) -> Document:
    markdown = sanitizing.finish(reading.markdown[:MAX_MARKDOWN_CHARS])
    if not markdown or (reading.visible_text is not None and not reading.visible_text.strip()):
        markdown, kind = "", Kind.EMPTY
    title = sanitizing.one_line(reading.title) or None if reading.title else None
    fields = {name: value for name, value in reading.fields.items() if name != "title"}
    if title is not None:
        fields["title"] = title
    truncated = reading.truncated or len(reading.markdown) > MAX_MARKDOWN_CHARS
    return Document(
        markdown=markdown,
        title=title,
        metadata={**fields, **common},
        links=reading.links,
        content_hash=content_hash(markdown),
        tokens=count_tokens(markdown),
        tokenizer=TOKENIZER,
        quality=_quality(reading, title, markdown),
        flags=_flags(reading, markdown, kind, truncated),
        kind=kind.value,
        extractor=EXTRACTOR,
    )


def _quality(reading: Reading, title: str | None, markdown: str) -> float:
    if not markdown:
        return 0.0
    has_metadata = not _METADATA_FIELDS.isdisjoint(reading.fields)
    return quality.score(reading.ratio, has_title=title is not None, has_metadata=has_metadata)


def _flags(reading: Reading, markdown: str, kind: Kind, truncated: bool) -> tuple[str, ...]:
    flags = [*reading.flags]
    if kind in (Kind.HTML, Kind.PDF, Kind.EMPTY) and quality.dense_length(markdown) < quality.SHORT_CHARS:
        flags.append(Flag.SHORT)
    if truncated:
        flags.append(Flag.TRUNCATED)
    return tuple(flag.value for flag in dict.fromkeys(flags))
