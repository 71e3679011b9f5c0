"""The two numbers of a batch, clamped as the contract says."""

from dataclasses import dataclass
from typing import Self

DEFAULT_CONCURRENCY, MAX_CONCURRENCY = 8, 32
DEFAULT_PER_DOMAIN, MAX_PER_DOMAIN = 2, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Concurrency:
    """Requests in flight: `total` of the batch, `per_host` to any one host."""

    total: int
    per_host: int

    @classmethod
    def clamped(cls, total: int = DEFAULT_CONCURRENCY, per_host: int = DEFAULT_PER_DOMAIN) -> Self:
        """Any integers, brought into 1..32 and 1..8."""
        return cls(total=min(max(total, 1), MAX_CONCURRENCY), per_host=min(max(per_host, 1), MAX_PER_DOMAIN))

    def within(self, total: int, per_host: int) -> "Concurrency":
        """What a server with these limits really gives."""
        return Concurrency(total=min(self.total, total), per_host=min(self.per_host, per_host))
