"""Ways in which web sites wrap an article: each takes the parts of a page and gives its body."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from benchmarks.corpus import noise
from benchmarks.corpus.article import Article, BlockKind
from benchmarks.corpus.prose import Prose


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """One page before it is put together; `blocks` is the article as HTML, block by block."""

    article: Article
    prose: Prose
    blocks: tuple[str, ...]
    menu: str
    consent: str
    cards: str
    sidebar: str
    comments: str
    footer: str

    @property
    def title(self) -> str:
        return escape(self.article.title)

    @property
    def body(self) -> str:
        return "\n".join(self.blocks)


Layout = Callable[[Parts], str]


def semantic(parts: Parts) -> str:
    """main and article, as the standard likes it."""
    return (
        f"<body>{parts.consent}<header>{parts.menu}</header><main><article><header><h1>{parts.title}</h1>"
        f'<p class="byline">{parts.article.author}, <time datetime="{parts.article.published}">'
        f"{parts.article.published}</time></p></header>{noise.share(parts.prose)}{parts.body}</article>"
        f"{parts.cards}</main>{parts.sidebar}{parts.comments}{parts.footer}</body>"
    )


def weblog(parts: Parts) -> str:
    """The classes of a common weblog system."""
    return (
        f'<body class="single single-post"><div id="page" class="site"><header id="masthead">{parts.menu}'
        f"</header>"
        '<div id="content" class="site-content"><div id="primary" class="content-area"><div id="post-1" '
        f'class="post type-post hentry"><h1 class="entry-title">{parts.title}</h1><div class="entry-meta">'
        f'<span class="posted-on">{parts.article.published}</span></div><div '
        f'class="entry-content">{parts.body}'
        f'<div class="sharedaddy">{noise.share(parts.prose)}</div></div></div>{parts.comments}</div>'
        f'<div id="secondary" class="widget-area">{parts.sidebar}</div></div>{parts.cards}{parts.footer}'
        f"</div>"
        f"{parts.consent}</body>"
    )


def newspaper(parts: Parts) -> str:
    """Advertisements and teasers between the paragraphs."""
    pieces = []
    for number, block in enumerate(parts.blocks):
        pieces.append(block)
        if number % 4 == 3:
            pieces.append(
                f'<div class="ad-slot ad-inline" id="{parts.prose.token(6)}"><span>Advertisement</span></div>'
            )
        if number % 7 == 5:
            pieces.append(
                f'<div class="related-inline"><span>Read also:</span> <a href="/{parts.prose.token(8)}">'
                f"{escape(parts.prose.title())}</a></div>"
            )
    return (
        f'<body>{parts.consent}<div class="topbar">{parts.menu}</div><div class="layout"><div class="story">'
        f'<h1 class="headline">{parts.title}</h1><div class="story-body" itemprop="articleBody">'
        f"{''.join(pieces)}</div>{noise.share(parts.prose)}</div>{parts.sidebar}</div>{parts.cards}"
        f"{parts.comments}{parts.footer}</body>"
    )


def tables(parts: Parts) -> str:
    """A page built of tables, as twenty years ago."""
    return (
        f'<body bgcolor="#ffffff"><table width="100%" cellpadding="0"><tr><td colspan="3">{parts.menu}'
        f"</td></tr>"
        f'<tr><td width="180" valign="top">{parts.sidebar}</td><td valign="top"><font size="5">'
        f"<b>{parts.title}</b>"
        f'</font><br><div class="text">{parts.body}</div></td><td width="160" valign="top">{parts.cards}'
        f"</td></tr>"
        f'<tr><td colspan="3">{parts.comments}{parts.footer}</td></tr></table>{parts.consent}</body>'
    )


def manual(parts: Parts) -> str:
    """Documentation: a tree at the left, contents at the right."""
    contents = "".join(
        f'<li><a href="#{parts.prose.token(5)}">{escape(block.text)}</a></li>'
        for block in parts.article.blocks
        if block.kind is BlockKind.HEADING
    )
    return (
        f'<body><header class="docs-header">{noise.icon(parts.prose)}</header><div '
        f'class="docs-sidebar">{parts.menu}'
        f'</div><div class="docs-main" role="main"><div class="markdown-body"><h1>{parts.title}'
        f"</h1>{parts.body}"
        f'</div><nav class="pager"><a href="/prev">Previous</a><a href="/next">Next</a></nav></div>'
        f'<div class="toc"><ul>{contents}</ul></div>{parts.cards}{parts.footer}{parts.consent}</body>'
    )


def hydrated(parts: Parts) -> str:
    """A script framework's output: nothing but div elements with hashed classes around the text."""
    name = parts.prose.token(5)
    inner = "".join(
        f'<div class="css-{name} css-{parts.prose.token(5)}">{block}</div>' for block in parts.blocks
    )
    return (
        f'<body><div id="__next"><div class="css-{parts.prose.token(5)}">{parts.menu}</div>'
        f'<div class="css-{parts.prose.token(5)}"><h1 class="css-{name}">{parts.title}</h1>'
        f'<div class="css-{parts.prose.token(5)}" data-testid="article-body">{inner}</div></div>{parts.cards}'
        f"{parts.comments}{parts.footer}</div>{parts.consent}</body>"
    )


def loose(parts: Parts) -> str:
    """No paragraphs at all: text and line breaks in one div, headings in bold."""
    pieces = []
    for block, html in zip(parts.article.blocks, parts.blocks, strict=True):
        if block.kind in {BlockKind.PARAGRAPH, BlockKind.HEADING, BlockKind.QUOTE}:
            text = escape(block.text)
            pieces.append(f"<b>{text}</b><br>" if block.kind is BlockKind.HEADING else f"{text}<br><br>")
        else:
            pieces.append(html)
    return (
        f'<body><div id="top">{parts.menu}</div><div id="wrap"><div id="left">{parts.sidebar}</div>'
        f'<div id="middle"><h2>{parts.title}</h2>{"".join(pieces)}{noise.share(parts.prose)}</div></div>'
        f"{parts.comments}{parts.cards}{parts.footer}{parts.consent}</body>"
    )


LAYOUTS: tuple[Layout, ...] = (semantic, weblog, newspaper, tables, manual, hydrated, loose)
