"""Model pages that show a person only what is theirs: in lists, forms, choices, filters and searches."""

from typing import TYPE_CHECKING, Any, cast

from django.contrib.admin import ModelAdmin, RelatedOnlyFieldListFilter
from django.db.models import ForeignKey, ManyToManyField, Model, QuerySet
from django.forms import ModelChoiceField, ModelMultipleChoiceField
from django.http import HttpRequest

from workspace.models import Site, User
from workspace.selectors.access import sites_of

if TYPE_CHECKING:
    AnyModelAdmin = ModelAdmin[Any]
else:  # Django's class takes no type argument at run time
    AnyModelAdmin = ModelAdmin


class ScopedModelAdmin(AnyModelAdmin):
    """Rows of the caller alone. `owner_field` leads to the owner's row, or `site_field` to the site's, by
    Django's double underscores; an administrator of the server sees everything.

    Choices of foreign keys are scoped by the admin of the model they lead to; a model without a scoped admin
    offers nothing. Filters list only values that occur in the caller's rows.
    """

    owner_field = ""
    site_field = ""
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The caller's rows."""
        return self.scoped(super().get_queryset(request), request)

    def scoped(self, rows: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
        """The part of `rows` that belongs to the caller."""
        user = cast(User, request.user)
        if user.is_superuser:
            return rows
        if self.site_field:
            return rows.filter(**{f"{self.site_field}__in": sites_of(user)})
        if self.owner_field:
            return rows.filter(**{self.owner_field: user})
        return rows.none()

    def formfield_for_foreignkey(
        self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> "ModelChoiceField[Any] | None":
        """Only rows that the caller may see can be chosen, whatever is posted."""
        kwargs["queryset"] = self._choices(db_field.remote_field.model, request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(
        self, db_field: "ManyToManyField[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> "ModelMultipleChoiceField[Any] | None":
        """As for foreign keys."""
        kwargs["queryset"] = self._choices(db_field.remote_field.model, request)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def _choices(self, model: type[Model], request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = model._default_manager.all()
        admin = self.admin_site._registry.get(model)
        if getattr(request.user, "is_superuser", False):
            return rows
        if isinstance(admin, ScopedModelAdmin):
            return admin.scoped(rows, request)
        return sites_of(cast(User, request.user)) if model is Site else rows.none()

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Filters over relations name only what occurs in the caller's rows."""
        return [self._scoped_filter(entry) for entry in super().get_list_filter(request)]

    def _scoped_filter(self, entry: Any) -> Any:
        if not isinstance(entry, str) or "__" in entry:
            return entry
        found = self.model._meta.get_field(entry)
        return (entry, RelatedOnlyFieldListFilter) if found.is_relation else entry


class ReadOnlyAdmin(ScopedModelAdmin):
    """Rows that people look at and never edit by hand."""

    owner_field = "owner"

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Every signed-in owner has this page."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whose row it is was decided by the queryset."""
        return request.user.is_active and bool(getattr(request.user, "is_staff", False))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Rows come from the program."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Rows are changed by the program."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Rows are removed by the program."""
        return False
