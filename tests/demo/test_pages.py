"""What each kind of page promises."""

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import feedparser
import httpx
import pypdf
import pytest
from selectolax.lexbor import LexborHTMLParser

from rover_site.demo import DemoSite
from rover_site.demo.corners import HANDLERS
from rover_site.demo.documents import Section, documents
from rover_site.demo.odd_pages import odd_pages
from rover_site.demo.shop import products
from rover_site.demo.site import Site

ODD = set(HANDLERS) | set(odd_pages("")) | {"/corners/redirect/3"}
OUTSIDE = ("http://", "https://", "mailto:", "tel:")


def json_ld(html: str) -> Iterator[dict[str, Any]]:
    for node in LexborHTMLParser(html).css('script[type="application/ld+json"]'):
        yield json.loads(node.text())


def attribute(html: str, selector: str, name: str) -> str:
    node = LexborHTMLParser(html).css_first(selector)
    assert node is not None, selector
    return node.attributes[name] or ""


async def test_a_site_that_was_told_where_tasks_are_made_says_so_in_every_page_of_its_frame() -> None:
    element = '<script type="application/agent+json">{"task":"http://127.0.0.1:8000/v1/tasks"}</script>'
    async with (
        DemoSite(task_endpoint="http://127.0.0.1:8000/v1/tasks") as telling,
        DemoSite() as silent,
        httpx.AsyncClient(trust_env=False, timeout=10) as client,
    ):
        told = [await client.get(telling.base_url + path) for path in ("/", "/shop", "/search?q=x", "/nope")]
        untold = [await client.get(silent.base_url + path) for path in ("/", "/nope")]
    assert [page.text.split("</head>")[0].count(element) for page in told] == [1, 1, 1, 1]
    assert not [page for page in untold if "agent+json" in page.text]


async def test_at_least_forty_good_pages_answer_with_a_title_and_a_heading(
    site: DemoSite, client: httpx.AsyncClient
) -> None:
    assert len(site.urls) == len(set(site.urls)) >= 40
    for url in site.urls:
        answer = await client.get(url)
        tree = LexborHTMLParser(answer.content.decode(answer.encoding or "utf-8", "replace"))
        assert answer.status_code == 200, url
        assert url.endswith("/guide/el") or (tree.css_first("title") and tree.css_first("h1")), url


async def test_every_internal_link_resolves(site: DemoSite, client: httpx.AsyncClient) -> None:
    todo, seen = ["/"], set[str]()
    while todo:
        path = todo.pop()
        if path in seen or path in ODD:
            continue
        seen.add(path)
        answer = await client.get(path)
        assert answer.status_code == 200, path
        if "html" in answer.headers["content-type"]:
            for node in LexborHTMLParser(answer.content).css("[href], [src]"):
                target = node.attributes.get("href") or node.attributes.get("src") or ""
                if not target.startswith((*OUTSIDE, "#")):
                    todo.append(target.partition("#")[0])
    assert len(seen) > 80


async def test_no_page_loads_anything_from_another_origin(site: DemoSite, client: httpx.AsyncClient) -> None:
    for url in site.urls:
        tree = LexborHTMLParser((await client.get(url)).content)
        loaded = [node.attributes.get("src") or "" for node in tree.css("[src]")]
        loaded += [node.attributes.get("href") or "" for node in tree.css('link[rel="stylesheet"]')]
        assert not [target for target in loaded if not target.startswith("/")], url


def test_the_blog_has_twelve_articles_of_real_length() -> None:
    articles = documents(Section.BLOG)
    assert len(articles) >= 12
    assert all(600 <= article.words <= 1200 for article in articles)
    assert len({article.published for article in articles}) == len(articles)


@pytest.mark.parametrize("article", documents(Section.BLOG), ids=lambda article: article.path)
async def test_an_article_describes_itself_to_machines(
    article: Any, site: DemoSite, client: httpx.AsyncClient
) -> None:
    html = (await client.get(article.path)).text
    (posting,) = json_ld(html)
    assert posting["@type"] == "BlogPosting"
    assert posting["headline"] == article.title
    assert posting["datePublished"] == article.published.isoformat()
    assert attribute(html, 'meta[property="og:title"]', "content") == article.title
    assert attribute(html, 'link[rel="canonical"]', "href") == site.url(article.path)
    assert attribute(html, 'link[type="text/markdown"]', "href") == f"{article.path}.md"


async def test_the_markdown_form_of_an_article_is_markdown(client: httpx.AsyncClient) -> None:
    answer = await client.get("/blog/how-the-big-lens-bends-light.md")
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert answer.text.startswith("# How the big lens bends light\n")
    assert "| Order |" in answer.text


async def test_code_in_an_article_keeps_its_lines_and_its_signs(client: httpx.AsyncClient) -> None:
    html = (await client.get("/blog/reading-a-light-character")).text
    code = LexborHTMLParser(html).css_first("pre > code.language-python")
    assert code is not None
    assert 'r"(?P<kind>Fl|Oc|Iso|F|Q|Mo)\\s*"\n' in code.text()


@pytest.mark.parametrize("path", ["/feed.xml", "/atom.xml"])
async def test_a_feed_lists_all_articles_newest_first(path: str, client: httpx.AsyncClient) -> None:
    feed = feedparser.parse((await client.get(path)).content)
    assert not feed.bozo
    assert [entry.title for entry in feed.entries] == [found.title for found in documents(Section.BLOG)]


async def test_the_json_feed_has_the_text_of_the_articles(client: httpx.AsyncClient) -> None:
    answer = await client.get("/feed.json")
    feed = answer.json()
    assert answer.headers["content-type"].startswith("application/feed+json")
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert len(feed["items"]) == len(documents(Section.BLOG))
    assert "<table>" in feed["items"][0]["content_html"]


async def test_the_sitemap_lists_exactly_the_good_pages(site: DemoSite, client: httpx.AsyncClient) -> None:
    tree = ElementTree.fromstring((await client.get("/sitemap.xml")).content)
    places = [node.text for node in tree.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    assert places == site.urls


async def test_robots_keep_out_of_the_staff_pages_only(client: httpx.AsyncClient) -> None:
    lines = (await client.get("/robots.txt")).text.splitlines()
    assert [line for line in lines if line.startswith("Disallow")] == ["Disallow: /staff/"]
    assert (await client.get("/staff/rota")).status_code == 200


async def test_the_guide_for_language_models_names_every_article(client: httpx.AsyncClient) -> None:
    text = (await client.get("/llms.txt")).text
    assert text.startswith("# Sandle Light\n")
    assert all(f"{found.path}.md" in text for found in documents(Section.BLOG))


@pytest.mark.parametrize("product", products(), ids=lambda product: product.slug)
async def test_a_product_page_and_its_json_ld_name_the_same_price(
    product: Any, client: httpx.AsyncClient
) -> None:
    html = (await client.get(product.path)).text
    (node,) = json_ld(html)
    assert node["offers"]["price"] == product.price
    assert node["offers"]["availability"].endswith("InStock" if product.stock else "OutOfStock")
    assert f"£{product.price}" in html


async def test_the_contact_page_is_a_local_business(client: httpx.AsyncClient) -> None:
    html = (await client.get("/contact")).text
    (node,) = json_ld(html)
    assert "LocalBusiness" in node["@type"]
    assert {"email", "telephone", "address", "openingHoursSpecification"} <= set(node)
    assert node["telephone"] in html
    assert node["email"] in html


async def test_the_search_finds_pages_that_hold_all_words(client: httpx.AsyncClient) -> None:
    html = (await client.get("/search", params={"q": "fog horn piston"})).text
    first = LexborHTMLParser(html).css_first("ol li a")
    assert first is not None
    assert first.attributes["href"] == "/blog/the-horn-speaks-again"


async def test_the_search_says_when_it_found_nothing_and_repeats_no_markup(client: httpx.AsyncClient) -> None:
    html = (await client.get("/search", params={"q": "<script>xyzzy"})).text
    assert "0 results for “&lt;script&gt;xyzzy”" in html


async def test_the_newsletter_thanks_for_an_address(client: httpx.AsyncClient) -> None:
    answer = await client.post("/newsletter", data={"email": "reader@example.org"})
    assert "reader@example.org" in answer.text
    assert "Thank you" in answer.text


async def test_the_price_list_is_a_pdf_with_all_prices(client: httpx.AsyncClient) -> None:
    reader = pypdf.PdfReader(io.BytesIO((await client.get("/files/price-list.pdf")).content), strict=True)
    text = reader.pages[0].extract_text()
    assert all(f"{product.price} GBP" in text for product in products())


async def test_the_tides_are_csv_with_highs_above_lows(client: httpx.AsyncClient) -> None:
    rows = list(csv.DictReader(io.StringIO((await client.get("/data/tides.csv")).text)))
    assert len(rows) > 100
    lowest_high = min(float(row["height_m"]) for row in rows if row["kind"] == "high")
    assert all(float(row["height_m"]) < lowest_high for row in rows if row["kind"] == "low")


async def test_the_light_log_is_json_newest_first(client: httpx.AsyncClient) -> None:
    records = (await client.get("/data/light-log.json")).json()["records"]
    assert [record["watch"] for record in records] == sorted(
        (record["watch"] for record in records), reverse=True
    )


@pytest.mark.parametrize(
    ("path", "encoding", "words"),
    [("/guide/ja", "shift_jis", "灯台守のパン"), ("/guide/el", "utf-16", "Ο φάρος")],
)
async def test_a_guide_is_in_its_own_encoding(
    path: str, encoding: str, words: str, client: httpx.AsyncClient
) -> None:
    assert words in (await client.get(path)).content.decode(encoding)


async def test_a_wrong_address_gets_a_friendly_404(client: httpx.AsyncClient) -> None:
    answer = await client.get("/no/such/<page>")
    assert answer.status_code == 404
    assert "&lt;page&gt;" in answer.text


def test_pages_of_another_address_stay_on_that_address() -> None:
    site = Site("http://127.0.0.9:1")
    from rover_site.demo.request import RequestReader

    (request,) = RequestReader().feed(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    found = site.answer(request)
    assert re.findall(rb'rel="canonical" href="([^"]+)"', getattr(found, "plain", b"")) == [
        b"http://127.0.0.9:1/"
    ]


async def test_every_path_of_the_host_belongs_to_its_own_links(
    site: DemoSite, client: httpx.AsyncClient
) -> None:
    html = (await client.get(site.url("/shop", "127.0.0.2"))).text
    assert urlsplit(attribute(html, 'link[rel="canonical"]', "href")).hostname == "127.0.0.2"
