"""An observation of a page of 5,000 elements in Chromium, as the embed script makes it on an owner's site."""

import contextlib
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.processes import BenchmarkError
from benchmarks.results import Result, at_most
from benchmarks.run import Run

BAR = at_most(50)
"""Browsers call a task of more than 50 ms long: a click has to wait for it."""
PRODUCTS = 833
SCRIPTS = Path(__file__).parents[1] / "tasks" / "static" / "rover" / "embed"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
ROW = "<tr><td>{0}</td><td><a href='/p/{0}'>Product {0}</a></td><td><button>Buy</button></td></tr>"
OBSERVE = """async () => {
    const { observe } = await import("/embed/observe/observe.js");
    const giveWay = scheduler.yield.bind(scheduler);
    const tasks = [];
    let start = performance.now();
    const took = () => tasks.push(performance.now() - start);
    scheduler.yield = async () => { took(); await giveWay(); start = performance.now(); };
    const begin = performance.now();
    const { nodes, metadata } = await observe();
    took();
    return {
        total: performance.now() - begin, waited: metadata.treeCapture.waitedMs,
        // the first ends where the reading starts: it is the wait for a page at rest
        tasks: tasks.slice(1), nodes: Object.keys(nodes).length,
        elements: document.querySelectorAll("body, body *").length,
    };
}"""


def measure(run: Run) -> Iterator[Result]:
    """The longest task of a reading, in milliseconds; beside it how long all of it took, without the wait for
    a page at rest. Medians of fresh pages, so that nothing is compiled before."""
    with _site(run.folder / "embed-observation") as url:
        taken = _observations(url, run.repeats)
    longest = [round(max(one["tasks"]), 1) for one in taken]
    read = [round(one["total"] - one["waited"], 1) for one in taken]
    detail = {
        "runs": longest,
        "read_ms": median(read),
        "read_runs": read,
        "tasks": [len(one["tasks"]) for one in taken],
        "elements": taken[0]["elements"],
        "nodes": taken[0]["nodes"],
    }
    yield Result(promise="embed_observation", value=median(longest), unit="ms", bar=BAR, detail=detail)


def _observations(url: str, count: int) -> list[dict[str, Any]]:
    from playwright.sync_api import Error, sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise BenchmarkError("Chromium is not installed")
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            page = browser.new_page()
            taken = []
            for _ in range(count):
                page.goto(url)
                taken.append(page.evaluate(OBSERVE))
            browser.close()
    except Error as error:
        raise BenchmarkError(error.message.partition("\n")[0]) from error
    return taken


@contextlib.contextmanager
def _site(folder: Path) -> Iterator[str]:
    """A loopback server with the page and the scripts; the URL of the page."""
    shutil.copytree(SCRIPTS, folder / "embed")
    rows = "".join(ROW.format(number) for number in range(PRODUCTS))
    (folder / "page.html").write_text(f"<!doctype html><title>Shop</title><table>{rows}</table>")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/page.html"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None: ...
