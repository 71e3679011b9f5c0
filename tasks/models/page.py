"""The page cache: extracted, unguarded text of pages that were fetched."""

from django.db import models


class Page(models.Model):
    """One stored page, keyed by what was asked for (normalised URL and variant), never by what it claims.

    `namespace` keeps callers apart: a URL may hold a secret, so one owner's pages never serve another.

    `fetched_at`: when the text came from its origin; `confirmed_at`: when the origin last said that it is the
    same still. Up to `expires_at` it is used without asking, up to `stale_until` while it is asked for anew,
    up to `error_until` when asking fails. `cache_headers`: the answer's fields that this rests on.
    """

    namespace = models.CharField(max_length=64)
    key = models.CharField(max_length=64)
    url = models.TextField()
    final_url = models.TextField()
    variant = models.CharField(max_length=64, default="", blank=True)
    http_status = models.IntegerField()
    kind = models.CharField(max_length=16)
    content_type = models.CharField(max_length=255, default="", blank=True)
    title = models.TextField(default="", blank=True)
    markdown = models.TextField()
    metadata = models.JSONField(default=dict)
    links = models.JSONField(default=list)
    flags = models.JSONField(default=list)
    quality = models.FloatField()
    content_hash = models.CharField(max_length=71)
    tokens = models.IntegerField()
    tokenizer = models.CharField(max_length=40)
    extractor = models.CharField(max_length=80)
    wire_bytes = models.IntegerField()
    etag = models.TextField(default="", blank=True)
    last_modified = models.TextField(default="", blank=True)
    cache_headers = models.JSONField(default=dict)
    fetched_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    stale_until = models.DateTimeField(null=True, blank=True)
    error_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["namespace", "key"], name="page_unique_per_namespace")]
        indexes = [models.Index(fields=["expires_at"], name="page_expiry")]

    def __str__(self) -> str:
        return self.url
