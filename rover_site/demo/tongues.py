"""Guides in other languages, each in an encoding that is still met on the web."""

from rover_site.demo.documents import CONTENT
from rover_site.demo.page import Page


def japanese() -> Page:
    """Shift_JIS, declared in the header and in the page."""
    text = (CONTENT / "guide.ja.html").read_text(encoding="utf-8")
    return Page(body=text.encode("shift_jis"), content_type="text/html; charset=Shift_JIS")


def greek() -> Page:
    """UTF-16, little-endian, known by its byte order mark alone."""
    text = (CONTENT / "guide.el.html").read_text(encoding="utf-8")
    return Page(body=b"\xff\xfe" + text.encode("utf-16-le"), content_type="text/html")
