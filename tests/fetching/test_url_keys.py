from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tasks.fetching.urls import MAX_URL_BYTES, cache_key, mask_secrets, parse
from tests.fetching.url_strategies import any_urls, near_urls, parsed_or_skip


@settings(max_examples=300)
@given(any_urls)
@example("http://host.test/%2561%7E")
@example("foo:%2e/..//p")
@example("data://%2e")
@example("http://host.test/%%30a%3%30%%30%30%%%41b")
def test_the_cache_key_of_a_cache_key_is_itself(text: str) -> None:
    key = cache_key(parsed_or_skip(text))
    assume(len(key) <= MAX_URL_BYTES)
    assert cache_key(parse(key)) == key


@settings(max_examples=300)
@given(st.text("%0aA3g7eE~&", max_size=12))
@example("%%30a%3%30")
def test_a_cache_key_still_means_the_same_resource(path: str) -> None:
    url = parse(f"http://host.test/{path}")
    assert unquote_to_bytes(cache_key(url)) == unquote_to_bytes(url.href)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://Host.TEST/a", "http://host.test/a"),
        ("http://host.test:80/a", "http://host.test/a"),
        ("https://host.test:443", "https://host.test/"),
        ("http://host.test/%7Euser", "http://host.test/~user"),
        ("http://host.test/?q=%61", "http://host.test/?q=a"),
        ("http://host.test/%c3%a9", "http://host.test/%C3%A9"),
        ("http://host.test/é", "http://host.test/%C3%A9"),
        ("http://host.test/a/../b/./c", "http://host.test/b/c"),
        ("http://host.test/a/%2e%2E/b", "http://host.test/b"),
        ("http://host.test/a#one", "http://host.test/a#two"),
        ("http://me:pw@host.test/", "http://host.test/"),
        ("http://host.test./", "http://host.test/"),
    ],
)
def test_two_spellings_of_one_resource_share_a_cache_key(one: str, other: str) -> None:
    assert cache_key(parse(one)) == cache_key(parse(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://host.test/?a=1&b=2", "http://host.test/?b=2&a=1"),
        ("http://host.test/", "https://host.test/"),
        ("http://host.test/", "http://host.test:8080/"),
        ("http://host.test/a", "http://host.test/A"),
        ("http://host.test/a", "http://host.test/a/"),
        ("http://host.test/a%2Fb", "http://host.test/a/b"),
        ("http://host.test/?a%26b", "http://host.test/?a&b"),
        ("http://host.test/", "http://host.test/?"),
        ("http://host.test/%2561", "http://host.test/%61"),
        ("http://host.test/%%30a", "http://host.test/%0a"),
        ("http://host.test/%3%30", "http://host.test/%30"),
        ("http://host.test/%%33%30", "http://host.test/0"),
        ("http://www.host.test/", "http://host.test/"),
    ],
)
def test_two_resources_have_two_cache_keys(one: str, other: str) -> None:
    assert cache_key(parse(one)) != cache_key(parse(other))


@pytest.mark.parametrize(
    "name",
    [
        *("api_key", "apikey", "API-Key", "api.key", "access_token", "token", "t%6Fken", "user[token]"),
        *("client_secret", "password", "pwd", "sig", "X-Amz-Signature", "X-Amz-Security-Token"),
        "AWSAccessKeyId",
    ],
)
@pytest.mark.parametrize(
    "shape", ["http://h/p?{}=s3cr&et=1", "http://h/?a=1&{}=s3cr", "http://h/#{}=s3cr&b=2"]
)
def test_the_value_of_a_secret_parameter_is_masked(name: str, shape: str) -> None:
    text = shape.format(name)
    assert mask_secrets(text) == text.replace("s3cr", "***")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("http://h/?a=1;token=x", "http://h/?a=1;token=***"),
        ("http://h/?token=x;y?z&b=2", "http://h/?token=***&b=2"),
        ("http://h/?token=x#token=y", "http://h/?token=***#token=***"),
        ("http://h/?next=/p?token=x", "http://h/?next=/p?token=***"),
        ("http://h/?token=a=b", "http://h/?token=***"),
        ("https://me:pw@h/x", "https://***@h/x"),
        ("http:\\\\me:p@w@h/", "http:\\\\***@h/"),
    ],
)
def test_masking_leaves_no_end_of_a_secret_behind(text: str, masked: str) -> None:
    assert mask_secrets(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "http://h/a?q=tokens&page=2",
        "http://h/token=x&secret=y",
        "http://h/?token",
        "http://h/@user?mail=a@b.test",
        "http://h/?design=2&author=x&key=3",
        "no url at all",
    ],
)
def test_a_text_without_secrets_is_not_changed(text: str) -> None:
    assert mask_secrets(text) == text


@settings(max_examples=200)
@given(
    st.text(st.characters(exclude_characters="&#"), min_size=1, max_size=30).map("0xSECRET{}".format),
    near_urls,
)
def test_no_secret_value_survives_masking(secret: str, rest: str) -> None:
    assert "0xSECRET" not in mask_secrets(f"http://h.test/?access_token={secret}&x={rest}")


@settings(max_examples=200)
@given(any_urls)
def test_masking_twice_is_masking_once(text: str) -> None:
    assert mask_secrets(mask_secrets(text)) == mask_secrets(text)
