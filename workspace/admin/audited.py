"""What administrators change through Django's own model pages goes to the audit log as well."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.contrib.admin import ModelAdmin
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone

from workspace.admin.frame import actor_of, caller
from workspace.io.transactions import write_transaction
from workspace.services.audit import Subject, record

if TYPE_CHECKING:
    AnyModelAdmin = ModelAdmin[Any]
else:  # Django's class takes no type argument at run time
    AnyModelAdmin = ModelAdmin


class AuditedAdmin(AnyModelAdmin):
    """Writes a row wherever Django writes its own log. Of changed fields, those in `audited_fields` are named
    with their values; anything else, a password above all, is not."""

    audited_kind = ""
    audited_fields: tuple[str, ...] = ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Keep the values as they were, until Django asks to log the change."""
        changed = [name for name in form.changed_data if name in self.audited_fields]
        request._rover_before = {name: form.initial.get(name) for name in changed} if change else {}  # type: ignore[attr-defined]  # Django keeps such things on the request, too
        super().save_model(request, obj, form, change)

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Also a row `<kind>.created`."""
        self._record(request, "created", obj, before={}, after=self._values(obj))
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Also a row `<kind>.changed`; from the password page `<kind>.password_changed`."""
        match = request.resolver_match
        if match is not None and (match.url_name or "").endswith("password_change"):
            self._record(request, "password_changed", obj, before={}, after={})
        elif before := getattr(request, "_rover_before", {}):
            after = {name: value for name, value in self._values(obj).items() if name in before}
            self._record(request, "changed", obj, before=before, after=after)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Also a row `<kind>.deleted` for each."""
        for obj in queryset:
            self._record(request, "deleted", obj, before=self._values(obj), after={})
        return super().log_deletions(request, queryset)

    def _values(self, obj: Model) -> dict[str, Any]:
        return {name: getattr(obj, name) for name in self.audited_fields}

    def _record(
        self,
        request: HttpRequest,
        what: str,
        obj: Model,
        *,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
    ) -> None:
        with write_transaction():
            record(
                actor=actor_of(request),
                action=f"{self.audited_kind}.{what}",
                subject=Subject(kind=self.audited_kind, id=str(obj.pk), label=str(obj)),
                before=before,
                after=after,
                now=timezone.now(),
            )


def record_own_password(request: HttpRequest) -> None:
    """Somebody changed their own password."""
    person = caller(request)
    with write_transaction():
        record(
            actor=actor_of(request),
            action="owner.password_changed",
            subject=Subject(kind="owner", id=str(person.pk), label=person.username),
            now=timezone.now(),
        )
