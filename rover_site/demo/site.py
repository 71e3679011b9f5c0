"""Every page of the demo site for one origin, made when it is first asked for."""

from collections.abc import Callable, Mapping
from functools import partial
from html import escape

from rover_site.demo import articles, downloads, feeds, front, images, shop, tongues
from rover_site.demo.corners import CHAIN, CHAIN_PREFIX, HANDLERS
from rover_site.demo.documents import CONTENT
from rover_site.demo.exchange import Handler
from rover_site.demo.layout import Sheet, html_page
from rover_site.demo.odd_pages import odd_pages
from rover_site.demo.page import Page, Wire, compressed, wire
from rover_site.demo.request import Request
from rover_site.demo.searching import results_sheet
from workspace.core.discovery.marker import marker

_Maker = Callable[[], Page]
LONGEST_CACHE = "public, max-age=86400"


class Site:
    """Answers requests for one origin; a page is rendered once and kept. `task_endpoint`, `embed`: see
    DemoSite."""

    def __init__(self, base_url: str, task_endpoint: str = "", embed: str = "") -> None:
        self._base_url = base_url
        self._marker = "\n".join(filter(None, (task_endpoint and marker(task_endpoint), embed)))
        self._sheets = _sheets(base_url)
        self.good_paths = [*self._sheets, "/guide/ja", "/guide/el"]
        self._makers: dict[str, _Maker] = {
            **{path: self._framed(make) for path, make in self._sheets.items()},
            **_files(base_url, self.good_paths),
            **odd_pages(base_url),
            "/corners/": self._framed(_corner_list),
            "/staff/rota": self._framed(front.staff_rota),
        }
        self._ready: dict[str, Wire] = {}

    @property
    def paths(self) -> list[str]:
        """Every path with a stored answer, odd pages included."""
        return list(self._makers)

    def answer(self, request: Request) -> Wire | Handler:
        """The page or handler of a request; a 404 or 405 page when there is none."""
        if request.path == "/newsletter" and request.method == "POST":
            return self._once(front.newsletter(request.form.get("email", "")))
        if request.method not in {"GET", "HEAD"}:
            return wire(Page(body=b"", status=405, headers=(("Allow", "GET, HEAD"),)))
        if request.path == "/search" and request.query:
            return self._once(results_sheet(request.query.get("q", "")))
        return self._stored(request.path)

    def _stored(self, path: str) -> Wire | Handler:
        ready = self._ready.get(path)
        if ready is not None:
            return ready
        if path in HANDLERS:
            return HANDLERS[path]
        if path.startswith(CHAIN_PREFIX):
            return CHAIN
        make = self._makers.get(path)
        if make is None:
            return self._once(front.missing(path))
        ready = self._ready[path] = wire(compressed(make()))
        return ready

    def _once(self, sheet: Sheet) -> Wire:
        return wire(compressed(html_page(self._base_url, sheet, self._marker)))

    def _framed(self, make: Callable[[], Sheet]) -> _Maker:
        return lambda: html_page(self._base_url, make(), self._marker)


def _sheets(base_url: str) -> dict[str, Callable[[], Sheet]]:
    """The good HTML pages by path, in the order of the site map."""
    found: dict[str, Callable[[], Sheet]] = {
        "/": lambda: front.home(base_url),
        "/contact": lambda: front.contact(base_url),
        "/blog": articles.blog_index,
        "/shop": shop.shop_index,
        "/docs": lambda: articles.docs_index(base_url),
        "/search": lambda: results_sheet(""),
        "/newsletter": front.newsletter,
    }
    for document in articles.everything():
        found[document.path] = partial(articles.sheet, document, base_url)
    for product in shop.products():
        found[product.path] = partial(shop.product_sheet, product, base_url)
    return found


def _files(base_url: str, paths: list[str]) -> Mapping[str, _Maker]:
    """Everything that is no HTML page of the frame."""
    found: dict[str, _Maker] = {
        "/assets/site.css": _stylesheet,
        "/images/badge.png": images.badge,
        "/favicon.ico": images.badge,
        "/feed.xml": lambda: feeds.rss(base_url),
        "/atom.xml": lambda: feeds.atom(base_url),
        "/feed.json": lambda: feeds.json_feed(base_url),
        "/sitemap.xml": lambda: feeds.sitemap(base_url, paths),
        "/robots.txt": lambda: feeds.robots(base_url),
        "/llms.txt": lambda: feeds.llms(base_url),
        "/files/price-list.pdf": downloads.price_list,
        "/data/tides.csv": downloads.tides,
        "/data/light-log.json": downloads.light_log,
        "/guide/ja": tongues.japanese,
        "/guide/el": tongues.greek,
    }
    for path in images.picture_paths():
        found[path] = partial(images.picture, path)
    for document in articles.everything():
        found[f"{document.path}.md"] = partial(articles.markdown_page, document, base_url)
    return found


def _stylesheet() -> Page:
    body = (CONTENT / "site.css").read_bytes()
    return Page(
        body=body, content_type="text/css; charset=utf-8", headers=(("Cache-Control", LONGEST_CACHE),)
    )


def _corner_list() -> Sheet:
    rows = "".join(
        f'<tr><td><a rel="nofollow" href="{path}">{path}</a></td>'
        f"<td>{escape(handler.run.__doc__ or '')}</td></tr>"
        for path, handler in HANDLERS.items()
    )
    odd = "".join(f'<li><a rel="nofollow" href="{path}">{path}</a></li>' for path in odd_pages(""))
    return Sheet(
        path="/corners/",
        title="Broken corners",
        description="Slow, broken and odd answers, kept for trying out clients.",
        main='<h1>Broken corners</h1><p class="lead">Every web site has them. These are kept on purpose, '
        "so that you can see what a fetcher makes of them.</p><h2>On the wire</h2>"
        f'<div class="scroll"><table><tbody>{rows}<tr><td>'
        f'<a rel="nofollow" href="{CHAIN_PREFIX}3">{CHAIN_PREFIX}3'
        "</a></td><td>A chain of redirects of that length.</td></tr></tbody></table></div>"
        f"<h2>In the page</h2><ul>{odd}</ul>",
    )
