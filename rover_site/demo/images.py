"""The demo site's pictures: small SVG scenes, and one PNG written by hand."""

import struct
import zlib

from rover_site.demo.page import Page

WIDTH, HEIGHT = 720, 320
_CREAM, _RED, _NIGHT, _SEA, _GOLD = "#f6f0e2", "#b3391f", "#1c3440", "#15616d", "#f2c35b"

_TOWER = (
    f'<path d="M340 300 L350 110 H370 L380 300Z" fill="{_CREAM}"/>'
    f'<rect x="342" y="98" width="36" height="10" fill="{_RED}"/>'
    f'<rect x="350" y="76" width="20" height="22" fill="{_GOLD}"/>'
    f'<path d="M346 76 L360 60 L374 76Z" fill="{_RED}"/>'
    '<path d="M370 86 L720 30 V130Z" fill="#f2c35b" opacity=".35"/>'
    '<path d="M350 86 L0 50 V140Z" fill="#f2c35b" opacity=".22"/>'
)
_LENS = "".join(
    f'<ellipse cx="360" cy="160" rx="{24 + 15 * ring}" ry="{30 + 16 * ring}" fill="none" stroke="{_CREAM}" '
    f'stroke-width="{6 - ring * 0.5}" opacity="{0.95 - ring * 0.09:.2f}"/>'
    for ring in range(7)
)
_STAIR = "".join(
    f'<rect x="{130 + 36 * step}" y="{270 - 19 * step}" width="90" height="10" rx="3" fill="{_CREAM}" '
    f'opacity="{1 - step * 0.05:.2f}"/>'
    for step in range(13)
)
_BIRD = '<path d="M{x} {y}q12-14 24 0q12-14 24 0" fill="none" stroke="#f6f0e2" stroke-width="5"/>'
_PLANT = (
    '<path d="M{x} 290q-4-60 0-{high}" stroke="#9cc48a" stroke-width="6" fill="none"/>'
    '<circle cx="{x}" cy="{top}" r="15" fill="#e58fa0"/>'
)

_MOTIFS: dict[str, str] = {
    "tower": _TOWER,
    "lens": _LENS + f'<circle cx="360" cy="160" r="13" fill="{_GOLD}"/>',
    "chart": (
        f'<rect x="200" y="50" width="320" height="220" fill="{_CREAM}"/>'
        f'<path d="M220 220q60-120 130-60t150-70" fill="none" stroke="{_SEA}" stroke-width="4"/>'
        f'<path d="M220 245q80-90 150-40t130-60" fill="none" stroke="{_SEA}" opacity=".5" stroke-width="3"/>'
        f'<circle cx="352" cy="158" r="9" fill="{_RED}"/>'
    ),
    "book": (
        f'<path d="M360 90q-70-40-170-20v190q100-20 170 20q70-40 170-20V70q-100-20-170 20Z" fill="{_CREAM}"/>'
        f'<path d="M360 90v190M215 115h110M215 145h110M215 175h90M395 115h110M395 145h110" stroke="{_SEA}" '
        'stroke-width="4"/>'
    ),
    "loaf": (
        '<ellipse cx="360" cy="205" rx="180" ry="85" fill="#a9652f"/>'
        '<ellipse cx="360" cy="190" rx="180" ry="82" fill="#c98746"/>'
        f'<path d="M250 165q40-30 80 0M330 150q40-30 80 0M410 165q30-22 60 0" stroke="{_CREAM}" '
        'stroke-width="9" fill="none"/>'
    ),
    "biscuits": "".join(
        f'<circle cx="{x}" cy="{y}" r="48" fill="#d5a253"/><circle cx="{x}" cy="{y}" r="7" fill="#8b5a24"/>'
        for x, y in ((280, 190), (440, 190), (360, 120), (360, 235))
    ),
    "record": (
        '<circle cx="360" cy="160" r="128" fill="#10171b"/>'
        + "".join(
            f'<circle cx="360" cy="160" r="{radius}" fill="none" stroke="#33414a" stroke-width="2"/>'
            for radius in range(58, 125, 12)
        )
        + f'<circle cx="360" cy="160" r="42" fill="{_RED}"/><circle cx="360" cy="160" r="6" fill="{_CREAM}"/>'
    ),
    "birds": "".join(
        _BIRD.format(x=x, y=y) for x, y in ((180, 120), (260, 80), (350, 130), (430, 70), (500, 120))
    ),
    "garden": "".join(
        _PLANT.format(x=x, high=high, top=290 - high)
        for x, high in ((210, 90), (275, 140), (340, 100), (405, 160), (470, 110))
    )
    + '<rect x="120" y="285" width="480" height="35" fill="#5b4630"/>',
    "wave": "".join(
        f'<path d="M0 {170 + 34 * row}q45-34 90 0t90 0t90 0t90 0t90 0t90 0t90 0t90 0V320H0Z" '
        f'fill="{_CREAM}" opacity="{0.16 + row * 0.08:.2f}"/>'
        for row in range(4)
    ),
    "stair": _STAIR,
    "lantern": (
        f'<path d="M315 90h90l-14-34h-62Z" fill="{_RED}"/>'
        f'<rect x="318" y="90" width="84" height="140" rx="8" fill="{_GOLD}"/>'
        f'<path d="M339 90v140M360 90v140M381 90v140" stroke="{_NIGHT}" stroke-width="4"/>'
        f'<rect x="308" y="230" width="104" height="22" rx="5" fill="{_RED}"/>'
    ),
    "cellar": (
        f'<path d="M170 300V190a190 140 0 0 1 380 0V300Z" fill="{_CREAM}" opacity=".22"/>'
        f'<path d="M230 300V205a130 100 0 0 1 260 0V300Z" fill="{_NIGHT}"/>'
        f'<circle cx="360" cy="170" r="16" fill="{_GOLD}"/><path d="M360 60v95" stroke="{_CREAM}"/>'
    ),
    "cap": (
        f'<path d="M250 210a110 120 0 0 1 220 0Z" fill="{_CREAM}"/>'
        '<rect x="238" y="205" width="244" height="46" rx="16" fill="#d9cfb8"/>'
    ),
    "ticket": (
        f'<path d="M190 90H530V140a20 20 0 0 0 0 40V230H190V180a20 20 0 0 0 0-40Z" fill="{_CREAM}"/>'
        f'<path d="M430 90V230" stroke="{_RED}" stroke-width="4" stroke-dasharray="9 8"/>'
        f'<path d="M225 130h160M225 160h120M225 190h150" stroke="{_SEA}" stroke-width="9"/>'
    ),
}


def picture_paths() -> list[str]:
    """The path of every SVG that `picture` can draw."""
    return [f"/images/{name}.svg" for name in _MOTIFS]


def picture(path: str) -> Page:
    """The scene of that path. Raises: KeyError when there is none."""
    name = path.removeprefix("/images/").removesuffix(".svg")
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" role="img"><title>{name}</title>'
        '<defs><linearGradient id="s" x1="0" y1="0" x2="0" y2="1">'
        f'<stop offset="0" stop-color="{_NIGHT}"/><stop offset="1" stop-color="#3f7f86"/>'
        "</linearGradient></defs>"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="url(#s)"/>'
        f'<path d="M0 290q60-14 120 0t120 0t120 0t120 0t120 0t120 0V320H0Z" fill="{_SEA}"/>'
        f"{_MOTIFS[name]}</svg>"
    )
    return Page(body=svg.encode(), content_type="image/svg+xml")


def badge() -> Page:
    """The site's icon as a PNG of 32 x 32 pixels: red gallery, white tower (PNG 3, 5.3)."""
    rows = b"".join(b"\x00" + b"".join(_pixel(x, y) for x in range(32)) for y in range(32))
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", 32, 32, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    body = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)
    return Page(body=body, content_type="image/png")


def _pixel(x: int, y: int) -> bytes:
    if 5 <= y < 9 and 12 <= x < 20:
        return bytes((242, 195, 91))
    if 9 <= y < 12 and 10 <= x < 22:
        return bytes((179, 57, 31))
    if 12 <= y < 30 and 12 <= x < 20:
        return bytes((246, 240, 226))
    return bytes((28, 52, 64))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
