import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.fetching.errors import UnsupportedContent
from tasks.fetching.extraction.filenames import attachment_name, url_name
from tasks.fetching.extraction.sniffing import Family, identify, parse_content_type, sniff
from tests.fetching.extraction.samples import article, read, source

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x10\x00\x00\x00\x20\x08\x06\x00\x00\x00"


@pytest.mark.parametrize(
    ("head", "essence"),
    [
        (b"%PDF-1.7\n", "application/pdf"),
        (PNG, "image/png"),
        (b"GIF89a\x01\x00", "image/gif"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"PK\x03\x04\x14\x00", "application/zip"),
        (b"\x1f\x8b\x08\x00", "application/gzip"),
        (b"\x00\x00\x00\x18ftypmp42", "video/mp4"),
        (b"  <!DOCTYPE HTML><html>", "text/html"),
        (b"\xef\xbb\xbf<html>", "text/html"),
        (b"\xff\xfe<\x00h\x00t\x00m\x00l\x00>\x00", "text/html"),
        (b"<!-- hi --><body>", "text/html"),
        (b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">', "application/xhtml+xml"),
        (b'<?xml version="1.0"?>\n<rss version="2.0">', "application/feed+xml"),
        (b'<feed xmlns="http://www.w3.org/2005/Atom">', "application/feed+xml"),
        (b'<?xml version="1.0"?><urlset>', "application/xml"),
        (b'<svg xmlns="http://www.w3.org/2000/svg">', "image/svg+xml"),
        (b'{"a": 1}', "application/json"),
        (b"[1, 2]", "application/json"),
        (b"[link] is no JSON", "text/plain"),
        (b"Hello < world", "text/plain"),
        (b"\x00\x01\x02\x03", None),
    ],
)
def test_the_first_bytes_tell_the_type(head: bytes, essence: str | None) -> None:
    assert sniff(head) == essence


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text/html; charset=utf-8", ("text/html", "utf-8")),
        ('TEXT/HTML;charset="gbk"', ("text/html", "gbk")),
        ("application/ld+json", ("application/ld+json", None)),
        ("html", (None, None)),
        ("", (None, None)),
        (None, (None, None)),
    ],
)
def test_a_content_type_is_read(value: str | None, expected: tuple[str | None, str | None]) -> None:
    assert parse_content_type(value) == expected


@pytest.mark.parametrize(
    ("declared", "body", "family"),
    [
        ("text/html", PNG, Family.IMAGE),
        ("text/html", b"%PDF-1.4", Family.PDF),
        ("text/html", b"PK\x03\x04", Family.BINARY),
        ("application/octet-stream", b"<html><body>", Family.HTML),
        ("application/octet-stream", b"\x00\x01\x02", Family.BINARY),
        ("image/png", b"<!doctype html>", Family.HTML),
        ("application/pdf", b"<html><title>Sign in", Family.HTML),
        ("application/json", b"<!doctype html>", Family.HTML),
        ("text/plain", b"<html>", Family.TEXT),
        ("text/html", b"just words", Family.HTML),
        ("text/xml", b'<rss version="2.0">', Family.FEED),
        ("application/xml", b"<urlset>", Family.XML),
        ("text/html", b'<?xml version="1.0"?><rss version="2.0">', Family.FEED),
        ("application/problem+json", b"{}", Family.JSON),
        ("text/x-python", b"import os", Family.TEXT),
        ("text/csv", b"a,b", Family.CSV),
        ("video/mp4", b"plain", Family.BINARY),
        (None, b"# Title", Family.TEXT),
        ("x/unknown", b"words", Family.TEXT),
    ],
)
def test_the_header_is_believed_until_the_bytes_prove_it_wrong(
    declared: str | None, body: bytes, family: Family
) -> None:
    assert identify(source(body, declared)).family is family


def test_a_contradiction_is_reported() -> None:
    metadata = read(article(), "image/png").metadata
    assert (metadata["declared_type"], metadata["detected_type"], metadata["type_mismatch"]) == (
        "image/png",
        "text/html",
        True,
    )


def test_an_honest_type_is_no_contradiction() -> None:
    assert "type_mismatch" not in read(article()).metadata


def test_an_archive_is_unsupported_with_its_type_and_size() -> None:
    with pytest.raises(UnsupportedContent) as caught:
        read(b"PK\x03\x04" + b"\x00" * 96, "text/html")
    assert caught.value.data == {"content_type": "application/zip", "size_bytes": 100}


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="report 1.pdf"', "report 1.pdf"),
        ("attachment; filename=a.txt", "a.txt"),
        ("attachment; filename*=UTF-8''na%C3%AFve.txt; filename=x.txt", "naïve.txt"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="C:\\\\temp\\\\a.txt"', "a.txt"),
        ('attachment; filename="a\x00b\nc.txt"', "ab c.txt"),
        ("inline", None),
        (None, None),
    ],
)
def test_an_attachment_keeps_a_harmless_name(disposition: str | None, name: str | None) -> None:
    assert attachment_name(disposition) == name


def test_a_url_names_a_file_only_with_an_extension() -> None:
    assert (url_name("https://a.test/x/y%20z.csv?q=1"), url_name("https://a.test/x/y")) == ("y z.csv", None)


@given(st.binary(max_size=200), st.one_of(st.none(), st.text(max_size=40)))
def test_any_bytes_are_of_one_family(body: bytes, content_type: str | None) -> None:
    assert identify(source(body, content_type)).family in Family
