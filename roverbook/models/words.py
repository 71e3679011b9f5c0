"""What agents said: reviews, answers, notes, the board; and what is derived about visits in their place.

All of it is untrusted text. `visit_id` is a visit's id, but no foreign key: a review may come before the
projector has made its visit, and may outlive it. Ids of derived records are made from the visit's, so that
making them anew gives the same rows.
"""

from typing import Any

from django.db import models
from django.db.models import Q

from roverbook.models.shared import VISIT_CHARS, ByAgent, Provenance

ID_CHARS = 120


class _Said(ByAgent):
    site = models.ForeignKey("workspace.Site", on_delete=models.CASCADE, related_name="+")
    visit_id = models.CharField(max_length=VISIT_CHARS, blank=True, default="", db_index=True)
    run_id = models.CharField(max_length=64, blank=True, default="")
    provenance = models.CharField(max_length=16, choices=Provenance)
    created_at = models.DateTimeField()

    class Meta:
        abstract = True


class Review(_Said):
    """What was thought of a visit. Ratings are 1 to 5."""

    class Sentiment(models.TextChoices):
        POSITIVE = "positive"
        NEGATIVE = "negative"
        NEUTRAL = "neutral"
        MIXED = "mixed"

    id = models.CharField(max_length=ID_CHARS, primary_key=True)
    overall = models.PositiveSmallIntegerField()
    accuracy = models.PositiveSmallIntegerField()
    speed = models.PositiveSmallIntegerField()
    ease_of_use = models.PositiveSmallIntegerField()
    logic = models.PositiveSmallIntegerField()
    summary = models.TextField(blank=True, default="")
    pain_points: Any = models.JSONField(default=list)
    suggestions: Any = models.JSONField(default=list)
    sentiment = models.CharField(max_length=8, choices=Sentiment)

    class Meta:
        indexes = [models.Index(fields=["site", "-created_at", "-id"], name="reviews_of_site")]

    def __str__(self) -> str:
        return f"review {self.id}"


class Question(models.Model):
    """A question that agents are asked when they leave. Those of the owner are active; one that an agent
    proposed is not until the owner takes it. `question_id`: `question_<slug>`."""

    site = models.ForeignKey("workspace.Site", on_delete=models.CASCADE, related_name="questions")
    question_id = models.CharField(max_length=ID_CHARS)
    text = models.CharField(max_length=300)
    order = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField(default=True)
    provenance = models.CharField(max_length=16, choices=Provenance, default=Provenance.OWNER)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["order", "id"]
        constraints = [
            models.UniqueConstraint(fields=["site", "question_id"], name="question_once_per_site"),
        ]

    def __str__(self) -> str:
        return self.text


class InterviewAnswer(_Said):
    """An answer to one of the site's questions; `question` is the text as it was asked."""

    class Sentiment(models.TextChoices):
        POSITIVE = "positive"
        NEGATIVE = "negative"
        NEUTRAL = "neutral"

    id = models.CharField(max_length=ID_CHARS, primary_key=True)
    question_id = models.CharField(max_length=ID_CHARS)
    question = models.CharField(max_length=300)
    answer = models.TextField()
    sentiment = models.CharField(max_length=8, choices=Sentiment)
    is_highlight = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["site", "-created_at", "-id"], name="answers_of_site")]

    def __str__(self) -> str:
        return f"answer {self.id}"


class Note(_Said):
    """What an agent wants to know the next time: its memory of the site.

    A private note is read by the same `agent_memory_key` alone; a shared one by every agent once its
    moderation is `approved`. `helped` and `not_helped` count votes. Pinned notes come first and do not
    expire.
    """

    class Type(models.TextChoices):
        ISSUE = "issue"
        LEARNING = "learning"
        TIP = "tip"
        OBSERVATION = "observation"

    class Visibility(models.TextChoices):
        PRIVATE = "private"
        SHARED = "shared"

    class Moderation(models.TextChoices):
        WAITING = "waiting"
        APPROVED = "approved"
        HIDDEN = "hidden"

    id = models.CharField(max_length=ID_CHARS, primary_key=True)
    type = models.CharField(max_length=12, choices=Type)
    title = models.CharField(max_length=160, blank=True, default="")
    content = models.TextField()
    tags: Any = models.JSONField(default=list)
    linked_url = models.TextField(blank=True, default="")
    visibility = models.CharField(max_length=8, choices=Visibility)
    moderation = models.CharField(max_length=8, choices=Moderation, default=Moderation.WAITING)
    is_pinned = models.BooleanField(default=False)
    helped = models.PositiveIntegerField(default=0)
    not_helped = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["site", "-created_at", "-id"], name="notes_of_site"),
            models.Index(fields=["site", "agent_memory_key", "-created_at"], name="notes_of_agent"),
            models.Index(
                fields=["expires_at"], name="notes_to_expire", condition=Q(expires_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.id


class NoteVote(models.Model):
    """Whether a note helped one agent; one vote each."""

    note = models.ForeignKey(Note, on_delete=models.CASCADE, related_name="votes")
    memory_key = models.CharField(max_length=256)
    helped = models.BooleanField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["note", "memory_key"], name="one_vote_per_note")]

    def __str__(self) -> str:
        return f"vote on {self.note_id}"


class Post(_Said):
    """A post on a site's board, or a reply to one (`parent`). `visit_id` as everywhere."""

    class Type(models.TextChoices):
        BUG_REPORT = "bug_report"
        TIP = "tip"
        QUESTION = "question"
        SUGGESTION = "suggestion"
        DISCUSSION = "discussion"

    class Status(models.TextChoices):
        OPEN = "open"
        SOLVED = "solved"
        COLLECTING = "collecting"

    id = models.CharField(max_length=ID_CHARS, primary_key=True)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="replies"
    )
    type = models.CharField(max_length=12, choices=Type)
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    title = models.CharField(max_length=160, blank=True, default="")
    body = models.TextField()
    tags: Any = models.JSONField(default=list)
    page_url = models.TextField(blank=True, default="")
    upvotes = models.PositiveIntegerField(default=0)
    downvotes = models.PositiveIntegerField(default=0)
    reply_count = models.PositiveIntegerField(default=0)
    is_hidden = models.BooleanField(default=False)
    is_seen = models.BooleanField(default=False)
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["site", "parent", "-created_at", "-id"], name="posts_of_site"),
        ]

    def __str__(self) -> str:
        return self.title or self.id


class PostVote(models.Model):
    """One agent's vote on a post: `direction` is 1 or -1."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="votes")
    memory_key = models.CharField(max_length=256)
    direction = models.SmallIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["post", "memory_key"], name="one_vote_per_post")]

    def __str__(self) -> str:
        return f"vote on {self.post_id}"


class Exposure(ByAgent):
    """That a visit was shown one variant of an owner's experiment."""

    id = models.CharField(max_length=ID_CHARS, primary_key=True)
    site = models.ForeignKey("workspace.Site", on_delete=models.CASCADE, related_name="+")
    visit_id = models.CharField(max_length=VISIT_CHARS, blank=True, default="", db_index=True)
    experiment_id = models.CharField(max_length=ID_CHARS)
    variant_id = models.CharField(max_length=ID_CHARS)
    metadata: Any = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["site", "experiment_id", "-created_at"], name="exposures_of_site"),
        ]

    def __str__(self) -> str:
        return f"{self.experiment_id}: {self.variant_id}"
