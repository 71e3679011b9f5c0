import hashlib
import json
from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.fetching.errors import ExtractFailed, UnsupportedContent
from tasks.fetching.extraction.document import Effort, Source
from tasks.fetching.extraction.extract import extract
from tasks.fetching.extraction.sanitizing import clean, fence, finish, one_line
from tests.fetching.extraction.samples import article, read, source

TYPES = [
    None,
    "text/html",
    "text/html; charset=shift_jis",
    "text/plain; charset=utf-16",
    "text/markdown",
    "application/json",
    "text/csv",
    "text/tab-separated-values",
    "application/rss+xml",
    "application/xml",
    "application/pdf",
    "image/png",
    "image/svg+xml",
    "application/octet-stream",
    "garbage",
]
STARTS = [
    b"",
    b"<html><p>",
    b'<rss version="2.0"><channel>',
    b"%PDF-1.4\n",
    b"{",
    b"[",
    b"\xff\xfe",
    b"# ",
    b"a,b\n",
    b"RIFF",
]


def test_the_same_bytes_give_the_same_document() -> None:
    assert read(article()) == read(article())


def test_the_hash_is_that_of_the_markdown() -> None:
    document = read(article())
    assert document.content_hash == "sha256:" + hashlib.sha256(document.markdown.encode()).hexdigest()


def test_the_extractor_names_its_version() -> None:
    assert read(article()).extractor.startswith("rover-1 trafilatura-2.")


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize("body", [b"", b" \r\n\t", b"\x00\x00"])
def test_nothing_gives_an_empty_document_whatever_its_type(body: bytes, content_type: str | None) -> None:
    document = read(body, content_type)
    assert (document.kind, document.markdown, document.tokens) == ("empty", "", 0)


@settings(max_examples=400, deadline=None)
@given(
    start=st.sampled_from(STARTS),
    body=st.binary(max_size=200),
    content_type=st.sampled_from(TYPES),
    url=st.one_of(st.just("https://site.test/x"), st.text(max_size=20)),
    effort=st.sampled_from(Effort),
)
def test_any_bytes_give_a_valid_document_or_one_of_two_errors(
    start: bytes, body: bytes, content_type: str | None, url: str, effort: Effort
) -> None:
    try:
        document = extract(Source(body=start + body, url=url, content_type=content_type), effort=effort)
    except (UnsupportedContent, ExtractFailed):
        return
    wire = json.dumps(asdict(document), ensure_ascii=False)
    assert wire.encode("utf-8")
    assert not any(ord(sign) < 32 and sign not in "\n\t" for sign in document.markdown)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_ordinary_html_never_fails(text: str) -> None:
    body = f"<html><body><p>{text}</p></body></html>".encode("utf-8", "replace")
    try:
        assert extract(source(body)).kind in ("html", "empty")
    except UnsupportedContent:
        assert any(ord(sign) < 32 for sign in text)


@given(st.text(max_size=100))
def test_cleaned_text_is_valid_and_cleaning_is_final(text: str) -> None:
    cleaned = clean(text)
    assert cleaned.encode("utf-8").decode() == cleaned
    assert clean(cleaned) == cleaned.removeprefix("\ufeff")


@given(st.text(max_size=100), st.integers(1, 20))
def test_one_line_is_one_bounded_line(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1


@given(st.text("`~a\n ", max_size=40))
def test_a_fence_is_longer_than_any_inside(code: str) -> None:
    block = fence(code)
    ticks = block.split("\n", 1)[0]
    assert ticks not in block.removeprefix(ticks).removesuffix(f"{ticks}\n")


@given(st.text(max_size=100))
def test_a_finished_document_ends_with_one_newline(text: str) -> None:
    markdown = finish(text)
    assert markdown == "" or (markdown.endswith("\n") and not markdown.endswith("\n\n"))
