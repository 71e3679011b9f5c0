"""The workspace's tables."""

from workspace.models.audit import AuditEntry
from workspace.models.config import SiteConfig
from workspace.models.keys import KeyUsage, SiteKey
from workspace.models.people import OidcIdentity, OwnerToken, User
from workspace.models.sites import HostClaim, Invitation, Membership, Site

__all__ = [
    "AuditEntry",
    "HostClaim",
    "Invitation",
    "KeyUsage",
    "Membership",
    "OidcIdentity",
    "OwnerToken",
    "Site",
    "SiteConfig",
    "SiteKey",
    "User",
]
