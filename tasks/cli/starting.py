"""`rover batch start`: a list of URLs becomes a task."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from tasks.cli.access import Database
from tasks.cli.exits import CommandFailed, ExitCode
from tasks.cli.options import Reading
from tasks.cli.standing import snapshot_of
from tasks.cli.terminal import Terminal
from tasks.core.quantities import count


def start_batch(
    sources: Sequence[str],
    *,
    database: Database,
    concurrency: int,
    per_domain_concurrency: int,
    force_refresh: bool,
    monitor: bool,
    form: str,
    as_json: bool,
    color: str,
) -> int:
    """Store the batch, say how to follow it, and follow it if asked to.

    Raises:
        CommandFailed: a source cannot be read.
        RoverError: the arguments, or a URL that policy refuses; nothing is stored then.
    """
    urls = urls_of(sources)
    database.open_for_writing()
    from django.utils import timezone

    from tasks.services.batches import batch_create

    arguments = {
        "urls": urls,
        "concurrency": concurrency,
        "per_domain_concurrency": per_domain_concurrency,
        "force_refresh": force_refresh,
    }
    envelope = batch_create(owner_id=None, arguments=arguments, now=timezone.now())
    terminal = Terminal(color=color)
    is_ndjson = as_json or form == "ndjson"
    _announce(envelope, len(urls), terminal, is_ndjson=is_ndjson, is_followed=monitor)
    return _follow(envelope, terminal, is_ndjson=is_ndjson, color=color) if monitor else ExitCode.OK


def urls_of(sources: Iterable[str]) -> list[str]:
    """The URLs in the order given. A source with `://` is a URL, `-` is standard input, else it is a file.

    Raises:
        CommandFailed: a file cannot be read.
    """
    urls: list[str] = []
    for source in sources:
        if "://" in source:
            urls.append(source)
        elif source == "-":
            urls += _lines(sys.stdin.read())
        else:
            urls += _lines(_read(source))
    return urls


def _lines(text: str) -> list[str]:
    """One URL a line; empty lines and those that begin with # are for people."""
    lines = (line.strip() for line in text.removeprefix("\ufeff").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _read(source: str) -> str:
    try:
        return Path(source).read_text(encoding="utf-8")
    except FileNotFoundError as exc:
        advice = [f"To fetch a page write the whole URL: https://{source}"] if "." in source else []
        raise CommandFailed(f"there is no file {source}.", code=ExitCode.USAGE, advice=advice) from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise CommandFailed(f"cannot read {source}: {exc}.", code=ExitCode.USAGE) from exc


def _announce(
    envelope: dict[str, Any], total: int, terminal: Terminal, *, is_ndjson: bool, is_followed: bool
) -> None:
    """On standard output; on standard error when the events are to have that for themselves."""
    if is_ndjson and not is_followed:
        terminal.json(envelope)
        return
    limits = envelope.get("effective") or {}
    at_a_time = f", {limits['concurrency']} at a time" if "concurrency" in limits else ""
    per_host = f", {limits['per_domain_concurrency']} per host" if "per_domain_concurrency" in limits else ""
    lines = [
        f"Batch {envelope['task_id']} is {envelope['status']}: {count(total, 'URL')}{at_a_time}{per_host}",
        f"  watch     {envelope['monitor_command']}",
        f"  look      {envelope['poll_command']}",
        f"  stop it   {envelope['cancel_command']}",
    ]
    for line in lines:
        if is_followed:
            terminal.note(line)
        else:
            terminal.line(line)


def _follow(envelope: dict[str, Any], terminal: Terminal, *, is_ndjson: bool, color: str) -> int:
    from tasks.cli.monitor import Monitor

    asked = Reading(
        monitor=True,
        from_event=0,
        cancel=False,
        is_ndjson=is_ndjson,
        exit_status=False,
        timeout=None,
        idle_timeout=None,
        color=color,
    )
    return Monitor(snapshot=snapshot_of(UUID(envelope["task_id"])), asked=asked, terminal=terminal).run()
