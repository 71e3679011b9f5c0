import json

import pytest

from tasks.fetching.extraction.document import Flag
from tests.fetching.extraction.samples import read

FEED_URL = "https://site.test/feed.xml"
RSS = """<?xml version="1.0"?><rss version="2.0"><channel><title>Harbour &amp; Sea</title><description>All news</description>
<item><title>First &lt;b&gt;boat&lt;/b&gt;</title><link>/1</link><pubDate>Tue, 04 Mar 2025 10:00:00 GMT</pubDate>
<description>&lt;p&gt;Hello &lt;a href="/q"&gt;there&lt;/a&gt;&lt;script&gt;x()&lt;/script&gt;&lt;/p&gt;</description></item>
<item><title>Second</title><link>https://other.test/2</link></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Notes</title><entry><title>One</title>
<link href="https://site.test/one"/><updated>2025-03-04T05:06:07Z</updated><author><name>Ada</name></author>
<summary>Short</summary></entry></feed>"""
JSON_FEED = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "J",
        "items": [
            {
                "id": "1",
                "url": "/j1",
                "title": "One",
                "content_html": "<p>Hi <b>you</b></p>",
                "date_published": "2025",
            }
        ],
    }
)


def test_rss_becomes_a_list_of_items() -> None:
    document = read(RSS, "application/rss+xml", FEED_URL)
    assert document.markdown == (
        "# Harbour & Sea\n\nAll news\n\n## [First boat](https://site.test/1)\n\n2025-03-04T10:00:00Z\n\n"
        "Hello [there](https://site.test/q)\n\n## [Second](https://other.test/2)\n"
    )
    assert (document.kind, document.title, document.metadata["items"]) == ("feed", "Harbour & Sea", 2)
    assert document.links == ("https://site.test/1", "https://other.test/2")


@pytest.mark.parametrize(
    "content_type", ["application/atom+xml", "text/xml", "application/xml", None, "text/html"]
)
def test_atom_is_known_whatever_it_is_called(content_type: str | None) -> None:
    document = read(ATOM, content_type, FEED_URL)
    assert "## [One](https://site.test/one)\n\n2025-03-04T05:06:07Z · Ada\n\nShort" in document.markdown


@pytest.mark.parametrize("content_type", ["application/feed+json", "application/json"])
def test_a_json_feed_is_a_feed(content_type: str) -> None:
    document = read(JSON_FEED, content_type, FEED_URL)
    assert document.markdown == "# J\n\n## [One](https://site.test/j1)\n\n2025\n\nHi **you**\n"
    assert document.kind == "feed"


def test_a_long_feed_shows_50_items_and_counts_the_rest() -> None:
    items = "".join(f"<item><title>Item {number}</title></item>" for number in range(80))
    document = read(
        f'<rss version="2.0"><channel><title>T</title>{items}</channel></rss>', "text/xml", FEED_URL
    )
    assert "30 of 80 items left out." in document.markdown
    assert Flag.TRUNCATED in document.flags


def test_a_feed_that_names_a_file_opens_nothing() -> None:
    body = b"<rss>/etc/passwd</rss>"
    assert "root:" not in read(body, "application/rss+xml", FEED_URL).markdown


def test_an_entity_bomb_is_read_or_refused() -> None:
    entities = '<!ENTITY a0 "lol">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 9))
    body = f'<?xml version="1.0"?><!DOCTYPE rss [{entities}]><rss version="2.0"><channel><title>&a8;</title></channel></rss>'
    assert len(read(body, "application/rss+xml", FEED_URL).markdown) < 10_000


def test_a_site_map_is_a_list_of_urls() -> None:
    body = (
        '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc> https://site.test/a?x=1&amp;y=2 </loc>'
        "<lastmod>2025-01-01</lastmod></url><url><loc><![CDATA[https://site.test/b]]></loc></url></urlset>"
    )
    document = read(body, "application/xml", "https://site.test/sitemap.xml")
    assert document.markdown == (
        "# Site map: 2 URLs\n\n- https://site.test/a?x=1&y=2 (2025-01-01)\n- https://site.test/b\n"
    )
    assert document.links == ("https://site.test/a?x=1&y=2", "https://site.test/b")


def test_other_xml_is_fenced() -> None:
    document = read("<config><a>1</a></config>", "application/xml")
    assert (document.markdown, document.kind) == ("```xml\n<config><a>1</a></config>\n```\n", "xml")
