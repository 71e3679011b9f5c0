"""The upper bound of any batch: our extraction alone, on both cores, pages in memory."""

import contextlib
import multiprocessing
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from multiprocessing.pool import Pool
from pathlib import Path
from statistics import median

from benchmarks.corpus import CorpusPage, read_corpus
from benchmarks.results import Result
from benchmarks.run import Run
from benchmarks.scores import mean_f1

PROCESSES = 2
WARM_UP = 6
_pages: list[CorpusPage] = []


def measure(run: Run) -> Iterator[Result]:
    """Pages per second of extraction, with the F1 of its text."""
    with extraction(run) as rate:
        rates = [rate() for _ in range(run.repeats)]
    detail = {"processes": PROCESSES, "pages": run.pages, "runs": rates, "f1": round(f1_of(run), 4)}
    yield Result(promise="extraction_limit", value=median(rates), unit="pages/s", detail=detail)


@contextlib.contextmanager
def extraction(run: Run) -> Iterator[Callable[[], float]]:
    """Processes with everything loaded; each call extracts the whole corpus and returns pages per second."""
    with _pool(run) as pool:
        pool.map(_extract, range(WARM_UP * PROCESSES), chunksize=WARM_UP)
        yield lambda: _rate(pool, run.pages)


def f1_of(run: Run) -> float:
    """Mean F1 of the Markdown that our extraction gives."""

    with _pool(run) as pool:
        texts = pool.map(_extract, range(run.pages), chunksize=4)
    return mean_f1(zip(texts, (page.gold for page in run.corpus_pages()), strict=True))


def _pool(run: Run) -> Pool:
    context = multiprocessing.get_context("spawn")
    return context.Pool(PROCESSES, _load, (run.corpus, run.pages))


def _rate(pool: Pool, count: int) -> float:
    start = time.perf_counter()
    for _ in pool.imap_unordered(_extract_only, range(count)):
        pass
    return round(count / (time.perf_counter() - start), 2)


def _load(folder: Path, count: int) -> None:
    """In the child: the pages into memory and the extractor loaded, before any clock runs."""
    import_module("tasks.fetching.extraction.extract")
    _pages.extend(read_corpus(folder, count))


def _extract(number: int) -> str:
    from tasks.fetching.errors import FetchError
    from tasks.fetching.extraction.document import Source
    from tasks.fetching.extraction.extract import extract

    page = _pages[number % len(_pages)]
    source = Source(
        body=page.html, url=f"http://127.0.0.1{page.path}", content_type="text/html; charset=utf-8"
    )
    try:
        return extract(source).markdown
    except FetchError:
        return ""  # counts as a page without text: F1 of 0


def _extract_only(number: int) -> int:
    return len(_extract(number))
