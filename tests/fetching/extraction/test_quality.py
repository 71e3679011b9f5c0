import pytest

from tasks.fetching.extraction.document import Flag
from tests.fetching.extraction.samples import article, paragraph, read

CHALLENGE = (
    "<title>Just a moment...</title><body><h1>site.test</h1><p>Checking your browser before accessing.</p>"
    "<script src='/cdn-cgi/challenge-platform/h/b'></script></body>"
)
LOGIN = "<title>Sign in</title><form><label>Log in to continue</label><input type=password><button>Go</button></form>"
SCRIPT = "<body><div id=root></div><noscript>You need to enable JavaScript to run this app.</noscript></body>"
SHELL = '<body><div id="app"></div><script src="/main.js"></script></body>'
MISSING = "<title>404 Not Found</title><h1>Page not found</h1><p>It may have moved.</p>"
PAYWALL = article(
    "<p>Subscribe to continue reading this story. Already a subscriber? Log in.</p>", paragraphs=2
)
LOCKED = article(
    head='<script type="application/ld+json">{"@type":"Article","isAccessibleForFree":"False"}</script>'
)


@pytest.mark.parametrize(
    ("page", "flag"),
    [
        (CHALLENGE, Flag.CHALLENGE),
        ("<title>Attention Required!</title><p>Verify you are human.</p>", Flag.CHALLENGE),
        (LOGIN, Flag.LOGIN_WALL),
        (SCRIPT, Flag.JS_REQUIRED),
        (SHELL, Flag.JS_REQUIRED),
        ("<p>Please enable JavaScript to view this site.</p>", Flag.JS_REQUIRED),
        (MISSING, Flag.SOFT_404),
        ("<h1>Sorry</h1><p>This page does not exist.</p>", Flag.SOFT_404),
        ("<h1>Oops</h1><p>The product is no longer available.</p>", Flag.SOFT_404),
        (PAYWALL, Flag.PAYWALL),
        (LOCKED, Flag.PAYWALL),
        ("<p>Just a line.</p>", Flag.SHORT),
    ],
)
def test_a_page_of_this_kind_is_flagged(page: str, flag: Flag) -> None:
    assert flag in read(page).flags


ABOUT_CAPTCHAS = (
    "<p>Sites ask you to verify you are human, or say: checking your browser. Just a moment...</p>"
)
ABOUT_ERRORS = "<p>A 404 means that the page was not found; it does not exist or is no longer available.</p>"
ABOUT_SCRIPT = "<p>Some sites require JavaScript, and when JavaScript is disabled they stay white.</p>"
ABOUT_LOGIN = "<p>Users sign in with a password, then log in again.</p><form><input type=password></form>"


@pytest.mark.parametrize("text", [ABOUT_CAPTCHAS, ABOUT_ERRORS, ABOUT_SCRIPT, ABOUT_LOGIN, ""])
def test_an_article_about_such_pages_is_not_taken_for_one(text: str) -> None:
    assert read(article(text, paragraphs=6)).flags == ()


def test_a_page_that_also_works_without_script_needs_none() -> None:
    page = article("<noscript>Please enable JavaScript for comments.</noscript>", paragraphs=6)
    assert Flag.JS_REQUIRED not in read(page).flags


def test_free_articles_are_no_paywall() -> None:
    head = '<script type="application/ld+json">{"@type":"Article","isAccessibleForFree":"True"}</script>'
    assert Flag.PAYWALL not in read(article(head=head)).flags


def test_quality_is_the_share_of_the_visible_text() -> None:
    sidebar = (
        "<aside>"
        + "".join(f'<p><a href="/{number}">Teaser {number} words</a></p>' for number in range(400))
        + "</aside>"
    )
    whole = read(article(paragraphs=8)).quality
    part = read(article(paragraphs=8).replace("</main>", f"{sidebar}</main>")).quality
    assert part < whole - 0.2


def test_a_title_and_metadata_raise_the_score() -> None:
    body = f"<body><article>{paragraph(1)}{paragraph(2)}</article><aside>{'<p>x y z</p>' * 60}</aside></body>"
    bare = read(body).quality
    titled = read(f"<title>T</title>{body}").quality
    described = read(f"<title>T</title><meta name=description content=d>{body}").quality
    assert (round(titled - bare, 3), round(described - titled, 3)) == (0.05, 0.1)
