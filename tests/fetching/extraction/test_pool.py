"""The pool with real processes: what it returns, what it survives, and that nothing outlives its owner."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tasks.fetching.errors import ExtractFailed, UnsupportedContent
from tasks.fetching.extraction.document import Document, Flag, Source
from tasks.fetching.extraction.pool import ExtractionPool
from tests.fetching.extraction.samples import URL, article, source

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parents[3]
DEADLINE = 30.0
# Line breaks cost the article extractor quadratic time: about five seconds, and the bare text is quick.
SLOW = article("word<br>" * 60_000)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for `condition`, at most `DEADLINE` seconds."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "the condition was not met in time"
        await asyncio.sleep(0.01)


def numbered(number: int) -> Source:
    return source(article(f"<p>This paragraph tells its number, which is {number}, to the reader.</p>"))


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def works(pid: int) -> bool:
    """Whether a child that has read one small page is deep in a slow one."""
    return psutil.Process(pid).cpu_times().user > 0.2


async def test_a_page_is_read_in_a_child_as_in_this_process() -> None:
    from tasks.fetching.extraction.extract import extract

    async with ExtractionPool(processes=1) as pool:
        assert await pool.extract(source(article())) == extract(source(article()))
        assert os.getpid() not in pool.child_pids


async def test_many_pages_through_two_children_get_their_own_answers() -> None:
    most = 0
    async with ExtractionPool(processes=2) as pool:

        async def one(number: int) -> Document:
            nonlocal most
            document = await pool.extract(numbered(number))
            children = psutil.Process(pool.server_pid).children()
            most = max(most, len(children))
            return document

        documents = await asyncio.gather(*(one(number) for number in range(30)))
    for number, document in enumerate(documents):
        assert f"which is {number}, to" in document.markdown
    assert most == 2


async def test_an_unsupported_type_is_raised_here_with_its_data() -> None:
    async with ExtractionPool(processes=1) as pool:
        with pytest.raises(UnsupportedContent) as caught:
            await pool.extract(source(b"PK\x03\x04zip", None))
        assert caught.value.data["content_type"] == "application/zip"
        assert (await pool.extract(numbered(1))).kind == "html"
        assert len(pool.child_pids) == 1


async def test_a_slow_page_is_killed_and_read_again_as_bare_text() -> None:
    async with ExtractionPool(processes=1, page_seconds=0.8) as pool:
        await pool.extract(numbered(0))
        first = pool.child_pids
        document = await pool.extract(source(SLOW))
        assert {Flag.DEGRADED, Flag.FALLBACK_USED} <= set(document.flags)
        assert "word\n\nword" in document.markdown
        await until(lambda: not is_alive(first[0]))


async def test_pages_beside_a_slow_one_do_not_suffer() -> None:
    async with ExtractionPool(processes=2, page_seconds=1.0) as pool:
        slow = asyncio.create_task(pool.extract(source(SLOW)))
        documents = await asyncio.gather(*(pool.extract(numbered(number)) for number in range(10)))
        assert all(Flag.DEGRADED not in document.flags for document in documents)
        assert Flag.DEGRADED in (await slow).flags


async def test_a_page_that_is_too_slow_even_as_bare_text_fails_as_a_timeout() -> None:
    async with ExtractionPool(processes=1, page_seconds=0.001) as pool:
        with pytest.raises(ExtractFailed) as caught:
            await pool.extract(source(SLOW))
    assert caught.value.data["reason"] == "timeout"


async def test_a_page_whose_child_dies_is_read_again_by_a_new_child() -> None:
    async with ExtractionPool(processes=1) as pool:
        await pool.extract(numbered(0))
        (victim,) = pool.child_pids
        page = asyncio.create_task(pool.extract(source(SLOW)))
        await until(lambda: works(victim))
        os.kill(victim, signal.SIGSEGV)
        assert Flag.DEGRADED in (await page).flags
        assert (await pool.extract(numbered(7))).flags == ()
        assert victim not in pool.child_pids


async def test_a_page_that_kills_two_children_fails_as_crashed() -> None:
    async with ExtractionPool(processes=1) as pool:
        await pool.extract(numbered(0))
        page = asyncio.create_task(pool.extract(source("<p>" + "a&b <" * 3_000_000)))
        killed: set[int] = set()

        def kill_each() -> bool:
            for pid in set(pool.child_pids) - killed:
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
            return page.done()

        await until(kill_each)
        with pytest.raises(ExtractFailed) as caught:
            await page
    assert (caught.value.data["reason"], len(killed)) == ("crashed", 2)


async def test_a_lost_fork_server_is_replaced_and_its_children_end() -> None:
    async with ExtractionPool(processes=1) as pool:
        await pool.extract(numbered(0))
        server, (child,) = pool.server_pid, pool.child_pids
        assert server is not None
        os.kill(server, signal.SIGKILL)
        await until(lambda: not is_alive(child))
        assert "which is 4" in (await pool.extract(numbered(4))).markdown
        assert pool.server_pid != server


async def test_a_cancelled_page_frees_its_slot() -> None:
    async with ExtractionPool(processes=1) as pool:
        await pool.extract(numbered(0))
        (busy,) = pool.child_pids
        page = asyncio.create_task(pool.extract(source(SLOW)))
        await until(lambda: works(busy))
        page.cancel()
        assert "which is 2" in (await asyncio.wait_for(pool.extract(numbered(2)), 5)).markdown
        assert not is_alive(busy)


async def test_a_child_is_replaced_after_its_pages() -> None:
    async with ExtractionPool(processes=1, pages_per_child=3) as pool:
        seen: list[int] = []
        for number in range(7):
            await pool.extract(numbered(number))
            seen.extend(pool.child_pids)
        assert len(set(seen)) == 3


async def test_a_child_that_grew_too_large_is_replaced() -> None:
    async with ExtractionPool(processes=1, child_rss_bytes=1) as pool:
        await pool.extract(numbered(1))
        assert pool.child_pids == ()


async def test_idle_children_end_and_then_their_server() -> None:
    async with ExtractionPool(processes=2, idle_seconds=0.05, server_idle_seconds=0.05) as pool:
        await asyncio.gather(pool.extract(numbered(1)), pool.extract(numbered(2)))
        server = pool.server_pid
        assert server is not None
        await until(lambda: pool.child_pids == () and not is_alive(server))
        assert "which is 3" in (await pool.extract(numbered(3))).markdown


async def test_nothing_is_left_after_the_pool() -> None:
    async with ExtractionPool(processes=2) as pool:
        await asyncio.gather(*(pool.extract(numbered(number)) for number in range(4)))
        pids = [*pool.child_pids, pool.server_pid or 0]
    assert not any(is_alive(pid) for pid in pids)


async def test_a_closed_pool_refuses_pages() -> None:
    pool = ExtractionPool(processes=1)
    async with pool:
        await pool.extract(numbered(1))
    with pytest.raises(ExtractFailed):
        await pool.extract(numbered(2))


async def test_children_ignore_the_signals_that_stop_their_owner() -> None:
    async with ExtractionPool(processes=1) as pool:
        await pool.extract(numbered(0))
        (child,) = pool.child_pids
        for pid in (child, pool.server_pid or 0):
            os.kill(pid, signal.SIGTERM)
            os.kill(pid, signal.SIGINT)
        assert (await pool.extract(numbered(1))).flags == ()
        assert pool.child_pids == (child,)


async def test_a_child_has_bounds_and_none_of_the_owners_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROVER_SECRET_KEY", "do not pass on")
    async with ExtractionPool(processes=1) as pool:
        await pool.extract(numbered(0))
        child = psutil.Process(pool.child_pids[0])
        assert child.rlimit(psutil.RLIMIT_AS)[0] == 2 * 1024**3
        assert child.rlimit(psutil.RLIMIT_CORE)[0] == 0
        assert "ROVER_SECRET_KEY" not in child.environ()


OWNER = f"""
    import asyncio, sys
    from tasks.fetching.extraction.document import Source
    from tasks.fetching.extraction.pool import ExtractionPool

    async def main():
        async with ExtractionPool(processes=2) as pool:
            pages = [Source(body=b"<p>hello</p>", url={URL!r}, content_type=None)] * 4
            await asyncio.gather(*map(pool.extract, pages))
            slow = Source(body=open(sys.argv[1], "rb").read(), url={URL!r}, content_type=None)
            busy = [asyncio.create_task(pool.extract(slow)) for _ in range(2)]
            await asyncio.sleep(0)
            print(pool.server_pid, *pool.child_pids, flush=True)
            await asyncio.gather(*busy)

    asyncio.run(main())
"""


async def test_no_child_survives_an_owner_killed_with_kill_9(tmp_path: Path) -> None:
    page = tmp_path / "slow.html"
    page.write_text(SLOW, "utf-8")
    owner = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(OWNER), str(page)], cwd=ROOT, stdout=subprocess.PIPE
    )
    with owner:
        assert owner.stdout is not None
        pids = [int(word) for word in (await asyncio.to_thread(owner.stdout.readline)).split()]
        assert len(pids) == 3
        assert all(map(is_alive, pids))
        owner.kill()
    killed_at = time.monotonic()
    await until(lambda: not any(map(is_alive, pids)))
    assert time.monotonic() - killed_at < 2


FORKED = """
    import asyncio, multiprocessing
    from tasks.fetching.extraction.document import Source
    from tasks.fetching.extraction.pool import ExtractionPool

    async def read():
        async with ExtractionPool(processes=1) as pool:
            page = Source(body=b"<p>hello</p>", url="https://site.test/", content_type=None)
            print((await pool.extract(page)).markdown, end="", flush=True)

    worker = multiprocessing.get_context("fork").Process(target=lambda: asyncio.run(read()), daemon={daemon})
    worker.start()
    worker.join()
"""


@pytest.mark.parametrize("daemon", [False, True])
def test_a_pool_works_inside_a_forked_worker(daemon: bool) -> None:
    code = textwrap.dedent(FORKED).format(daemon=daemon)
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout == "hello\n"


def test_the_pool_loads_no_parser_in_its_owner() -> None:
    code = "import sys, tasks.fetching.extraction.pool; print([m for m in ('lxml','trafilatura','selectolax','pypdf') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_pool_without_processes_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        ExtractionPool(processes=0)
