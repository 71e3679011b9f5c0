"""Through which interface a change came."""

from enum import StrEnum


class Door(StrEnum):
    """The interface that asked for a change."""

    WORKSPACE = "workspace"
    API = "api"
    CLI = "cli"
    RUNTIME = "runtime"
    SYSTEM = "system"
