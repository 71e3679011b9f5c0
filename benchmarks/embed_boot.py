"""What the bundled embed script costs a page of 5,000 elements whose visitor does not talk to it."""

import contextlib
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from statistics import median
from typing import Any

from benchmarks.embed_observation import FLAGS, PRODUCTS, ROW
from benchmarks.processes import BenchmarkError
from benchmarks.results import Result, at_most
from benchmarks.run import Run
from tasks.v2.bundle import LOADER, served

BAR = at_most(50)
"""Browsers call a task of more than 50 ms long; the script has to arrive, run and draw within one."""
PAGE = """<!doctype html><html lang=en><head><title>Shop</title><script>
    window.long = []; window.shift = 0;
    new PerformanceObserver((list) => {{ for (const one of list.getEntries()) long.push(one); }})
        .observe({{ type: "longtask", buffered: true }});
    new PerformanceObserver((list) => {{ for (const one of list.getEntries()) shift += one.value; }})
        .observe({{ type: "layout-shift", buffered: true }});
    window.rover = function () {{ (rover.q = rover.q || []).push(arguments); }};
    rover("boot", {{ siteId: "shop-a1B2c3", publicKey: "pk_site_{key}" }});
</script></head><body><table>{rows}</table></body></html>"""
BOOT = """async () => {
    const frame = (done) => requestAnimationFrame(() => setTimeout(done));
    const rest = () => new Promise((done) => requestIdleCallback(() => frame(done)));
    // what the page itself takes to be laid out is not the script's
    await rest();
    [long.length, shift] = [0, 0];
    const tag = Object.assign(document.createElement("script"), { src: "/embed.js", async: true });
    const ready = new Promise((done) => rover("on", "ready", () => done(performance.now())));
    document.body.append(tag);
    const end = await ready;
    await rest();
    const script = performance.getEntriesByType("resource").find(({ name }) => name.endsWith("/embed.js"));
    return {
        boot: end - script.responseEnd, long: long.length, shift,
        elements: document.querySelectorAll("body, body *").length,
    };
}"""


def measure(run: Run) -> Iterator[Result]:
    """Milliseconds from arrival to `ready`; long tasks, layout shift and requests until then, the page's own
    document aside. Each of a fresh page; of the counts the worst one."""
    with _site() as (url, asked):
        taken = _visits(url, asked, run.repeats)
    boots = [round(one["boot"], 1) for one in taken]
    detail = {"runs": boots, "elements": taken[0]["elements"]}
    yield Result(promise="embed_boot", value=median(boots), unit="ms", bar=BAR, detail=detail)
    worst = {
        "embed_boot_long_tasks": max(one["long"] for one in taken),
        "embed_boot_shift": max(one["shift"] for one in taken),
    }
    for promise, value in worst.items():
        yield Result(promise=promise, value=value, unit="", bar=at_most(0))
    requests = max(one["requests"] for one in taken)
    yield Result(promise="embed_boot_requests", value=requests, unit="", bar=at_most(1))


def _visits(url: str, asked: list[str], count: int) -> list[dict[str, Any]]:
    from playwright.sync_api import Error, sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise BenchmarkError("Chromium is not installed")
    taken = []
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            for _ in range(count):
                context = browser.new_context()
                page = context.new_page()
                asked.clear()
                page.goto(url, wait_until="networkidle")
                seen = page.evaluate(BOOT)
                taken.append(seen | {"requests": len([path for path in asked if path != "/"])})
                context.close()
            browser.close()
    except Error as error:
        raise BenchmarkError(error.message.partition("\n")[0]) from error
    return taken


@contextlib.contextmanager
def _site() -> Iterator[tuple[str, list[str]]]:
    """A loopback server with the page and the script: the page's URL, and the paths that were asked for."""
    asked: list[str] = []
    rows = "".join(ROW.format(number) for number in range(PRODUCTS))
    bodies = {
        "/": ("text/html", PAGE.format(key="x" * 43, rows=rows).encode()),
        "/embed.js": ("text/javascript", served()[LOADER]),
        "/favicon.ico": ("image/x-icon", b""),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path != "/favicon.ico":
                asked.append(path)
            kind, body = bodies.get(path, ("text/plain", b""))
            self.send_response(200 if path in bodies else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
