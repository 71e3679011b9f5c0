"""The workspace: Django's admin with our own site, skin and rules of who sees what."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth.admin import UserAdmin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from workspace.models import OwnerToken, User


class Workspace(AdminSite):
    """The pages under /workspace/."""

    site_header = "Rover"
    site_title = "Rover"
    index_title = "Workspace"
    site_url = None
    empty_value_display = "–"


site = Workspace(name="admin")


if TYPE_CHECKING:
    AnyModelAdmin = ModelAdmin[Any]
else:  # Django's class takes no type argument at run time
    AnyModelAdmin = ModelAdmin


class ReadOnlyAdmin(AnyModelAdmin):
    """Rows that people look at and never edit by hand. `owner_field` leads to the owner; who is no superuser
    sees only his own rows, in every list, page and filter."""

    owner_field = "owner"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The caller's rows."""
        rows = super().get_queryset(request)
        return rows if _sees_all(request) else rows.filter(**{self.owner_field: request.user})

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Every signed-in owner has this page."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whose row it is was decided by the queryset."""
        return request.user.is_active and request.user.is_staff

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Rows come from the program."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Rows are changed by the program."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Rows are removed by the program."""
        return False


def _sees_all(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


@admin.register(OwnerToken, site=site)
class OwnerTokenAdmin(ReadOnlyAdmin):
    """Tokens of scripts: made by `rover owner token`, because a page would keep the secret in its history."""

    list_display = ("name", "hint", "scopes", "owner", "created_at", "last_used_at", "revoked_at")
    list_select_related = ("owner",)
    ordering = ("-created_at", "pk")
    exclude = ("digest",)


site.register(User, UserAdmin)
