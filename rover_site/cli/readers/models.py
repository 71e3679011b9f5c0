"""What the tables of tasks refer to, by key alone. A new reference needs a class here; a test tells."""

from django.db import models


class User(models.Model):
    """An owner."""

    class Meta:
        managed = False
        db_table = "workspace_user"

    def __str__(self) -> str:
        return f"owner {self.pk}"


class Site(models.Model):
    """A website."""

    id = models.UUIDField(primary_key=True)

    class Meta:
        managed = False
        db_table = "workspace_site"

    def __str__(self) -> str:
        return f"site {self.pk}"


class SiteKey(models.Model):
    """A key of a website."""

    id = models.UUIDField(primary_key=True)

    class Meta:
        managed = False
        db_table = "workspace_sitekey"

    def __str__(self) -> str:
        return f"key {self.pk}"
