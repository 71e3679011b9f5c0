"""The output of child processes as one stream of whole lines."""

import codecs
import json
import os
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

LONGEST_LINE = 65_536
"""Longer lines are cut into pieces, so that a child that never ends its line cannot fill the memory."""
_STAMPED = re.compile(r"\d\d:\d\d:\d\d  ")

LogFormat = Literal["human", "json"]


@dataclass(slots=True)
class Lines:
    """Bytes as they arrive, out as lines; a piece of a character or of a line waits for its rest."""

    _decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace")
    )
    _rest: str = ""

    def feed(self, data: bytes) -> list[str]:
        """The lines that `data` completes, without their ends."""
        *lines, self._rest = (self._rest + self._decoder.decode(data)).split("\n")
        while len(self._rest) > LONGEST_LINE:
            lines.append(self._rest[:LONGEST_LINE])
            self._rest = self._rest[LONGEST_LINE:]
        return lines

    def finish(self) -> list[str]:
        """What is left when the stream ends."""
        rest, self._rest = self._rest + self._decoder.decode(b"", final=True), ""
        return [rest] if rest else []


def dress(line: str, *, origin: str, log_format: LogFormat) -> str:
    """`line` as a line of the common log: what our formatters made stays as it is, the rest (a traceback, a
    warning of the interpreter) is told whose it is."""
    now = datetime.now(UTC)
    if log_format == "human":
        if _STAMPED.match(line):
            return line
        return f"{now.astimezone():%H:%M:%S}  {origin:<8}{line}"
    if _is_json_object(line):
        return line
    stamp = now.isoformat(timespec="milliseconds")
    return json.dumps({"ts": stamp, "level": "info", "logger": origin, "message": line}, ensure_ascii=False)


def write_line(line: str, *, fd: int = 2) -> None:
    """One line to descriptor `fd`, standard error by default; a reader that went away does no harm."""
    data = memoryview(f"{line}\n".encode(errors="replace"))
    try:
        while data:
            data = data[os.write(fd, data) :]
    except BrokenPipeError:
        return


def _is_json_object(line: str) -> bool:
    if not line.startswith("{"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
