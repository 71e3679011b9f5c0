"""Owners and the tokens of their scripts."""

from django.contrib.auth.models import AbstractUser
from django.db import models

from workspace.core.ids import new_id


class User(AbstractUser):
    """A person who signs in. Ours from the first migration, because Django cannot swap it later."""

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
