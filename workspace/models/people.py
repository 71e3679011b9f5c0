"""Owners, the tokens of their scripts, and their names at an identity provider."""

from django.contrib.auth.models import AbstractUser
from django.db import models

from workspace.core.ids import new_id


class User(AbstractUser):
    """A person who signs in. Ours from the first migration, because Django cannot swap it later."""

    max_sites = models.PositiveIntegerField("most sites", default=50)
    max_keys_per_site = models.PositiveIntegerField("most live keys per site", default=50)

    class Meta:
        verbose_name = "owner"

    def __str__(self) -> str:
        return self.username


class OwnerToken(models.Model):
    """A bearer token `rvo_…` of an owner's script; only its digest is stored."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(max_length=4, editable=False)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} (…{self.hint})"


class OidcIdentity(models.Model):
    """The name under which the configured identity provider knows an owner."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=500)
    subject = models.CharField(max_length=255)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="oidc_identity_unique_per_issuer")
        ]

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"
