"""A bicycle rental whose pages are drawn by script: little HTML, JSON-LD, a site map and a feed."""

import json
from typing import Any


def _page(title: str, description: str, *nodes: dict[str, Any], body: str = "") -> str:
    scripts = "".join(
        '<script type="application/ld+json">'
        + json.dumps({"@context": "https://schema.org", **node})
        + "</script>"
        for node in nodes
    )
    return (
        f'<!doctype html><html lang="en"><head><title>{title}</title><meta name="description" content="{description}">'
        f'<meta property="og:site_name" content="Dyke Bikes"><link rel="alternate" type="application/atom+xml" '
        f'href="/updates">{scripts}</head><body><div id="app">{body}</div><noscript>Please enable scripts.</noscript>'
        '<script>document.title += "!"</script></body></html>'
    )


_SHOP = {
    "@type": "LocalBusiness",
    "name": "Dyke Bikes",
    "telephone": "+44 1632 960777",
    "email": "ride@dykebikes.example",
    "address": {
        "@type": "PostalAddress",
        "streetAddress": "3 Ferry Steps",
        "postalCode": "ZZ9 1AA",
        "addressLocality": "Lowmouth",
    },
    "openingHoursSpecification": [
        {
            "@type": "OpeningHoursSpecification",
            "dayOfWeek": ["Monday", "Tuesday"],
            "opens": "08:00",
            "closes": "18:30",
        },
        {"@type": "OpeningHoursSpecification", "dayOfWeek": "Saturday", "opens": "09:00", "closes": "16:00"},
    ],
}


def _product(name: str, price: str, text: str) -> dict[str, Any]:
    return {
        "@type": "Product",
        "name": name,
        "description": text,
        "offers": {"@type": "Offer", "price": price, "priceCurrency": "GBP"},
    }


_FAQ = {
    "@type": "FAQPage",
    "mainEntity": [
        {
            "@type": "Question",
            "name": "Do I need a helmet?",
            "acceptedAnswer": {
                "@type": "Answer",
                "text": "The law does not ask for one; we lend them for free.",
            },
        }
    ],
}
_STORY = {
    "@type": "Article",
    "headline": "Twelve new cargo bikes",
    "datePublished": "2026-04-02",
    "articleBody": "We bought twelve cargo bikes this spring. Each carries two children and a week of shopping. "
    "They were built by a workshop in Utrecht.",
}

SITEMAP = """<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<url><loc>{base}/</loc></url><url><loc>{base}/rent/cargo-bike</loc></url><url><loc>{base}/rent/touring-bike</loc></url>
<url><loc>{base}/rent/electric-touring-bike</loc></url><url><loc>{base}/stories/twelve-new-cargo-bikes</loc></url>
<url><loc>{base}/faq</loc></url></urlset>"""

FEED = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Dyke Bikes</title>
<entry><title>Tunnel closed until June</title><link href="/stories/tunnel"/><updated>2026-03-11T08:00:00Z</updated>
<summary>Take the ferry instead; bikes ride free.</summary></entry>
<entry><title>Twelve new cargo bikes</title><link href="/stories/twelve-new-cargo-bikes"/>
<updated>2026-04-02T08:00:00Z</updated><summary>Built in Utrecht, here since Easter.</summary></entry></feed>"""

PAGES = {
    "/": _page("Dyke Bikes", "Bicycles for rent by the ferry.", _SHOP),
    "/rent/cargo-bike": _page(
        "Cargo bike", "Carries two children.", _product("Cargo bike", "38.00", "Carries two children.")
    ),
    "/rent/touring-bike": _page(
        "Touring bike", "For long days.", _product("Touring bike", "21.00", "For long days.")
    ),
    "/rent/electric-touring-bike": _page(
        "Electric touring bike", "For hills.", _product("Electric touring bike", "33.00", "For hills.")
    ),
    "/stories/twelve-new-cargo-bikes": _page("Twelve new cargo bikes", "They are here.", _STORY),
    "/faq": _page("Questions", "What people ask.", _FAQ),
    "/robots.txt": (200, "text/plain", "User-agent: *\nAllow: /\nSitemap: {base}/map.xml\n"),
    "/map.xml": (200, "application/xml", SITEMAP),
    "/updates": (200, "application/atom+xml", FEED),
}
