import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.fetching.extraction.document import Document, Flag
from tasks.fetching.extraction.structured import read_csv, read_json
from tests.fetching.extraction.samples import read


def fenced(document: Document) -> str:
    return document.markdown.split("\n", 1)[1].rsplit("\n```", 1)[0]


def test_json_is_pretty_with_its_keys_in_order() -> None:
    document = read('{"b":1,"a":[true,null,"é"]}', "application/json")
    assert (
        document.markdown == '```json\n{\n  "b": 1,\n  "a": [\n    true,\n    null,\n    "é"\n  ]\n}\n```\n'
    )
    assert document.kind == "json"


def test_numbers_keep_their_spelling() -> None:
    body = '{"id": 123456789012345678901234567890, "price": 1.10, "big": 1e400}'
    assert "123456789012345678901234567890" in fenced(read(body, "application/json"))
    assert '"price": 1.10,\n  "big": 1e400' in fenced(read(body, "application/json"))


def test_a_long_array_is_sampled_and_says_so() -> None:
    document = read(json.dumps({"rows": list(range(1_000))}), "application/json")
    assert "… 950 of 1000 items left out …" in document.markdown
    assert Flag.TRUNCATED in document.flags


def test_broken_json_is_kept_as_it_is() -> None:
    document = read('{"a": ', "application/json")
    assert (document.metadata["valid"], '{"a":' in document.markdown) == (False, True)


def test_deep_json_is_no_error() -> None:
    assert read("[" * 100_000, "application/json").kind == "json"


JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8),
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=80)
@given(JSON)
def test_small_json_means_the_same_afterwards(value: object) -> None:
    markdown = read_json(json.dumps(value)).markdown
    assert json.loads(markdown.split("\n", 1)[1].rsplit("\n`", 1)[0]) == value


def test_csv_becomes_a_table() -> None:
    document = read('name,note\nAnna,"a|b\nc"\n,x\n', "text/csv")
    assert document.markdown == "| name | note |\n| --- | --- |\n| Anna | a\\|b c |\n|  | x |\n"
    assert (document.metadata["rows"], document.metadata["columns"], document.kind) == (2, 2, "csv")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [("a\tb\n1\t2\n", "text/tab-separated-values"), ("a;b\n1;2\n", "text/csv"), ("a|b\n1|2\n", "text/csv")],
)
def test_other_separators_are_understood(body: str, content_type: str) -> None:
    assert read(body, content_type).markdown == "| a | b |\n| --- | --- |\n| 1 | 2 |\n"


def test_a_long_csv_keeps_500_rows_and_counts_the_others() -> None:
    document = read("n\n" + "".join(f"{number}\n" for number in range(2_000)), "text/csv")
    assert "| 499 |" in document.markdown
    assert "1500 of 2000 rows left out." in document.markdown
    assert Flag.TRUNCATED in document.flags


@settings(max_examples=80)
@given(st.text(max_size=200), st.booleans())
def test_any_text_is_a_table_with_equal_rows(text: str, tabs: bool) -> None:
    rows = [line for line in read_csv(text, tabs=tabs).markdown.split("\n") if line.startswith("|")]
    assert len({line.replace("\\\\", "").replace("\\|", "").count("|") for line in rows}) <= 1


def test_markdown_is_passed_through_with_title_and_links() -> None:
    text = "# Guide\n\nSee [this](../x.md) and\n\n```\n[not](/code)\n```\n"
    document = read(text, "text/markdown", "https://site.test/docs/a.md")
    assert (document.markdown, document.title, document.kind) == (text, "Guide", "markdown")
    assert document.links == ("https://site.test/x.md",)


def test_plain_text_is_verbatim() -> None:
    text = "Line <b>one</b>\n   * two_three\n"
    document = read(text, "text/plain")
    assert (document.markdown, document.kind) == (text, "text")


@pytest.mark.parametrize(
    ("content_type", "url", "language"),
    [
        ("text/plain", "https://site.test/a/run.py", "python"),
        ("application/javascript", "https://site.test/x", "javascript"),
        ("text/css; charset=utf-8", "https://site.test/x.css", "css"),
        ("application/octet-stream", "https://site.test/lib.rs", "rust"),
    ],
)
def test_source_code_is_fenced_with_its_language(content_type: str, url: str, language: str) -> None:
    assert read("x = 1\n", content_type, url).markdown == f"```{language}\nx = 1\n```\n"


def test_a_markdown_file_served_as_plain_text_is_markdown() -> None:
    assert read("# T\n", "text/plain", "https://site.test/README.md").title == "T"


def test_an_empty_json_or_text_file_is_an_empty_document() -> None:
    assert {read("  \n", kind).kind for kind in ("application/json", "text/plain", "text/csv")} == {"empty"}
