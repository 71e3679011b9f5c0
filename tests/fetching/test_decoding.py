import gzip
import zlib
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.fetching.decoding import GZIP_MEMBERS, BodyDecoder
from tasks.fetching.errors import BodyTooLarge, DecodeFailed, FetchError, Truncated
from tasks.fetching.limits import Limits

TEXT = b"The quick brown fox jumps over the lazy dog. " * 50


def raw_deflate(data: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflater.compress(data) + deflater.flush()


CODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "identity": bytes,
}


def decode(encodings: Iterable[str], data: bytes, *, step: int = 0, limits: Limits | None = None) -> bytes:
    decoder = BodyDecoder(encodings, limits or Limits())
    chunks = [data[i : i + step] for i in range(0, len(data), step)] if step else [data]
    return b"".join([decoder.feed(chunk) for chunk in chunks]) + decoder.finish()


@pytest.mark.parametrize("coding", CODERS)
@pytest.mark.parametrize("step", [0, 1, 7])
def test_a_body_comes_back_whatever_the_size_of_its_chunks(coding: str, step: int) -> None:
    assert decode([coding], CODERS[coding](TEXT), step=step) == TEXT


@pytest.mark.parametrize("step", [0, 1, 7])
def test_deflate_without_the_zlib_header_is_understood(step: int) -> None:
    assert decode(["deflate"], raw_deflate(TEXT), step=step) == TEXT


def test_raw_deflate_that_begins_like_a_zlib_header_is_understood() -> None:
    # A stored block whose first two bytes happen to be a valid zlib header: 0x78 0x01 is "stored, not final".
    body = b"x" * 0x01
    stored = bytes([0x78, 0x01, 0x00, 0xFE, 0xFF]) + body + b"\x03\x00"
    assert zlib.decompressobj(-zlib.MAX_WBITS).decompress(stored) == body

    assert decode(["deflate"], stored) == body


@pytest.mark.parametrize("step", [0, 1])
def test_gzip_members_in_a_row_are_one_body(step: int) -> None:
    assert decode(["gzip"], gzip.compress(b"one ") + gzip.compress(b"two"), step=step) == b"one two"


@pytest.mark.parametrize("step", [0, 1])
@pytest.mark.parametrize("padding", [b"\0\0\0\0", b"garbage", b"\x1f", b"\x1fgarbage"])
def test_padding_after_a_gzip_body_is_ignored(padding: bytes, step: int) -> None:
    assert decode(["gzip"], gzip.compress(TEXT) + padding, step=step) == TEXT


def test_a_body_of_endless_empty_gzip_members_is_refused() -> None:
    with pytest.raises(DecodeFailed):
        decode(["gzip"], gzip.compress(b"") * (GZIP_MEMBERS + 1))


@pytest.mark.parametrize("encodings", [["GZip"], ["identity, gzip"], ["", "gzip"], [" gzip ,"]])
def test_case_spaces_and_identity_do_not_matter_in_the_field(encodings: list[str]) -> None:
    assert decode(encodings, gzip.compress(TEXT)) == TEXT


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_an_empty_body_is_complete_in_every_coding(coding: str) -> None:
    assert decode([coding], b"") == b""


@pytest.mark.parametrize(
    "encodings", [["br"], ["zstd"], ["compress"], ["utf-8"], ["gzip, gzip"], ["gzip", "br"]]
)
def test_a_coding_that_was_not_asked_for_is_refused(encodings: list[str]) -> None:
    with pytest.raises(DecodeFailed):
        BodyDecoder(encodings, Limits())


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_plain_body_called_compressed_fails(coding: str) -> None:
    with pytest.raises(DecodeFailed):
        decode([coding], b"<!doctype html><title>plain</title>")


def test_a_wrong_checksum_fails() -> None:
    body = bytearray(gzip.compress(TEXT))
    body[-8] ^= 0xFF

    with pytest.raises(DecodeFailed):
        decode(["gzip"], bytes(body))


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_compressed_body_cut_anywhere_is_truncated(coding: str, data: st.DataObject) -> None:
    whole = CODERS[coding](TEXT)
    cut = data.draw(st.integers(1, len(whole) - 1))

    with pytest.raises(Truncated):
        decode([coding], whole[:cut])


@pytest.mark.parametrize("coding", ["gzip", "deflate", "identity"])
@settings(max_examples=40, deadline=None)
@given(body=st.binary(max_size=3000), step=st.integers(1, 400))
def test_coding_and_decoding_is_a_round_trip(coding: str, body: bytes, step: int) -> None:
    assert decode([coding], CODERS[coding](body), step=step) == body


@settings(max_examples=100, deadline=None)
@given(
    coding=st.sampled_from(["gzip", "deflate", "identity"]),
    body=st.binary(max_size=500),
    n_repeats=st.integers(1, 200),
    step=st.integers(1, 5000),
    cap=st.integers(1, 20_000),
)
def test_no_more_than_the_bound_is_ever_given_out(
    coding: str, body: bytes, n_repeats: int, step: int, cap: int
) -> None:
    limits = Limits(decoded_bytes=cap, ratio_floor_bytes=0, ratio=10)
    data = CODERS[coding](body * n_repeats)
    decoder = BodyDecoder([coding], limits)
    n_out = 0
    try:
        for start in range(0, len(data), step):
            n_out += len(decoder.feed(data[start : start + step]))
    except BodyTooLarge as error:
        assert error.data["bytes_seen"] <= error.data["limit_bytes"] + (step if coding == "identity" else 1)

    assert n_out <= cap


@settings(max_examples=150, deadline=None)
@given(
    coding=st.sampled_from(["gzip", "deflate"]),
    chunks=st.lists(st.binary(max_size=60), max_size=6),
    flip=st.booleans(),
)
def test_garbage_ends_in_a_typed_error_or_a_body(coding: str, chunks: list[bytes], flip: bool) -> None:
    decoder = BodyDecoder([coding], Limits())
    start = CODERS[coding](b"some text") if flip else b""
    try:
        out = [decoder.feed(chunk) for chunk in (start, *chunks)]
        decoder.finish()
    except FetchError as error:
        assert isinstance(error, DecodeFailed | Truncated)
    else:
        assert b"".join(out) == b"some text" or not start


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_bomb_stops_at_the_ratio(coding: str) -> None:
    bomb = CODERS[coding](bytes(64 * 1024 * 1024))

    with pytest.raises(BodyTooLarge) as caught:
        decode([coding], bomb, step=64 * 1024)

    assert caught.value.data["what"] == "ratio"


def test_a_small_body_may_shrink_by_any_ratio() -> None:
    body = bytes(1024 * 1024)

    assert decode(["gzip"], gzip.compress(body)) == body


def test_a_decoded_body_over_the_bound_says_how_much_was_seen() -> None:
    limits = Limits(decoded_bytes=1000)

    with pytest.raises(BodyTooLarge) as caught:
        decode(["gzip"], gzip.compress(TEXT), limits=limits)

    assert caught.value.data == {"bytes_seen": 1001, "limit_bytes": 1000, "what": "decoded"}


def test_a_decoded_body_of_just_the_bound_passes() -> None:
    assert decode(["gzip"], gzip.compress(TEXT), limits=Limits(decoded_bytes=len(TEXT))) == TEXT


def test_a_body_over_the_bound_on_the_wire_is_refused_before_it_is_decoded() -> None:
    body = gzip.compress(TEXT)

    with pytest.raises(BodyTooLarge) as caught:
        decode(["gzip"], body, limits=Limits(wire_bytes=len(body) - 1))

    assert caught.value.data["what"] == "wire"
