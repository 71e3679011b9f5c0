"""What the demo site saw: every request as it arrived, and how many were open at that moment."""

import json
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import IO


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request on arrival. `time` is monotonic, in seconds; the open counts include this request."""

    time: float
    address: str
    host: str
    method: str
    path: str
    status: int
    open_total: int
    open_on_host: int


class OriginLog:
    """Counts and records requests; safe to read from another thread than the server's.

    A "host" is the loopback address that the client dialled. With a file, each entry is one JSON line there,
    written out before the request is answered, so that a killed reader loses nothing.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._lock = Lock()
        self._file: IO[str] | None = path.open("a", encoding="utf-8") if path else None
        self._open: Counter[str] = Counter()
        self.reset()

    def reset(self) -> None:
        """Forgets the past. Requests that are still open stay counted as open."""
        with self._lock:
            self._entries: list[Entry] = []
            self._hits: Counter[str] = Counter()
            self._open_total = sum(self._open.values())
            self.peak_total = self._open_total
            self.peak_by_host: dict[str, int] = {host: count for host, count in self._open.items() if count}
            self.connections = 0

    @property
    def entries(self) -> list[Entry]:
        with self._lock:
            return list(self._entries)

    @property
    def open_total(self) -> int:
        return self._open_total

    def hits(self, path: str) -> int:
        """How often the path (without query) was asked for, on all hosts together."""
        with self._lock:
            return self._hits[path]

    def connected(self) -> None:
        """A connection was opened, whatever follows on it."""
        with self._lock:
            self.connections += 1

    def arrived(self, *, address: str, host: str, method: str, path: str, status: int) -> None:
        """Records a request and counts it as open until `finished`."""
        with self._lock:
            self._open[address] += 1
            self._open_total += 1
            self.peak_total = max(self.peak_total, self._open_total)
            self.peak_by_host[address] = max(self.peak_by_host.get(address, 0), self._open[address])
            self._hits[path] += 1
            entry = Entry(
                time=time.monotonic(),
                address=address,
                host=host,
                method=method,
                path=path,
                status=status,
                open_total=self._open_total,
                open_on_host=self._open[address],
            )
            self._entries.append(entry)
            if self._file:
                self._file.write(json.dumps(asdict(entry)) + "\n")
                self._file.flush()

    def finished(self, address: str) -> None:
        """The answer is out, or the client is gone."""
        with self._lock:
            self._open[address] -= 1
            self._open_total -= 1

    def close(self) -> None:
        if self._file:
            self._file.close()
            self._file = None
