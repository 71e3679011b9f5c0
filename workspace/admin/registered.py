"""The model pages that administrators of the server have: owners, their tokens, all sites."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.html import format_html
from django.utils.safestring import SafeString

from workspace.admin.audited import AnyModelAdmin, AuditedAdmin
from workspace.admin.frame import actor_of, caller, render_page, say
from workspace.admin.pages.tokens import scopes_in_words, token_state
from workspace.admin.scoped import ReadOnlyAdmin
from workspace.admin.site import site
from workspace.io.transactions import write_transaction
from workspace.models import OwnerToken, Site, User
from workspace.services.signin_log import sign_in_link_noted
from workspace.services.sites import site_archive, site_restore
from workspace.signin import sign_in_link_create

if TYPE_CHECKING:
    OwnerForm = forms.ModelForm[User]
    AnyUserAdmin = UserAdmin[User]
    AnyUserChangeForm = UserChangeForm[User]
else:  # Django's classes take no type argument at run time
    OwnerForm = forms.ModelForm
    AnyUserAdmin = UserAdmin
    AnyUserChangeForm = UserChangeForm


class AdministratorOnly(AnyModelAdmin):
    """Pages that only administrators of the server have."""

    list_title = ""

    class Media:
        css = {"all": ["rover/lists.css"]}

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Administrators."""
        return bool(getattr(request.user, "is_superuser", False)) and request.user.is_active

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Administrators."""
        return self.has_module_permission(request)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list under our title."""
        return super().changelist_view(request, {**(extra_context or {}), "title": self.list_title})


LABELS = {"is_active": "May sign in", "is_superuser": "Administrator of the server"}
HELP_TEXTS = {
    "is_active": "Without it, sessions and tokens of this person end at once; sites and keys stay.",
    "is_superuser": "Sees and changes every site, and these pages.",
}


class OwnerChangeForm(AnyUserChangeForm):
    """Somebody who is there already, in our words."""

    class Meta(UserChangeForm.Meta):
        model = User
        labels = LABELS
        help_texts = HELP_TEXTS


class NewOwnerForm(OwnerForm):
    """A person who signs in by one-time links; a password can be set later, by them or for them."""

    class Meta:
        model = User
        fields = ("username", "email", "is_superuser", "max_sites", "max_keys_per_site")
        labels = LABELS
        help_texts = HELP_TEXTS

    def clean_username(self) -> str:
        """No second name that differs in its capitals only: one would pass for the other."""
        name: str = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=name).exists():
            raise forms.ValidationError("There is an owner with this name already.")
        return name

    def save(self, commit: bool = True) -> User:
        """Everybody who has a row here may open the workspace."""
        self.instance.is_staff = True
        self.instance.set_unusable_password()
        return super().save(commit)


@admin.register(User, site=site)
class OwnerAdmin(AdministratorOnly, AuditedAdmin, AnyUserAdmin):
    """The people who may sign in, and how much they may have."""

    list_title = "Owners"
    audited_kind = "owner"
    audited_fields = ("username", "email", "is_active", "is_superuser", "max_sites", "max_keys_per_site")
    form = OwnerChangeForm
    add_form = NewOwnerForm
    add_form_template = "admin/workspace/user/add_form.html"
    list_display = ("username", "rights", "is_active", "max_sites", "max_keys_per_site", "last_login")
    list_filter = ("is_active", "is_superuser")
    search_fields = ("username", "email")
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()
    actions = None
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("username", "email", "password")}),
        ("Rights", {"fields": ("is_active", "is_superuser")}),
        ("Limits", {"fields": ("max_sites", "max_keys_per_site")}),
        ("Times", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "email", "is_superuser")}),
        ("Limits", {"fields": ("max_sites", "max_keys_per_site")}),
    )

    @admin.display(description="rights", ordering="is_superuser")
    def rights(self, owner: User) -> str:
        """In one word."""
        return "administrator" if owner.is_superuser else "owner"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Administrators."""
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Administrators."""
        return self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Administrators, but nobody deletes themselves."""
        return self.has_module_permission(request) and obj != request.user

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Nobody takes their own rights away by a slip: then there may be no administrator left."""
        own = ("is_active", "is_superuser") if obj is not None and obj == request.user else ()
        return (*super().get_readonly_fields(request, obj), *own)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What goes with an owner is shown, but asks for no rights of its own: no page deletes it alone."""
        gone, counts, _, protected = super().get_deleted_objects(objs, request)
        return gone, counts, set(), protected

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Django's page, with the password and its row of the audit log as one: Django's own view stores the
        first before it asks for the second."""
        if request.method != "POST":
            return super().user_change_password(request, id, form_url)
        with write_transaction():
            return super().user_change_password(request, id, form_url)

    def get_urls(self) -> list[URLPattern]:
        """The page of sign-in links before Django's own."""
        link = path(
            "<int:owner_id>/sign-in-link/",
            self.admin_site.admin_view(self.sign_in_link),
            name="workspace_user_sign_in_link",
        )
        return [link, *super().get_urls()]

    def sign_in_link(self, request: HttpRequest, owner_id: int) -> HttpResponse:
        """GET explains, POST shows a new link, this once."""
        owner = User.objects.filter(pk=owner_id, is_active=True).first()
        if owner is None or not self.has_change_permission(request, owner):
            raise Http404("There is no such owner who may sign in.")
        address = ""
        if request.method == "POST":
            now = timezone.now()
            address = settings.ROVER.base_url + sign_in_link_create(owner=owner, now=now)
            sign_in_link_noted(actor=actor_of(request), owner=owner, now=now)
        response = render_page(
            request,
            "workspace/owners/link.html",
            title=f"Sign-in link for {owner.username}",
            section="owners",
            person=owner,
            address=address,
        )
        add_never_cache_headers(response)
        return response


@admin.register(OwnerToken, site=site)
class OwnerTokenAdmin(AdministratorOnly, ReadOnlyAdmin):
    """Every owner's tokens. Their values are not stored, so nobody can read them here."""

    list_title = "All tokens"
    list_display = (
        "name",
        "owner",
        "shown",
        "may",
        "created_at",
        "last_used_at",
        "expires_at",
        "state",
        "end",
    )
    list_display_links = None
    list_select_related = ("owner",)
    search_fields = ("name", "owner__username", "hint")
    ordering = ("-created_at",)

    @admin.display(description="token", ordering="hint")
    def shown(self, token: OwnerToken) -> str:
        """By its end."""
        return f"rvo_…{token.hint}"

    @admin.display(description="may")
    def may(self, token: OwnerToken) -> str:
        """Its scopes."""
        return scopes_in_words(token)

    @admin.display(description="state")
    def state(self, token: OwnerToken) -> SafeString:
        """As a coloured word."""
        return _badge(token_state(token, timezone.now()))

    @admin.display(description="")
    def end(self, token: OwnerToken) -> str:
        """A way to end it."""
        if token.revoked_at is not None:
            return ""
        return format_html(
            '<a href="{}">End<span class="visually-hidden"> {}</span></a>',
            reverse("admin:token_revoke", args=[token.pk]),
            token.name,
        )


class ArchivedFilter(admin.SimpleListFilter):
    """Live sites, or archived ones."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Both."""
        return [("live", "live"), ("archived", "archived")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Site]) -> QuerySet[Site]:
        """All, unless one of them is chosen."""
        if self.value() in ("live", "archived"):
            return queryset.filter(archived_at__isnull=self.value() == "live")
        return queryset


@admin.register(Site, site=site)
class SiteAdmin(AdministratorOnly, ReadOnlyAdmin):
    """All sites of the server; owners have their own list."""

    list_title = "All sites"
    owner_field = ""
    site_field = "pk"
    list_display = ("page", "public_id", "host", "owner", "created_at", "state")
    list_display_links = None
    list_filter = (ArchivedFilter,)
    list_select_related = ("owner",)
    search_fields = ("name", "public_id", "host", "owner__username")
    ordering = ("-created_at",)
    actions = ("archive", "restore")

    @admin.display(description="name", ordering="name")
    def page(self, found: Site) -> SafeString:
        """The site's own pages."""
        return format_html(
            '<a href="{}"><bdi>{}</bdi></a>', reverse("admin:site", args=[found.public_id]), found.name
        )

    @admin.display(description="state", ordering="archived_at")
    def state(self, found: Site) -> SafeString:
        """As a coloured word."""
        return _badge("archived" if found.archived_at else "active")

    @admin.action(description="Archive the selected sites")
    def archive(self, request: HttpRequest, queryset: QuerySet[Site]) -> HttpResponse | None:
        """Asks first, and says what stops."""
        rows = list(queryset.filter(archived_at=None))
        if "confirmed" not in request.POST:
            return _confirm_archive(request, rows)
        for row in rows:
            site_archive(actor=actor_of(request), site=row, now=timezone.now())
        say(request, f"{len(rows)} archived. Their keys do not work any more; nothing was deleted.")
        return None

    @admin.action(description="Restore the selected sites")
    def restore(self, request: HttpRequest, queryset: QuerySet[Site]) -> None:
        """Their keys work again as they did."""
        rows = list(queryset.filter(archived_at__isnull=False))
        for row in rows:
            site_restore(actor=actor_of(request), site=row, now=timezone.now())
        say(request, f"{len(rows)} restored.")


def _confirm_archive(request: HttpRequest, rows: list[Site]) -> HttpResponse:
    return render_page(
        request,
        "workspace/owners/archive.html",
        title="Archive these sites?",
        section="all-sites",
        rows=rows,
        person=caller(request),
    )


def _badge(state: str) -> SafeString:
    return format_html('<span class="rv-badge rv-state-{}">{}</span>', state, state)
