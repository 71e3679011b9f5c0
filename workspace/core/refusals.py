"""Refusals of the workspace's services.

RoverError
├── SiteNotFound, KeyNotFound, MemberNotFound, InvitationNotFound, ShortcutNotFound
├── SiteMismatch   the site given is not the key's
├── KeyEnded       the key was revoked or rotated away
├── StaleEdit      somebody changed the same thing in between
├── LimitReached   the owner has as many as allowed
└── HostClaimed    another site has proved that it controls the host
"""

from workspace.core.errors import ErrorKind, RoverError


class SiteNotFound(RoverError):
    code = "site_not_found"
    kind = ErrorKind.NOT_FOUND


class KeyNotFound(RoverError):
    code = "key_not_found"
    kind = ErrorKind.NOT_FOUND


class MemberNotFound(RoverError):
    code = "member_not_found"
    kind = ErrorKind.NOT_FOUND


class InvitationNotFound(RoverError):
    code = "invitation_not_found"
    kind = ErrorKind.NOT_FOUND


class ShortcutNotFound(RoverError):
    code = "shortcut_not_found"
    kind = ErrorKind.NOT_FOUND


class SiteMismatch(RoverError):
    code = "site_mismatch"
    kind = ErrorKind.CONFLICT


class KeyEnded(RoverError):
    code = "key_ended"
    kind = ErrorKind.CONFLICT


class StaleEdit(RoverError):
    code = "stale_edit"
    kind = ErrorKind.CONFLICT


class LimitReached(RoverError):
    code = "limit_reached"
    kind = ErrorKind.CONFLICT


class HostClaimed(RoverError):
    code = "host_claimed"
    kind = ErrorKind.CONFLICT
