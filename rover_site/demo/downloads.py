"""Files that are no web pages: the price list as PDF, tides as CSV, the light log as JSON."""

import json
import math
from datetime import UTC, datetime, timedelta

from rover_site.demo.layout import NAME
from rover_site.demo.page import Page
from rover_site.demo.shop import products

_FIRST_TIDE = datetime(2026, 2, 14, 1, 12, tzinfo=UTC)
_HALF_TIDE = timedelta(hours=6, minutes=12, seconds=36)  # a quarter of a lunar day
_SPRING_NEAP_DAYS = 14.77
_WATCHES = 36


def price_list() -> Page:
    """The shop's prices on one PDF page with real text (ISO 32000-1 7.5: header, objects, xref, trailer)."""
    lines = [f"{NAME}: price list", "Prices in pounds sterling, tax included", ""]
    lines += [f"{product.name} ({product.unit}): {product.price} GBP" for product in products()]
    lines += ["", "Sent on Tuesdays and Fridays. Bread is not posted."]
    text = "".join(f"({_pdf_text(line)}) Tj T*\n" for line in lines)
    stream = f"BT /F1 13 Tf 60 780 Td 20 TL\n{text}ET".encode("latin-1")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        f"<< /Title ({_pdf_text(NAME)} price list) >>".encode("latin-1"),
    ]
    return Page(body=_pdf(objects), content_type="application/pdf")


def _pdf(objects: list[bytes]) -> bytes:
    body = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(body)
    body += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    body += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"<< /Size %d /Root 1 0 R /Info %d 0 R >>" % (len(objects) + 1, len(objects))
    body += b"trailer\n%s\nstartxref\n%d\n%%%%EOF\n" % (trailer, start)
    return bytes(body)


def _pdf_text(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def tides() -> Page:
    """A month of high and low waters: two cosines, close enough to look right."""
    rows = ["time,kind,height_m,coefficient"]
    for number in range(112):
        moment = _FIRST_TIDE + number * _HALF_TIDE
        phase = 2 * math.pi * (moment - _FIRST_TIDE).total_seconds() / 86400 / _SPRING_NEAP_DAYS
        coefficient = round(70 + 34 * math.cos(phase))
        half_range = 2.6 * coefficient / 104
        height = 3.9 + (half_range if number % 2 == 0 else -half_range)
        kind = "high" if number % 2 == 0 else "low"
        rows.append(f"{moment:%Y-%m-%dT%H:%MZ},{kind},{height:.2f},{coefficient}")
    return Page(body=("\n".join(rows) + "\n").encode(), content_type="text/csv; charset=utf-8")


def light_log() -> Page:
    """The last watches, newest first."""
    newest = datetime(2026, 2, 14, 8, 0, tzinfo=UTC)
    remarks = ("Nil.", "Nil.", "Drizzle.", "Nil.", "Two ships at anchor.", "Nil.", "Hail, short.")
    records = [
        {
            "watch": f"{newest - timedelta(hours=4 * number):%Y-%m-%dT%H:%M:%SZ}",
            "lamp": "on" if (newest - timedelta(hours=4 * number)).hour in {20, 0, 4} else "off",
            "lens_period_s": round(80 + math.sin(number) / 5, 1),
            "wind": {"direction": ("SW", "W", "NW", "S")[number % 4], "beaufort": 3 + number * 7 % 5},
            "visibility_nm": 4 + number * 5 % 13,
            "remarks": remarks[number % len(remarks)],
        }
        for number in range(_WATCHES)
    ]
    body = json.dumps({"station": NAME, "records": records}, indent=1)
    return Page(body=body.encode(), content_type="application/json")
