"""Texts that are URLs, nearly URLs, or not at all, for property tests."""

from hypothesis import assume
from hypothesis import strategies as st

from tasks.fetching.errors import InvalidUrl
from tasks.fetching.urls import Url, parse

# A grammar of near-URLs finds more than plain random text, of which hardly any parses.
url_pieces = st.sampled_from(
    [
        *("http:", "HTTPS:", "file:", "ftp:", "data:", "foo:", "//", "/", "\\", "user:pw@", "@", "Host.Test"),
        *("[::1]", "127.1", "0x7f", "例え.テスト", "xn--bcher-kva", "a..b", ".", "..", "\u3002", "\u3000"),
        *("%2e", "%2E%2e", "%41", "%7e", "%c3", "%", ":80", ":443", ":8080", ":0", "?", "#", "&", "=", ";"),
        *("é", "|", "'", "{", "^", "~", " ", "x y"),
    ]
)
near_urls = st.lists(url_pieces, max_size=12).map("".join)
any_urls = near_urls | near_urls.map("http://host.test/".__add__) | st.text(max_size=60)


def parsed_or_skip(text: str) -> Url:
    """The URL that `text` means; ends the example if it means none."""
    try:
        return parse(text)
    except InvalidUrl:
        assume(False)
        raise
