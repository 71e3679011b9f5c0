"""Scrapy with trafilatura and SQLite: the same work as a batch, written the way its manual suggests.

Run by the interpreter of .venv-bench: `scrapy_run.py URLS DATABASE`. Prints one JSON line.
"""

import hashlib
import json
import resource
import sqlite3
import sys
import time
import zlib
from pathlib import Path
from typing import Any

import scrapy
import trafilatura
from scrapy.crawler import CrawlerProcess

SETTINGS = {
    "CONCURRENT_REQUESTS": 8,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 2,
    "DOWNLOAD_DELAY": 0,
    "LOG_LEVEL": "ERROR",
    "ROBOTSTXT_OBEY": False,
    "RETRY_ENABLED": False,
    "COOKIES_ENABLED": False,
    "TELNETCONSOLE_ENABLED": False,
    "ITEM_PIPELINES": {"__main__.SqlitePipeline": 1},
}
URLS = Path(sys.argv[1]).read_text().split()
times: dict[str, float] = {}


class PageSpider(scrapy.Spider):  # type: ignore[misc]  # not installed where types are checked
    """Fetches a list of URLs and extracts each page."""

    name = "pages"

    async def start(self) -> Any:
        times["opened"] = time.time()
        for url in URLS:
            yield scrapy.Request(url, dont_filter=True)

    def parse(self, response: Any) -> Any:
        text = trafilatura.extract(
            response.body,
            url=response.url,
            output_format="markdown",
            with_metadata=True,
            include_links=True,
            include_formatting=True,
            include_comments=False,
        )
        yield {"url": response.url, "status": response.status, "body": response.body, "markdown": text or ""}

    def closed(self, reason: str) -> None:
        times["closed"] = time.time()


class SqlitePipeline:
    """One row per page, committed as it comes."""

    def open_spider(self) -> None:
        self.database = sqlite3.connect(sys.argv[2])
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.execute("PRAGMA synchronous=NORMAL")
        self.database.execute("CREATE TABLE page (url TEXT PRIMARY KEY, status, body, markdown, digest)")

    def close_spider(self) -> None:
        self.database.close()

    def process_item(self, item: dict[str, Any]) -> dict[str, Any]:
        digest = hashlib.sha256(item["markdown"].encode()).hexdigest()
        row = (item["url"], item["status"], zlib.compress(item["body"], 1), item["markdown"], digest)
        with self.database:
            self.database.execute("INSERT OR REPLACE INTO page VALUES (?, ?, ?, ?, ?)", row)
        return item


if __name__ == "__main__":
    crawler = CrawlerProcess(SETTINGS)
    crawler.crawl(PageSpider)
    crawler.start()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({**times, "cpu_s": usage.ru_utime + usage.ru_stime, "rss_mib": usage.ru_maxrss / 1024}))
