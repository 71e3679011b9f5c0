"""Hosts are read as browsers read them, and what could be read in two ways has no host."""

import re
from pathlib import Path

import ada_url
import publicsuffixlist
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from workspace.core.hosts import (
    MAX_TEXT,
    Target,
    display_host,
    is_ip,
    is_local_name,
    is_public_suffix,
    parse_host,
    parse_target,
    registrable_domain,
    shared_hosting_suffix,
)

PIECES = st.sampled_from(
    [
        *("http:", "HTTPS://", "file:", "mailto:", "javascript:", "foo:", "//", "/", "\\", "user:pw@", "@"),
        *(
            "example.com",
            "www.",
            "Example",
            "xn--bcher-kva",
            "xn--a",
            "bücher",
            "ß",
            "。",
            "．",
            ".",
            "..",
            "*",
        ),
        *(
            "[::1]",
            "::1",
            "127.1",
            "0x7f",
            "09",
            "1.2.3.4",
            ":80",
            ":",
            ":99999",
            "?",
            "#",
            "%2e",
            "%00",
            " ",
        ),
        *("\t", "\ud800", "\N{SOFT HYPHEN}", "_", "-", "a" * 64),
    ]
)
NEAR_URLS = st.lists(PIECES, max_size=8).map("".join)
TEXTS = NEAR_URLS | st.text(max_size=40)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("Example.COM", "example.com"),
        ("https://example.com./x", "example.com"),
        ("//example.com/x", "example.com"),
        ("\\\\example.com\\x", "example.com"),
        ("https:example.com", "example.com"),
        ("https://user:pw@example.com:1/", "example.com"),
        ("example.com#@evil.net", "example.com"),
        ("example.com:8443", "example.com"),
        ("localhost:3000/x", "localhost"),
        ("%65xample.com", "example.com"),
        ("exam\N{SOFT HYPHEN}ple.com", "example.com"),
        ("straße.de", "xn--strae-oqa.de"),
        ("0x7f.1", "127.0.0.1"),
        ("1.2.3.4.", "1.2.3.4"),
        ("2001:0DB8:0:0:0:0:0:1", "2001:db8::1"),
        ("::1/x", "::1"),
        ("fe80::1", "fe80::1"),
        ("::ffff:127.0.0.1", "::ffff:7f00:1"),
        ("\x00 example.com\n", "example.com"),
        ("r3---sn-x.example.com", "r3---sn-x.example.com"),
    ],
)
def test_host_of_a_text(text: str, host: str) -> None:
    assert parse_host(text) == host


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            ".",
            "..",
            "/example.com",
            "\\example.com",
            "?example.com",
            "#example.com",
            "https://",
            "//",
        ),
        *("a..b", ".example.com", "example.com..", "*.example.com", "＊.example.com", "a=b.com", "a!b.com"),
        *("exa mple.com", "exam\tple.com", "https://example.com/a\nb", "a%00b.com", "\ud800.com"),
        *("xn--a.com", "xn--.com", "xn--zzzzzz99.com", "1.127.0.0.1", "example.09", "example.com:99999"),
        *(
            "[::1%25eth0]",
            "[::1",
            "1:2:3",
            "a" * 64 + ".com",
            "a." * 130 + "com",
            "example.com/" + "x" * MAX_TEXT,
        ),
        *(
            "mailto:x@example.com",
            "ftp://example.com",
            "file:///etc",
            "javascript:1",
            "data:80",
            "wss://example.com",
        ),
        *(
            "user:pw@example.com",
            "example.com:pw@evil.net",
            "blob:https://example.com/1",
            "view-source:example.com",
        ),
    ],
)
def test_text_without_a_valid_web_host(text: str) -> None:
    assert parse_host(text) is None


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("HTTP://Example.com/x", Target("http", "example.com")),
        ("example.com", Target("https", "example.com")),
        ("https://user@example.com", Target("https", "example.com", has_userinfo=True)),
        ("mailto:x@example.com", Target("mailto", "")),
        ("JavaScript:alert(1)//example.com", Target("javascript", "")),
        ("javascript:1", Target("javascript", "")),
        ("ftp://example.com/x", Target("ftp", "example.com")),
        ("file:///etc", Target("file", "")),
        ("foo://[", Target("foo", "")),
        ("user:pw@example.com", Target("user", "")),
        ("https://exa mple.com", None),
        ("/relative", None),
    ],
)
def test_target_tells_the_scheme_so_that_a_caller_can_refuse_by_it(text: str, target: Target | None) -> None:
    assert parse_target(text) == target


@settings(deadline=None)
@given(TEXTS)
@example("https://bücher.example.com.:80/")
@example("[::1]")
@example("0x7f.1")
def test_the_host_of_a_host_is_itself(text: str) -> None:
    host = parse_host(text)
    assert host is None or parse_host(host) == host


@settings(deadline=None)
@given(TEXTS)
def test_host_and_target_tell_the_same(text: str) -> None:
    target = parse_target(text)
    web_host = target.host if target and target.scheme in {"http", "https"} else None
    assert parse_host(text) == web_host


LABELS = st.text("abx01-_n", min_size=1, max_size=6) | st.sampled_from(
    ["xn--a", "xn--bcher-kva", "0x1", "123"]
)
ASCII_HOSTS = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
HOST_OR_URL = st.tuples(
    st.sampled_from(["", "http://", "https://"]), ASCII_HOSTS, st.sampled_from(["", "/x?@#:"])
)


@settings(deadline=None)
@given(HOST_OR_URL.map("".join))
@example("http://a.0x1/")
@example("a.1")
def test_the_quick_reading_of_plain_hosts_is_that_of_the_url_parser(text: str) -> None:
    host = parse_host(text)
    try:
        name = ada_url.URL(text if "://" in text else f"https://{text}").hostname
    except ValueError:
        name = None
    if host is None:  # the one thing refused beyond the parser here: labels that only look like punycode
        assert name is None or "xn--" in name
    else:
        assert host == name


def _published() -> list[tuple[str, str]]:
    """The test cases that the public suffix list publishes, for names that are hosts."""
    folder = Path(publicsuffixlist.__file__).parent
    cases = (folder / "test_psl.txt").read_text(encoding="utf-8")
    pairs = re.findall(r"^checkPublicSuffix\('([^.'][^']*)', (null|'[^']*')\);", cases, re.MULTILINE)
    return [(name, name if domain == "null" else domain.strip("'")) for name, domain in pairs]


def test_published_cases_are_there() -> None:
    assert len(_published()) > 60


@pytest.mark.parametrize(("name", "domain"), _published())
def test_registrable_domain_of_the_published_cases(name: str, domain: str) -> None:
    assert registrable_domain(str(parse_host(name))) == parse_host(domain)


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("docs.alice.github.io", "alice.github.io"),
        ("x.demo.vercel.app", "demo.vercel.app"),
        ("localhost", "localhost"),
        ("app.localhost", "app.localhost"),
        ("intranet", "intranet"),
        ("192.168.1.5", "192.168.1.5"),
        ("2001:db8::1", "2001:db8::1"),
        ("github.io", "github.io"),
        ("www.xn--bcher-kva.de", "xn--bcher-kva.de"),
    ],
)
def test_registrable_domain_of_private_suffixes_and_of_what_has_no_owner(host: str, domain: str) -> None:
    assert registrable_domain(host) == domain


@pytest.mark.parametrize("host", ["com", "co.uk", "github.io", "vercel.app", "x.ck", "xn--p1ai"])
def test_public_suffixes(host: str) -> None:
    assert is_public_suffix(host)


@pytest.mark.parametrize("host", ["example.com", "www.ck", "localhost", "intranet", "127.0.0.1", "::1"])
def test_hosts_that_are_no_public_suffixes(host: str) -> None:
    assert not is_public_suffix(host)


@pytest.mark.parametrize(
    ("host", "suffix"),
    [("a.demo.vercel.app", "vercel.app"), ("example.co.uk", None), ("example.com", None), ("::1", None)],
)
def test_shared_hosting_suffix_is_not_that_of_a_registry(host: str, suffix: str | None) -> None:
    assert shared_hosting_suffix(host) == suffix


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "2001:db8::1", "0.0.0.0"])
def test_addresses(host: str) -> None:
    assert is_ip(host)


@pytest.mark.parametrize("host", ["example.com", "localhost", "a1.b2", "x.0a"])
def test_names_are_no_addresses(host: str) -> None:
    assert not is_ip(host)


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "app.localhost", "shop.test", "127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "::"),
        "::ffff:7f00:1",
    ],
)
def test_local_names(host: str) -> None:
    assert is_local_name(host)


@pytest.mark.parametrize(
    "host",
    ["example.com", "notlocalhost", "localhost.example.com", "192.168.0.1", "fe80::1", "contest", "::2"],
)
def test_names_of_other_machines_are_not_local(host: str) -> None:
    assert not is_local_name(host)


@pytest.mark.parametrize(
    "text",
    [
        "bücher.de",
        "例え.jp",
        "пример.рф",
        "中国.cn",
        "한국.kr",
        "ștefan.ro",
        "việt.vn",
        "עברית.co.il",
        "plain.com",
    ],
)
def test_honest_names_are_shown_in_their_own_script(text: str) -> None:
    assert display_host(str(parse_host(text))) == text


@pytest.mark.parametrize(
    "text",
    [
        *(
            "аррӏе.com",
            "раураl.com",
            "bücher.аррӏе.com",
            "αβγ.com",
            "ıstanbul.com",
            "☃.net",
            "a\N{KATAKANA LETTER NO}b.jp",
        ),
        "googlе.com",
    ],
)
def test_names_that_could_pass_for_others_are_shown_in_ascii(text: str) -> None:
    host = str(parse_host(text))
    assert host.isascii()
    assert display_host(host) == host
