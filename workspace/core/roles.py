"""Who may do what on a site."""

from enum import StrEnum


class Role(StrEnum):
    """A person's part on one site."""

    OWNER = "owner"
    ADMIN = "admin"
    VIEWER = "viewer"


class Right(StrEnum):
    """What an action asks for: to look; to change keys, rules and content; to decide about the site itself
    and its people."""

    VIEW = "view"
    EDIT = "edit"
    OWN = "own"


_RIGHTS = {
    Role.OWNER: frozenset(Right),
    Role.ADMIN: frozenset({Right.VIEW, Right.EDIT}),
    Role.VIEWER: frozenset({Right.VIEW}),
}


def allows(role: Role, right: Right) -> bool:
    """Whether the role carries the right."""
    return right in _RIGHTS[role]
