import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.fetching.cookies import MAX_COOKIES, CookieJar
from tasks.fetching.urls import parse

NOW = 1_700_000_000.0  # 14 November 2023
HOME = "http://a.example/dir/page"


def sent(line: str, *, to: str = HOME, by: str = HOME) -> str:
    jar = CookieJar(clock=lambda: NOW)
    jar.store(parse(by), [line])
    return jar.header(parse(to))


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("a=1", "a=1"),
        (" a = 1 ; HttpOnly", "a=1"),
        ("a=b=c", "a=b=c"),
        ('a="quoted"', 'a="quoted"'),
        ("a=", "a="),
        ("a=1; Max-Age=10", "a=1"),
        ("a=1; Max-Age=soon", "a=1"),
        ("a=1; Expires=Wed, 01 Jan 2098 00:00:00 GMT", "a=1"),
        ("a=1; Expires=whenever", "a=1"),
        ("a=1; Domain=elsewhere.example", "a=1"),
        ("a=1; Max-Age=0", ""),
        ("a=1; Max-Age=-5", ""),
        ("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", ""),
        ("a=1; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "a=1"),
        ("no-value", ""),
        ("=nameless", ""),
        ("a=\x01", ""),
        ("a=" + "x" * 5000, ""),
    ],
)
def test_a_cookie_line_means_this_to_its_own_page(line: str, value: str) -> None:
    assert sent(line) == value


@pytest.mark.parametrize(
    ("to", "is_sent"),
    [
        ("http://a.example/dir/other", True),
        ("http://a.example/dir/below/it?x=/", True),
        ("http://a.example/dir", True),
        ("http://a.example/directory", False),
        ("http://a.example/?x=/dir/", False),
        ("http://sub.a.example/dir/page", False),
        ("http://example/dir/page", False),
        ("http://a.example:8080/dir/page", False),
        ("https://a.example/dir/page", True),
        ("https://a.example:8443/dir/page", False),
    ],
)
def test_a_cookie_goes_back_to_its_host_port_and_folder_only(to: str, is_sent: bool) -> None:
    assert sent("a=1", to=to) == ("a=1" if is_sent else "")


def test_a_cookie_of_https_never_goes_out_in_clear() -> None:
    assert sent("a=1", by="https://a.example/", to="https://a.example/") == "a=1"
    assert sent("a=1", by="https://a.example/", to="http://a.example/") == ""


def test_a_secure_cookie_is_not_taken_from_http() -> None:
    assert sent("a=1; Secure", to="https://a.example/dir/page") == ""


@pytest.mark.parametrize("path", ["/", "/dir", "/dir/"])
def test_a_cookie_may_name_its_path(path: str) -> None:
    assert sent(f"a=1; Path={path}") == "a=1"
    assert sent(f"a=1; Path={path}x") == ""


def test_the_longest_path_comes_first_and_a_newer_value_replaces_an_older() -> None:
    jar = CookieJar(clock=lambda: NOW)
    jar.store(parse(HOME), ["a=old; Path=/", "b=2; Path=/dir", "a=new; Path=/"])

    assert jar.header(parse(HOME)) == "b=2; a=new"


def test_a_cookie_is_deleted_by_an_expired_one() -> None:
    jar = CookieJar(clock=lambda: NOW)
    jar.store(parse(HOME), ["a=1", "b=2", "a=; Max-Age=0"])

    assert jar.header(parse(HOME)) == "b=2"


def test_a_site_cannot_fill_the_jar_without_end() -> None:
    jar = CookieJar(clock=lambda: NOW)
    jar.store(parse(HOME), [f"c{number}=x" for number in range(10 * MAX_COOKIES)])

    assert jar.header(parse(HOME)).count("=") == MAX_COOKIES


@given(lines=st.lists(st.text(st.characters(max_codepoint=255), max_size=60), max_size=5))
def test_no_line_makes_a_header_that_breaks_out_of_its_field(lines: list[str]) -> None:
    jar = CookieJar(clock=lambda: NOW)
    jar.store(parse(HOME), lines)

    assert not set(jar.header(parse(HOME))) & set("\r\n\0")
