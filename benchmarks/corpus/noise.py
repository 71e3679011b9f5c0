"""Everything on a page that is not the article: menus, banners, cards, comments, styles, scripts, state."""

import json
from html import escape

from benchmarks.corpus.prose import Prose

_ICON = (
    '<svg class="icon" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">'
    '<path d="M{a} {b}c0 1.1-.9 2-2 2s-2-.9-2-2 .9-2 2-2 2 .9 2 2zm-{c} {d}h{a}v-2H4v2zM12 2C6.48 2 2 '
    "6.48 2 12"
    's4.48 10 10 10 10-4.48 10-10S17.52 2 12 2z"/></svg>'
)
_PROPERTIES = ("margin", "padding", "color", "background-color", "border-radius", "flex-basis", "line-height")


def menu(prose: Prose, links: int) -> str:
    """A navigation of nested lists."""
    groups = []
    for _ in range(max(1, links // 8)):
        items = "".join(
            f'<li class="menu-item"><a href="/{prose.word()}/{prose.word()}" data-track="{prose.token(8)}">'
            f"{escape(prose.title(2))}</a></li>"
            for _ in range(8)
        )
        groups.append(
            f'<li class="menu-group"><a href="/{prose.word()}">{prose.title(1)}</a><ul>{items}</ul></li>'
        )
    return f'<nav class="main-nav" role="navigation"><ul>{"".join(groups)}</ul></nav>'


def consent(prose: Prose) -> str:
    """A cookie banner with a list of partners."""
    partners = "".join(
        f'<li><label><input type="checkbox" name="{prose.token(6)}"> {escape(prose.title(2))}</label></li>'
        for _ in range(prose.random.randint(5, 30))
    )
    return (
        '<div id="cookie-consent" class="cookie-banner" role="dialog"><p>We use cookies and similar '
        "methods to "
        "measure how our services are used and to show advertising. You can change your choice at any time."
        f'</p><button>Accept all</button><button>Settings</button><ul class="vendors">{partners}</ul></div>'
    )


def cards(prose: Prose, count: int) -> str:
    """Teasers of other articles."""
    made = "".join(
        f'<div class="card"><a href="/{prose.word()}/{prose.token(10)}"><img '
        f'src="/thumb/{prose.token(8)}.jpg" '
        f'width="320" height="180" alt=""><h3 class="card-title">{escape(prose.title())}</h3></a>'
        f'<p class="card-text">{escape(prose.title(12))}</p><span '
        f'class="card-meta">{prose.random.randint(1, 23)} '
        "hours ago</span></div>"
        for _ in range(count)
    )
    return f'<section class="related-articles" aria-label="Related"><h2>More on this</h2>{made}</section>'


def sidebar(prose: Prose) -> str:
    """Most read, newsletter, advertisement."""
    most = "".join(
        f'<li><a href="/{prose.token(8)}">{escape(prose.title(7))}</a></li>'
        for _ in range(prose.random.randint(5, 12))
    )
    return (
        f'<aside class="sidebar"><div class="widget"><h4>Most read</h4><ol>{most}</ol></div>'
        '<div class="widget newsletter"><h4>Newsletter</h4><form action="/subscribe"><input name="email">'
        f'<button>Subscribe</button></form></div><div class="ad-slot" id="{prose.token(6)}">Advertisement'
        f"</div></aside>"
    )


def comments(prose: Prose, count: int) -> str:
    """What readers wrote underneath; on some sites nothing but its place tells that it is no article."""
    if prose.random.random() < 0.35:
        return _unnamed_thread(prose, count)
    made = "".join(
        f'<li class="comment" id="comment-{number}"><div '
        f'class="comment-author">Reader {prose.random.randint(1, 999)}'
        f'</div><div class="comment-body"><p>{escape(prose.paragraph(prose.random.randint(1, 3)))}</p></div>'
        '<a class="reply" href="#respond">Reply</a></li>'
        for number in range(count)
    )
    return (
        f'<div id="comments" class="comments-area"><h3>{count} comments</h3><ol>{made}</ol></div>'
        if count
        else ""
    )


def _unnamed_thread(prose: Prose, count: int) -> str:
    posts = "".join(
        f'<div class="row"><b>Reader {prose.random.randint(1, 999)}</b>'
        f"<p>{escape(prose.paragraph(prose.random.randint(1, 3)))}</p></div>"
        for _ in range(count)
    )
    return f'<section class="block"><h3>What readers say</h3>{posts}</section>'


def author_box(prose: Prose) -> str:
    """A few sentences about whoever wrote it, at the end of the text, with or without a telling class."""
    name = prose.random.choice(("author-bio", "box", "note", "about-the-author"))
    return f'<div class="{name}"><p>{escape(prose.paragraph(2))}</p></div>'


def plea(prose: Prose) -> str:
    """A request to subscribe in the middle of the text."""
    name = prose.random.choice(("subscribe-box", "inset", "box"))
    return f'<div class="{name}"><p>{escape(prose.sentence())}</p><a href="/plans">See the plans</a></div>'


def share(prose: Prose) -> str:
    """A row of buttons with pictograms."""
    buttons = "".join(
        f'<a class="share" href="/share/{name}">{icon(prose)}<span class="sr-only">Share by {name}</span></a>'
        for name in ("mail", "link", "print", "message")
    )
    return f'<div class="share-bar">{buttons}</div>'


def icon(prose: Prose) -> str:
    return _ICON.format(**{key: prose.random.randint(1, 19) for key in "abcd"})


def style(prose: Prose, size: int) -> str:
    """An inline style sheet of about `size` characters."""
    rules: list[str] = []
    length = 0
    while length < size:
        body = ";".join(
            f"{name}:{prose.random.randint(0, 64)}px" for name in prose.random.sample(_PROPERTIES, 3)
        )
        rule = f".{prose.word()}-{prose.token(5)}>.{prose.word()}{{{body}}}"
        rules.append(rule)
        length += len(rule)
    return f"<style>{''.join(rules)}</style>"


def script(prose: Prose, size: int) -> str:
    """A minified inline script of about `size` characters."""
    parts: list[str] = []
    length = 0
    while length < size:
        name = prose.token(3)
        part = (
            f'function {name}(t,e){{if(t.length>{prose.random.randint(1, 99)})return e["{prose.token(12)}"];'
            f'window.dataLayer.push({{event:"{prose.word()}",id:"{prose.token(16)}"}});return {name}(e,t)}}'
        )
        parts.append(part)
        length += len(part)
    return f"<script>{''.join(parts)}</script>"


def state(prose: Prose, size: int) -> str:
    """Application state as JSON in a script element, of about `size` characters."""
    rows: list[dict[str, object]] = []
    length = 0
    while length < size:
        row: dict[str, object] = {
            "id": prose.token(20),
            "type": prose.word(),
            "headline": prose.title(),
            "image": {"url": f"/media/{prose.token(16)}.jpg", "width": 1280, "height": 720},
            "tags": [prose.word() for _ in range(4)],
        }
        rows.append(row)
        length += 260
    text = json.dumps({"props": {"items": rows}, "build": prose.token(20)})
    return f'<script id="__STATE__" type="application/json">{text}</script>'


def footer(prose: Prose) -> str:
    columns = "".join(
        "<div><h5>"
        + escape(prose.title(1))
        + "</h5><ul>"
        + "".join(f'<li><a href="/{prose.word()}">{escape(prose.title(2))}</a></li>' for _ in range(7))
        + "</ul></div>"
        for _ in range(4)
    )
    legal = "<p>© All rights reserved. Terms. Privacy. Imprint.</p>"
    return f'<footer class="site-footer">{columns}{legal}</footer>'
