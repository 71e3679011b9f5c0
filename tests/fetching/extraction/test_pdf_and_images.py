import io
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter

from tasks.fetching.errors import UnsupportedContent
from tasks.fetching.extraction.document import Flag
from tasks.fetching.extraction.images import dimensions
from tests.fetching.extraction.samples import read


def pdf(*pages: str, title: str = "Ledger") -> bytes:
    """A PDF with one line of text a page."""
    objects = ["<</Type/Catalog/Pages 2 0 R>>", ""]
    kids = []
    for text in pages:
        number = len(objects) + 1
        stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET"
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents {number + 1} 0 R"
            "/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>"
        )
        objects.append(f"<</Length {len(stream)}>>stream\n{stream}\nendstream")
        kids.append(f"{number} 0 R")
    objects[1] = f"<</Type/Pages/Kids[{' '.join(kids)}]/Count {len(kids)}>>"
    objects.append(f"<</Title({title})/Author(Ada)>>")
    body, offsets = "%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj{content}endobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    trailer = f"trailer<</Size {len(objects) + 1}/Root 1 0 R/Info {len(objects)} 0 R>>\nstartxref\n{len(body)}\n%%EOF"
    return f"{body}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{trailer}".encode("latin-1")


def test_a_pdf_is_read_page_by_page() -> None:
    document = read(pdf("First page", "Second page"), "application/pdf")
    assert document.markdown == (
        "<!-- page 1 of 2 -->\n\nFirst page\n\n<!-- page 2 of 2 -->\n\nSecond page\n"
    )
    assert (document.kind, document.title, document.metadata["author"], document.metadata["pages"]) == (
        "pdf",
        "Ledger",
        "Ada",
        2,
    )


def test_a_pdf_without_text_is_an_empty_document() -> None:
    assert read(pdf(""), "application/pdf").kind == "empty"


def test_at_most_200_pages_are_read() -> None:
    document = read(pdf(*["Page"] * 230), "application/pdf")
    assert (document.metadata["pages"], document.metadata["pages_shown"]) == (230, 200)
    assert Flag.TRUNCATED in document.flags


def test_an_encrypted_pdf_is_unsupported() -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf("Secret"))))
    writer.encrypt("word", algorithm="RC4-128")
    locked = io.BytesIO()
    writer.write(locked)
    with pytest.raises(UnsupportedContent):
        read(locked.getvalue(), "application/pdf")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_pdf_is_read_or_refused(data: st.DataObject) -> None:
    body = bytearray(pdf("First page", "Second page"))
    for _ in range(data.draw(st.integers(1, 12))):
        body[data.draw(st.integers(5, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert read(bytes(body), "application/pdf").kind in ("pdf", "empty")
    except UnsupportedContent as refused:
        assert refused.data["size_bytes"] == len(body)


PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 640, 480)
GIF = b"GIF89a" + struct.pack("<HH", 33, 44) + b"\x00" * 8
JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08" + struct.pack(">HH", 480, 640) + b"\x00" * 8
WEBP = (
    b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00"
    + (639).to_bytes(3, "little")
    + (479).to_bytes(3, "little")
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 48"><title>A boat</title></svg>'


@pytest.mark.parametrize(
    ("body", "essence", "size"),
    [
        (PNG, "image/png", (640, 480)),
        (GIF, "image/gif", (33, 44)),
        (JPEG, "image/jpeg", (640, 480)),
        (WEBP, "image/webp", (640, 480)),
        (SVG, "image/svg+xml", (64, 48)),
        (b'<svg width="10px" height="20">', "image/svg+xml", (10, 20)),
        (PNG[:12], "image/png", None),
        (b"\xff\xd8\xff\xe0", "image/jpeg", None),
        (b"II*\x00", "image/tiff", None),
    ],
)
def test_an_image_header_tells_its_size(body: bytes, essence: str, size: tuple[int, int] | None) -> None:
    assert dimensions(body, essence) == size


def test_an_image_is_one_line() -> None:
    document = read(PNG, "image/png", "https://site.test/i/boat.png")
    assert document.markdown == f"Image boat.png: image/png, 640 × 480 px, {len(PNG)} bytes.\n"
    assert (document.kind, document.metadata["width"]) == ("image", 640)


@given(
    st.binary(max_size=64),
    st.sampled_from(["image/png", "image/gif", "image/jpeg", "image/webp", "image/svg+xml"]),
)
def test_any_header_gives_a_size_or_none(tail: bytes, essence: str) -> None:
    start = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}.get(essence, b"")
    size = dimensions(start + tail, essence)
    assert size is None or min(size) >= 0
