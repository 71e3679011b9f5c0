"""Whose the open streams are: how many each credential holds, and whether it is still good."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tasks.streaming.access import Access, Reader
from tasks.streaming.errors import HoldsTooMany
from workspace.core.errors import RoverError

Key = tuple[Access, str]
Answer = Reader | RoverError


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A credential that was found good, and what it opens."""

    key: Key
    reader: Reader


class Grants:
    """The grants that streams hold at the moment. Streams with the same credential share one object."""

    def __init__(self, *, max_streams_each: int) -> None:
        self._max_streams_each = max_streams_each
        self._grants: dict[Grant, Grant] = {}
        self._n_streams: Counter[Grant] = Counter()
        self._n_streams_of: Counter[str] = Counter()

    def take(self, grant: Grant) -> Grant:
        """Count one more stream. Returns the grant for the stream to hold; give it back with `release`.

        Raises:
            HoldsTooMany: whoever it is holds as many streams as one may.
        """
        holder = grant.reader.holder
        if self._n_streams_of[holder] >= self._max_streams_each:
            raise HoldsTooMany(f"the limit is {self._max_streams_each} open streams for one token or owner")
        self._n_streams_of[holder] += 1
        self._n_streams[grant] += 1
        return self._grants.setdefault(grant, grant)

    def release(self, grant: Grant) -> None:
        """Count one stream less."""
        holder = grant.reader.holder
        self._n_streams_of[holder] -= 1
        if not self._n_streams_of[holder]:
            del self._n_streams_of[holder]
        self._n_streams[grant] -= 1
        if not self._n_streams[grant]:
            del self._n_streams[grant], self._grants[grant]

    def keys(self) -> list[Key]:
        """What to ask again whether it is good."""
        return list({grant.key for grant in self._grants})

    def ended(self, found: Mapping[Key, Answer]) -> set[Grant]:
        """The grants whose credential now opens something else, or nothing."""
        return {grant for grant in self._grants if found.get(grant.key, grant.reader) != grant.reader}


def readers_read(keys: Collection[Key]) -> dict[Key, Answer]:
    """Whom these credentials stand for. A refusal is an answer like another: one bad credential must not
    fail the batch."""
    found: dict[Key, Answer] = {}
    for access, credential in keys:
        try:
            found[access, credential] = access.reader(credential)
        except RoverError as refusal:
            found[access, credential] = refusal
    return found
