import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tasks.fetching.errors import InvalidUrl
from tasks.fetching.urls import Url, parse
from tests.fetching.url_strategies import any_urls, parsed_or_skip

BASE = "http://site.test/a/b?c=d"

octets = st.integers(0, 255)


def spellings(number: int) -> list[str]:
    """One IPv4 number in many of the forms that the WHATWG parser (URL 3.5) reads."""
    a, b, c, d = number.to_bytes(4)
    return [
        f"{a}.{b}.{c}.{d}",
        str(number),
        hex(number),
        f"0X{number:X}",
        f"0{number:o}",
        f"{a}.{number & 0xFFFFFF}",
        f"{a}.{b}.{number & 0xFFFF}",
        f"0x{a:x}.0{b:o}.{c}.0x{d:02x}",
        f"{a}.{b}.{c}.{d}.",
        "".join(f"%{ord(char):02X}" for char in f"{a}.{b}.{c}.{d}"),
        f"{a}。{b}．{c}｡{d}",
        str(number).translate({ord("0") + n: chr(0xFF10 + n) for n in range(10)}),
        f"[::ffff:{a}.{b}.{c}.{d}]",
    ]


@settings(max_examples=400)
@given(any_urls)
@example("data:x y  #z")
@example("http://host.test./?#")
@example("foo://a/./..//p")
def test_parsing_a_serialised_url_changes_nothing(text: str) -> None:
    url = parsed_or_skip(text)
    again = parse(url.href)
    assert (again.href, again.host, again.port, again.target, again.origin) == (
        url.href,
        url.host,
        url.port,
        url.target,
        url.origin,
    )


@settings(max_examples=400)
@given(any_urls)
def test_a_serialised_url_is_visible_ascii_without_userinfo_and_fragment(text: str) -> None:
    url = parsed_or_skip(text)
    authority = url.href.removeprefix(f"{url.scheme}://").partition("/")[0]
    assert re.fullmatch("[!-~]*" if url.scheme in ("http", "https", "file") else "[ -~]*", url.href)
    assert "#" not in url.href
    assert url.origin == "null" or authority == url.netloc


@settings(max_examples=300)
@given(any_urls)
def test_nothing_but_invalid_url_comes_out_of_a_bad_text(text: str) -> None:
    try:
        parse(text, BASE)
    except InvalidUrl as error:
        assert error.data["reason"] in {"invalid_url", "no_host"}


@settings(max_examples=100)
@given(octets, octets, octets, octets)
def test_every_spelling_of_an_ipv4_address_is_the_same_address(a: int, b: int, c: int, d: int) -> None:
    number = int.from_bytes((a, b, c, d))
    addresses = [parse(f"http://{host}/").address for host in spellings(number)]
    found = {getattr(address, "ipv4_mapped", None) or address for address in addresses}
    assert {str(address) for address in found} == {f"{a}.{b}.{c}.{d}"}


def test_a_url_comes_apart_into_its_parts() -> None:
    assert parse("HTTPS://me:pw@Example.COM:8443/a/./b?q=1#part") == Url(
        href="https://example.com:8443/a/b?q=1",
        scheme="https",
        host="example.com",
        port=8443,
        target="/a/b?q=1",
        origin="https://example.com:8443",
        fragment="part",
        had_userinfo=True,
    )


@pytest.mark.parametrize(
    ("text", "netloc"),
    [
        ("http://h.test/", "h.test"),
        ("http://h.test:80/", "h.test"),
        ("https://h.test:80/", "h.test:80"),
        ("https://[2606:4700::1]:443/", "[2606:4700::1]"),
        ("https://[2606:4700::1]:8443/", "[2606:4700::1]:8443"),
        ("file:///etc/hosts", ""),
    ],
)
def test_the_host_header_has_the_port_only_when_it_is_unusual(text: str, netloc: str) -> None:
    assert parse(text).netloc == netloc


@pytest.mark.parametrize(
    ("text", "port"),
    [("http://h/", 80), ("https://h/", 443), ("http://h:8080/", 8080), ("http://h:0/", 0), ("file:///x", 0)],
)
def test_the_port_is_the_effective_one(text: str, port: int) -> None:
    assert parse(text).port == port


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("http://h", "/"),
        ("http://h?q", "/?q"),
        ("http://h/?", "/?"),
        ("http://h/a b", "/a%20b"),
        ("http://h/é?é", "/%C3%A9?%C3%A9"),
        ("http://[::1]:8080/x", "/x"),
        ("file:///a/../b", "/b"),
    ],
)
def test_the_target_is_what_goes_on_the_request_line(text: str, target: str) -> None:
    assert parse(text).target == target


@pytest.mark.parametrize("host", ["h.test.", "H.TEST.", "h。test。", "h.test%2e"])
def test_one_trailing_dot_of_a_name_is_dropped_everywhere(host: str) -> None:
    url = parse(f"http://{host}:8080/")
    assert (url.host, url.netloc, url.href) == ("h.test", "h.test:8080", "http://h.test:8080/")


@pytest.mark.parametrize("host", [".", "..", "a..b", ".a", "a..", "ex。。test", "1.2.3.4.."])
def test_a_host_with_an_empty_label_is_refused(host: str) -> None:
    with pytest.raises(InvalidUrl):
        parse(f"http://{host}/")


@pytest.mark.parametrize(
    "host",
    [
        "a" * 64 + ".test",
        "ü" * 64 + ".test",
        "a." * 127 + "a",
        "xn--a",
        "xn--",
        "xn--zzzzzzz99999.test",
        "a\u200db",
        "\u00ad",
        "a%2fb",
        "a<b",
    ],
)
def test_a_name_that_dns_could_not_hold_is_refused(host: str) -> None:
    with pytest.raises(InvalidUrl):
        parse(f"http://{host}/")


@pytest.mark.parametrize(
    ("host", "ascii_host"),
    [
        ("bücher.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("аррӏе.example", "xn--80ak6aa92e.example"),
        ("a" * 63 + ".test", "a" * 63 + ".test"),
        ("under_score.test", "under_score.test"),
        ("ⓛocalhost", "localhost"),
    ],
)
def test_a_name_becomes_lower_case_ascii(host: str, ascii_host: str) -> None:
    assert parse(f"http://{host}/").host == ascii_host


@pytest.mark.parametrize(
    "text", ["http://", "http:///", "https://?q", "http://#f", "http://user@", "http://:80/"]
)
def test_a_missing_host_has_its_own_reason(text: str) -> None:
    with pytest.raises(InvalidUrl) as caught:
        parse(text)
    assert caught.value.data == {"reason": "no_host"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "example.com",
        "//example.com/",
        "http",
        "http://h:99999/",
        "http://[::1",
        "http://[fe80::1%25lo]/",
    ],
)
def test_what_is_no_absolute_url_is_refused(text: str) -> None:
    with pytest.raises(InvalidUrl) as caught:
        parse(text)
    assert caught.value.data == {"reason": "invalid_url"}


@pytest.mark.parametrize("control", ["\r", "\n", "\r\n", "\0", "\t", "\x1b"])
@pytest.mark.parametrize(
    "shape",
    ["http://ho{}st.test/", "http://host.test/a{}b", "http://us{}er@host.test/", "http://host.test/?a{}b"],
)
def test_a_control_character_inside_is_refused(shape: str, control: str) -> None:
    with pytest.raises(InvalidUrl):
        parse(shape.format(control))


def test_white_space_around_is_ignored() -> None:
    assert parse(" \n\thttp://host.test/ \r\n").href == "http://host.test/"


def test_half_a_character_is_refused() -> None:
    with pytest.raises(InvalidUrl):
        parse("http://host.test/\ud83d")


def test_a_url_of_8_kib_is_accepted() -> None:
    text = "http://host.test/".ljust(8192, "a")
    assert parse(text).href == text


@pytest.mark.parametrize("filler", ["a", "é", "\U0001f600"])
def test_a_url_over_8_kib_is_refused(filler: str) -> None:
    text = "http://host.test/" + filler * 8192
    with pytest.raises(InvalidUrl):
        parse(text)


def test_a_url_that_grows_over_8_kib_by_escaping_is_refused() -> None:
    with pytest.raises(InvalidUrl):
        parse("http://host.test/" + "é" * 3000)


@pytest.mark.parametrize(
    ("location", "href"),
    [
        ("/x", "http://site.test/x"),
        ("x", "http://site.test/a/x"),
        ("../../x", "http://site.test/x"),
        ("?q=1", "http://site.test/a/b?q=1"),
        ("", "http://site.test/a/b?c=d"),
        ("#part", "http://site.test/a/b?c=d"),
        ("//other.test", "http://other.test/"),
        ("\\\\other.test\\x", "http://other.test/x"),
        ("/\\other.test/x", "http://other.test/x"),
        ("/ä b", "http://site.test/%C3%A4%20b"),
        ("https:/x", "https://x/"),
        ("http:x", "http://site.test/a/x"),
    ],
)
def test_a_location_is_resolved_as_browsers_do(location: str, href: str) -> None:
    assert parse(location, BASE).href == href
