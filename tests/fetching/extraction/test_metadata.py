import json
from typing import Any

import pytest

from tests.fetching.extraction.samples import article, read


def linked(value: Any) -> str:
    return f'<script type="application/ld+json">{json.dumps(value)}</script>'


LINKED = linked(
    {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": "From JSON-LD",
        "name": "Not this",
        "description": "Linked description",
        "author": [{"@type": "Person", "name": "Linked Author"}, "Second"],
        "datePublished": "2025-01-02",
        "dateModified": "2025-01-03",
        "image": {"@type": "ImageObject", "url": "/linked.jpg"},
    }
)
GRAPH = '<meta property="og:title" content="From Open Graph"><meta property="og:image" content="/og.jpg">'
TWITTER = '<meta name="twitter:title" content="From Twitter"><meta name="twitter:description" content="Twitter text">'


@pytest.mark.parametrize(
    ("head", "title"),
    [
        (LINKED + GRAPH + TWITTER, "From JSON-LD"),
        (GRAPH + TWITTER, "From Open Graph"),
        (TWITTER, "From Twitter"),
        ("", "Harbour notes"),
        ('<meta property="og:title" content="  ">', "Harbour notes"),
        ('<script type="application/ld+json">{broken</script>' + LINKED, "From JSON-LD"),
    ],
)
def test_the_title_comes_from_the_first_source_that_has_one(head: str, title: str) -> None:
    assert read(article(head=head)).title == title


def test_linked_data_gives_author_dates_and_absolute_image() -> None:
    metadata = read(article(head=LINKED)).metadata
    wanted = {"author", "published", "modified", "image", "description"}
    assert {name: metadata[name] for name in wanted} == {
        "author": "Linked Author",
        "published": "2025-01-02",
        "modified": "2025-01-03",
        "image": "https://site.test/linked.jpg",
        "description": "Linked description",
    }


def test_each_field_has_its_own_first_source() -> None:
    head = linked({"@type": "Article", "headline": "L"}) + GRAPH + TWITTER
    metadata = read(article(head=head)).metadata
    assert (metadata["title"], metadata["image"], metadata["description"]) == (
        "L",
        "https://site.test/og.jpg",
        "Twitter text",
    )


@pytest.mark.parametrize(
    ("value", "types"),
    [
        ({"@graph": [{"@type": "WebPage"}, {"@type": ["Article", "WebPage"]}]}, ["WebPage", "Article"]),
        ({"@type": "https://schema.org/Recipe", "author": {"@type": "Person"}}, ["Recipe"]),
        ([{"@type": "A"}, {"x": {"@type": "B"}}], ["A", "B"]),
        ({"a": {"a": {"a": {"a": {"a": {"a": {"a": {"@type": "In"}}}}}}}}, ["In"]),
        ({"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"@type": "Deep"}}}}}}}}}, None),
        ([{"@type": f"T{number}"} for number in range(80)], [f"T{number}" for number in range(50)]),
    ],
)
def test_schema_types_are_listed_in_first_seen_order(value: Any, types: list[str] | None) -> None:
    assert read(article(head=linked(value))).metadata.get("schema_types") == types


def test_an_article_node_is_primary_before_a_page_node() -> None:
    nodes = [{"@type": "WebPage", "name": "Page"}, {"@type": "BlogPosting", "headline": "Post"}]
    assert read(article(head=linked(nodes))).title == "Post"


def test_the_first_typed_node_is_primary_when_no_kind_is_known() -> None:
    assert (
        read(article(head=linked([{"@type": "Recipe", "name": "Soup"}, {"@type": "Event"}]))).title == "Soup"
    )


@pytest.mark.parametrize(
    ("head", "field", "value"),
    [
        ('<link rel="canonical" href="/post">', "canonical", "https://site.test/post"),
        ('<link rel="canonical" href="javascript:1">', "canonical", None),
        ('<meta property="og:locale" content="de_DE">', "language", "en"),
        (
            '<meta property="article:author" content="https://social.test/me"><meta name=author content=Me>',
            "author",
            "Me",
        ),
        ('<meta property="og:type" content="article">', "og_type", "article"),
        ('<meta property="og:image" content="data:image/png;base64,x">', "image", None),
    ],
)
def test_a_field_is_checked_before_it_is_believed(head: str, field: str, value: str | None) -> None:
    assert read(article(head=head)).metadata.get(field) == value


def test_a_title_is_one_line_of_at_most_2000_characters() -> None:
    title = read(f"<title>first\n\tsecond\x0b {'x' * 1_000_000}</title><p>words</p>").title
    assert title is not None
    assert title.startswith("first second x")
    assert len(title) == 2_000


def test_a_field_is_cut_at_2000_characters() -> None:
    metadata = read(article(head=f'<meta name="description" content="{"d" * 5_000}">')).metadata
    assert len(metadata["description"]) == 2_000


def test_the_first_heading_is_the_title_of_a_page_without_one() -> None:
    assert read("<h1>Only <i>heading</i></h1><p>x</p>").title == "Only heading"


def test_metadata_can_be_sent_as_json() -> None:
    assert json.loads(json.dumps(read(article(head=LINKED)).metadata))["base"].startswith("https://")
