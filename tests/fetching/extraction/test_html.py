import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.fetching.extraction.document import Effort, Flag
from tasks.fetching.extraction.extract import extract
from tasks.fetching.extraction.links import base_of, resolve
from tasks.fetching.extraction.markup_limits import exceeds_dom_limits
from tests.fetching.extraction.samples import URL, article, paragraph, read, source


def test_an_article_is_read_without_its_surroundings() -> None:
    document = read(article())
    assert document.markdown.startswith("# Harbour notes\n")
    assert "Nav one" not in document.markdown
    assert (document.kind, document.flags, document.title) == ("html", (), "Harbour notes")


@pytest.mark.parametrize(
    ("href", "target"),
    [
        ("/x", "https://site.test/x"),
        ("y.html", "https://site.test/blog/y.html"),
        ("../z?a=1&amp;b=2", "https://site.test/z?a=1&b=2"),
        ("//cdn.test/k", "https://cdn.test/k"),
        ("#part", "https://site.test/blog/post.html#part"),
        ("https://other.test/a(b)", "<https://other.test/a(b)>"),
        ("mailto:crew@site.test", "mailto:crew@site.test"),
        (" \n/sp ace ", "https://site.test/sp%20ace"),
        ("\\back", "https://site.test/back"),
    ],
)
def test_a_link_becomes_absolute(href: str, target: str) -> None:
    document = read(article(f'<p>Before the <a href="{href}">anchor text</a> and after, some words.</p>'))
    assert f"[anchor text]({target})" in document.markdown


@pytest.mark.parametrize(
    "href", ["javascript:alert(1)", "JaVaScRiPt:x", "data:text/html,x", "vbscript:x", "http://["]
)
def test_a_dangerous_or_broken_link_keeps_only_its_text(href: str) -> None:
    document = read(article(f'<p>Before the <a href="{href}">anchor text</a> and after, some words.</p>'))
    assert "Before the anchor text and after" in document.markdown


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("https://cdn.test/v2/", "https://cdn.test/v2/x"),
        ("/docs/", "https://site.test/docs/x"),
        ("javascript:1", "https://site.test/blog/x"),
    ],
)
def test_links_are_resolved_against_the_first_base(base: str, expected: str) -> None:
    head = f'<base href="{base}"><base href="https://second.test/">'
    document = read(article('<p>Words around the <a href="x">anchor</a> here.</p>', head=head))
    assert expected in document.links


def test_links_are_unique_absolute_and_without_jumps_in_the_page() -> None:
    inner = '<p><a href="/x">a</a> <a href="/x">b</a> <a href="#s">c</a> <a href="#/route">d</a> <a href="mailto:a@b.c">e</a></p>'
    assert read(article(inner)).links == (
        "https://site.test/a",
        "https://site.test/b",
        "https://site.test/x",
        f"{URL}#/route",
    )


def test_at_most_5000_links_are_kept() -> None:
    inner = "".join(f'<a href="/{number}">x</a> ' for number in range(6_000))
    assert len(read(article(f"<p>{inner}</p>")).links) == 5_000


def test_code_blocks_are_verbatim_and_keep_their_language() -> None:
    code = "def f(x):\n\n\n    return '[a](/b) &amp;amp; *c*'\n"
    document = read(article(f'<pre><code class="language-python">{code}</code></pre>'))
    assert "```python\ndef f(x):\n\n\n    return '[a](/b) &amp; *c*'\n```" in document.markdown


def test_a_code_block_with_a_fence_inside_gets_a_longer_fence() -> None:
    assert "````\n```\nx\n```\n````" in read(article("<pre><code>```\nx\n```</code></pre>")).markdown


def test_highlighted_code_loses_its_spans_only() -> None:
    code = '<pre class="highlight"><span class="k">if</span> x:<br>  <b>y</b>()</pre>'
    assert "if x:\n  y()" in read(article(code)).markdown


def test_escaped_entities_in_prose_stay_text() -> None:
    assert (
        "write &lt;b&gt; here"
        in read(article("<p>You write &amp;lt;b&amp;gt; here in the text.</p>")).markdown
    )


@pytest.mark.parametrize(
    "opening",
    [
        '<div style="display:none">',
        '<div style="color:red; DISPLAY : none !important">',
        "<div hidden>",
        '<div aria-hidden="true">',
        '<p style="visibility: hidden">',
        '<p style="position:absolute; left:-9999px">',
        '<p style="text-indent:-9999px">',
        '<p style="width:0;height:0;overflow:hidden">',
        '<span style="font-size:0px">',
        '<p style="position:absolute;clip:rect(0 0 0 0)">',
    ],
)
def test_hidden_text_is_dropped(opening: str) -> None:
    tag = opening[1:].split(maxsplit=1)[0].rstrip(">")
    document = read(article(f"{opening}Secret orders for the reader of this page.</{tag}>"))
    assert "Secret orders" not in document.markdown


@pytest.mark.parametrize(
    "opening",
    [
        '<p style="opacity:0">',
        '<p hidden="until-found">',
        '<p style="max-width:0;min-height:0">',
        '<p style="position:absolute;left:-5px">',
        '<p aria-hidden="false">',
    ],
)
def test_text_that_can_be_seen_is_kept(opening: str) -> None:
    assert (
        "Plain words that count"
        in read(article(f"{opening}Plain words that count, all of them.</p>")).markdown
    )


def test_a_page_that_hides_itself_until_its_script_ran_is_read_and_flagged() -> None:
    page = f'<html><body><div style="display:none">{paragraph(1)}{paragraph(2)}</div></body></html>'
    document = read(page)
    assert "gravel" in document.markdown
    assert Flag.HIDDEN_KEPT in document.flags


def test_nested_hidden_nodes_do_no_harm() -> None:
    nested = (
        '<div hidden><svg><g hidden></g></svg><p hidden>x<span style="display:none">y</span></p></div>' * 20
    )
    assert "harbour" in read(article(nested)).markdown


def test_a_page_without_article_is_converted_whole() -> None:
    document = read(
        "<title>Oops</title><h1>Sorry</h1><p>Try <a href='/home'>the <b>start</b> page</a>.</p><ul><li>a<li>b</ul>"
    )
    assert document.markdown == "# Sorry\n\nTry [the **start** page](https://site.test/home).\n\n- a\n- b\n"
    assert Flag.FALLBACK_USED in document.flags


def test_the_whole_body_keeps_lists_quotes_tables_and_code() -> None:
    page = (
        "<ol><li>x<li>y<ul><li>z</ul></ol><blockquote><p>q</p></blockquote>"
        "<table><tr><th>A<th>B<tr><td>1|2<td><p>3</table><pre>a\n\n  b</pre><p># no heading</p>"
    )
    assert read(page).markdown == (
        "1. x\n2. y\n  - z\n\n> q\n\n| A | B |\n| --- | --- |\n| 1|2 | 3 |\n\n```\na\n\n  b\n```\n\n\\# no heading\n"
    )


@pytest.mark.parametrize(
    "page", ["", " \n ", "<html></html>", "<body></body>", "<script>x()</script>", "<!-- x -->"]
)
def test_an_empty_page_is_an_empty_document(page: str) -> None:
    document = read(page)
    assert (document.markdown, document.kind, document.quality) == ("", "empty", 0.0)


def test_a_huge_colspan_is_no_wide_table() -> None:
    table = '<table><tr><th>a</th></tr><tr><td colspan="9007199254740991">b</td></tr></table>'
    assert read(article(table)).markdown.count("|") < 12


@pytest.mark.parametrize(
    ("markup", "over"),
    [
        ("<div>" * 513, True),
        ("<div>" * 512, False),
        ("</div>" * 2_000 + "<div>" * 600, True),
        ("<div></div>" * 50_000, False),
        ("<p>x" * 100_001, True),
        ("<p>" * 10_000, False),
        ("<br>" * 20_000, False),
        ("<p " + "a " * 2_000 + ">", True),
        (f'<p data-x="{"word " * 5_000}">', False),
        ("a < b " * 1_000, False),
        ("x" * 5_000_001, True),
    ],
)
def test_the_limits_of_a_dom_are_told_from_the_text(markup: str, over: bool) -> None:
    assert exceeds_dom_limits(markup) is over


@pytest.mark.parametrize(
    "body",
    [
        "<div>" * 100_000 + "deep words" + "</div>" * 100_000,
        "<p " + " ".join(f"a{number}=1" for number in range(200_000)) + ">deep words",
        "<p>" + "deep words " * 300_000,
        "<b>" * 50_000 + "deep words",
        "<table><tr><td>" * 5_000 + "deep words",
        "<script>" * 20_000 + "</script>deep words",
        "deep words<" + "<" * 500_000,
    ],
)
def test_hostile_markup_is_read_or_refused_quickly(body: str) -> None:
    document = read(f"<title>T</title>{body}")
    assert document.kind in ("html", "empty")


def test_a_page_over_the_limits_gives_its_bare_text() -> None:
    document = read("<title>A &amp; B</title><script>no()</script>" + "<div>" * 600 + "deep words<br>more")
    assert (document.title, document.markdown) == ("A & B", "deep words\n\nmore\n")
    assert {Flag.DOM_LIMIT, Flag.FALLBACK_USED} <= set(document.flags)


def test_bare_text_that_was_cut_says_so() -> None:
    document = read("<title>T</title>" + "<div>" * 600 + "deep words " * 300_000)
    assert Flag.TRUNCATED in document.flags
    assert len(document.markdown) <= 2_000_001
    assert document.quality < 1


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("# a", "\\# a"),
        ("- a", "\\- a"),
        ("12. a", "12\\. a"),
        ("in 2025. Then", "in 2025. Then"),
        ("a - b", "a - b"),
        ("#tag", "#tag"),
        ("3.14 is pi", "3.14 is pi"),
    ],
)
def test_prose_that_looks_like_a_block_is_escaped_at_its_start_only(text: str, markdown: str) -> None:
    assert read(f"<p>{text}</p>").markdown == f"{markdown}\n"


def test_a_very_large_article_is_converted_without_the_article_extractor() -> None:
    document = read(article("".join(paragraph(number) for number in range(7_000))))
    assert Flag.FALLBACK_USED in document.flags
    assert "in year 48993." in document.markdown


def test_the_plain_effort_never_builds_a_tree_but_keeps_title_text_and_links() -> None:
    page = article('<p>See <a href="https://other.test/x?a=1&amp;b=2">this</a> here.</p>')
    document = extract(source(page), effort=Effort.PLAIN)
    assert document.title == "Harbour notes"
    assert "harbour master" in document.markdown
    assert document.links == ("https://other.test/x?a=1&b=2",)


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x7f", "\x85", "\u2028", "\x0b"])
def test_control_characters_never_reach_the_document(character: str) -> None:
    document = read(article(f"<p>Some {character} words in the middle of it all.</p>"))
    assert character not in document.markdown


def test_bidi_and_tag_characters_survive_as_valid_utf_8() -> None:
    document = read(article("<p>Some \u202e words \U000e0041 in the middle of it all.</p>"))
    assert document.markdown.encode().decode() == document.markdown


def test_a_base_that_is_no_web_address_is_ignored() -> None:
    assert base_of("data:text/html,x", URL) == URL


@given(st.text(max_size=80))
def test_any_target_resolves_to_a_kept_scheme_or_to_nothing(target: str) -> None:
    resolved = resolve(target, URL)
    assert resolved is None or resolved.startswith(("http:", "https:", "mailto:", "tel:", "ftp:"))


SOUP = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "<p>",
                "</p>",
                "<div>",
                "<b>",
                "</b>",
                "<a",
                "href=x>",
                "</a>",
                "<table>",
                "<tr>",
                "<td>",
                "<pre>",
                "</pre>",
                "<code>",
                "<ul>",
                "<li>",
                "<script>",
                "</script>",
                "<style>",
                "<svg>",
                "<!--",
                "-->",
                "<h1>",
                "<br>",
                "<base",
                "href=//b>",
                "<blockquote>",
                "<template>",
                "<select>",
                "<math>",
                "<![CDATA[",
                "<p",
                "hidden>",
                "<noscript>",
                "<frameset>",
                "<title>",
                "</body>",
                "<plaintext>",
                "<textarea>",
                "<i>",
                "<em>",
                "&lt;",
                "&#0;",
                "&amp;",
            ]
        ),
        st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20),
        st.just(paragraph(3)),
    ),
    max_size=40,
).map("".join)


@settings(max_examples=120, deadline=None)
@given(SOUP)
def test_any_tag_soup_gives_a_clean_document(soup: str) -> None:
    document = read(f"<html>{soup}")
    assert not any(ord(sign) < 32 and sign not in "\n\t" for sign in document.markdown)
    assert 0 <= document.quality <= 1
