"""The workspace: Django's admin with our own site, pages and skin."""

from workspace.admin import registered as _registered  # noqa: F401 - registers its models on import
from workspace.admin.scoped import ReadOnlyAdmin, ScopedModelAdmin
from workspace.admin.site import site

__all__ = ["ReadOnlyAdmin", "ScopedModelAdmin", "site"]
