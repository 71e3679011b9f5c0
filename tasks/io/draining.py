"""Whether this worker is about to stop. Long jobs ask between steps and give their work back."""

from dataclasses import dataclass
from typing import Protocol


class Flag(Protocol):
    """Something that is raised once and stays so."""

    def is_set(self) -> bool:
        """True after it was raised."""


@dataclass(slots=True)
class _Binding:
    flag: Flag | None = None


_binding = _Binding()


def bind(flag: Flag | None) -> None:
    """Say which flag speaks for this process and those it forks; None takes it away again."""
    _binding.flag = flag


def is_draining() -> bool:
    """True when the worker was told to stop; a process without a bound flag never drains."""
    return _binding.flag is not None and _binding.flag.is_set()
