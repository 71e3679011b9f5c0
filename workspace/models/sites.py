"""Sites, who works on them, and which hosts they were proved to control."""

from django.db import models
from django.db.models import Q

from workspace.core.ids import new_id
from workspace.core.roles import Role
from workspace.models.people import User


class Site(models.Model):
    """One website. `public_id` is the contract's siteId, `<slug>-<6 characters>`, and never changes.

    `revision` counts the edits of this row, so that an edit of an old state is refused.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    public_id = models.CharField(max_length=80, unique=True, editable=False)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="sites")
    name = models.CharField(max_length=120)
    host = models.CharField(max_length=253, help_text="The main host, as a browser spells it.")
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="site_has_a_name"),
            models.CheckConstraint(condition=~Q(public_id=""), name="site_has_a_public_id"),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """Somebody else who works on a site. The owner is the site's own field, so that there is always one."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=[(r.value, r.value) for r in (Role.ADMIN, Role.VIEWER)])
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "user"], name="membership_unique_per_site"),
            models.CheckConstraint(
                condition=Q(role__in=[Role.ADMIN.value, Role.VIEWER.value]), name="membership_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.site}"


class Invitation(models.Model):
    """A link by which one person may join a site; only the digest of its secret is stored."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=16, choices=[(r.value, r.value) for r in (Role.ADMIN, Role.VIEWER)])
    digest = models.CharField(max_length=64, unique=True, editable=False)
    note = models.CharField(max_length=120, blank=True, default="")
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(role__in=[Role.ADMIN.value, Role.VIEWER.value]), name="invitation_role_known"
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None) | Q(revoked_at=None), name="invitation_ends_one_way"
            ),
        ]

    def __str__(self) -> str:
        return f"invitation to {self.site} as {self.role}"


class HostClaim(models.Model):
    """A site says that it controls a host; `proved_at` tells since when that is shown, `lost_at` that it is
    not any more. One host is proved for one site at a time."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="claims")
    host = models.CharField(max_length=253)
    token = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField()
    proved_at = models.DateTimeField(null=True, blank=True)
    method = models.CharField(max_length=16, blank=True, default="")
    checked_at = models.DateTimeField(null=True, blank=True)
    lost_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "host"], name="claim_unique_per_site"),
            models.UniqueConstraint(
                fields=["host"],
                condition=Q(proved_at__isnull=False, lost_at__isnull=True),
                name="claim_host_proved_once",
            ),
            models.CheckConstraint(
                condition=Q(lost_at=None) | Q(proved_at__isnull=False), name="claim_lost_was_proved"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.host} for {self.site}"

    @property
    def is_proved(self) -> bool:
        """Whether control is shown at present."""
        return self.proved_at is not None and self.lost_at is None
