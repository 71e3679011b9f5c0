import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.fetching.extraction.charset import declared_charset, decode, encoding_name
from tests.fetching.extraction.samples import article, read

JAPANESE = "これは日本語の文章です。髙橋さんは①番目に並びました。" * 8
CHINESE = "这是一个用来测试编码检测的中文句子，内容并不重要。" * 8
RUSSIAN = "Это предложение на русском языке для проверки кодировки. " * 8
FRENCH = "Les élèves français étudient très bien à l’école “ici”. " * 8


@pytest.mark.parametrize(
    ("body", "header", "charset", "told_by"),
    [
        (b"\xef\xbb\xbfcaf\xc3\xa9", "iso-8859-1", "utf-8", "bom"),
        (b"\xff\xfe" + "café".encode("utf-16-le"), "utf-8", "utf-16le", "bom"),
        (b"\xfe\xff" + "café".encode("utf-16-be"), None, "utf-16be", "bom"),
        ("café".encode(), "UTF-8", "utf-8", "header"),
        ("café".encode("cp1252"), "latin1", "windows-1252", "header"),
        ("café".encode("cp1252"), '"ISO-8859-1"', "windows-1252", "header"),
        (b'<meta charset="windows-1251">', "utf-8", "utf-8", "header"),
        (b'<meta charset="windows-1251">x', None, "windows-1251", "meta"),
        (b'<meta charset="windows-1251">x', "klingon", "windows-1251", "meta"),
        (b"plain", "klingon", "utf-8", "detected"),
        ("café".encode(), None, "utf-8", "detected"),
        ("käse ".encode("utf-16-le") * 9, None, "utf-16le", "detected"),
    ],
)
def test_the_encoding_comes_from_bom_then_header_then_meta_then_detection(
    body: bytes, header: str | None, charset: str, told_by: str
) -> None:
    decoded = decode(body, header)
    assert (decoded.charset, decoded.told_by) == (charset, told_by)


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        (JAPANESE, "cp932", "Shift_JIS"),
        (JAPANESE.replace("髙", "高").replace("①", "一"), "euc_jp", "euc-jp"),
        (CHINESE, "gb18030", "gb2312"),
        ("這是一個句子", "big5", "big5"),
        ("한국어 문장 똠방각하", "cp949", "euc-kr"),
        (RUSSIAN, "koi8_r", "koi8-r"),
        (FRENCH, "cp1252", "latin1"),
        ("déjà vu € 5", "utf-16-le", "utf-16"),
    ],
)
def test_a_label_means_what_the_encoding_standard_says(text: str, codec: str, label: str) -> None:
    decoded = decode(text.encode(codec), label)
    assert (decoded.text, decoded.replacements) == (text, 0)


@pytest.mark.parametrize(
    ("text", "codec", "charset"),
    [
        (JAPANESE, "cp932", "shift_jis"),
        (CHINESE, "gb18030", "gb18030"),
        (RUSSIAN, "cp1251", "windows-1251"),
        (FRENCH, "cp1252", "windows-1252"),
    ],
)
def test_undeclared_text_is_detected(text: str, codec: str, charset: str) -> None:
    decoded = decode(text.encode(codec), None)
    assert (decoded.charset, decoded.text) == (charset, text)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"<meta charset=utf-8>", "utf-8"),
        (b"<META CharSet = 'koi8-r' />", "koi8-r"),
        (b'<meta http-equiv="Content-Type" content="text/html; charset=gbk">', "gbk"),
        (b'<meta content="text/html; charset=gbk" http-equiv=content-type>', "gbk"),
        (b'<meta name="description" content="set charset=gbk">', None),
        (b'<!-- <meta charset="gbk"> --><meta charset="koi8-r">', "koi8-r"),
        (b'<meta charset="utf-16">', "utf-8"),
        (b'<meta charset="x-user-defined">', "windows-1252"),
        (b'<?xml version="1.0" encoding="iso-8859-2"?>', "iso-8859-2"),
        (b'<meta charset="klingon"><meta charset="gbk">', "gbk"),
        (b"<p>charset=gbk</p>", None),
    ],
)
def test_the_prescan_reads_what_a_page_says_about_itself(head: bytes, expected: str | None) -> None:
    assert declared_charset(head) == expected


def test_a_declaration_after_the_first_1024_bytes_is_not_seen() -> None:
    body = b" " * 1_100 + b'<meta charset="windows-1251">\xe9\xe9\xe9'
    assert decode(body, None).told_by != "meta"


def test_broken_bytes_are_replaced_and_counted() -> None:
    decoded = decode(b"ab\xffcd\xfe", "utf-8")
    assert (decoded.text, decoded.replacements) == ("ab\ufffdcd\ufffd", 2)


def test_a_body_cut_inside_a_character_stays_utf_8() -> None:
    assert decode("größer ".encode() * 50 + b"\xc3", None).charset == "utf-8"


def test_a_page_reports_its_charset_and_its_replacements() -> None:
    document = read(article().replace("boats", "b\udcffats").encode("utf-8", "surrogateescape"))
    assert document.metadata["charset"] == "utf-8"
    assert document.metadata["charset_replacements"] > 0


def test_an_unknown_label_never_loses_the_page() -> None:
    document = read(article(), "text/html; charset=klingon")
    assert "harbour master" in document.markdown


@settings(max_examples=150, deadline=None)
@given(
    body=st.binary(max_size=300),
    label=st.one_of(
        st.none(), st.text(max_size=20), st.sampled_from(["utf-16", "gbk", "replacement", "iso-2022-jp"])
    ),
)
def test_decoding_any_bytes_gives_text(body: bytes, label: str | None) -> None:
    assert isinstance(decode(body, label).text, str)


@given(st.text(max_size=60))
def test_a_label_is_known_or_none(label: str) -> None:
    assert encoding_name(label) is None or isinstance(encoding_name(label), str)
