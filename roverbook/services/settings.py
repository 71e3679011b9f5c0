"""Changing a site's settings for RoverBook."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from roverbook.core.questions import NotificationSettingsPatch, question_id
from roverbook.core.webhooks.subscriptions import Wanted
from roverbook.models import NotificationSettings, Question
from roverbook.models.shared import Provenance
from roverbook.selectors.settings import asked_questions
from roverbook.services.webhooks.endpoints import webhooks_checked, webhooks_replace
from workspace.core.fields import FieldError, InvalidFields, validated
from workspace.io.transactions import write_transaction
from workspace.models import Site
from workspace.services.audit import Actor, Subject, record


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChanged:
    """`secrets`: those that were made for new webhooks, by id; they are shown this once."""

    settings: NotificationSettings
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


def notification_settings_patch(
    *, actor: Actor, site: Site, patch: dict[str, Any], now: datetime, note: str = ""
) -> SettingsChanged:
    """Change what `patch` names of `enabled`, `interviewQuestions` and `webhooks`; all or nothing. The list
    of webhooks replaces the one there was.

    Raises:
        InvalidFields: with every field that is wrong.
    """
    wanted, webhooks = _checked(site, patch)
    secrets: Mapping[str, str] = {}
    with write_transaction():
        row, _ = NotificationSettings.objects.select_for_update().get_or_create(
            site=site, defaults={"updated_at": now}
        )
        before = _audited(row)
        if wanted.enabled is not None:
            row.enabled = wanted.enabled
        if wanted.interview_questions is not None:
            _ask(row, wanted.interview_questions, now=now)
            row.save()
        after = _audited(row)
        if after != before:
            row.updated_at = now
            row.save()
            record(
                actor=actor,
                action="roverbook_settings.changed",
                subject=Subject(kind="roverbook_settings", id=site.public_id, label=site.name),
                site=site,
                before=before,
                after=after,
                note=note,
                now=now,
            )
        if webhooks is not None:
            secrets = webhooks_replace(actor=actor, site=site, items=webhooks, now=now, note=note)
    return SettingsChanged(settings=row, secrets=secrets)


def _checked(site: Site, patch: dict[str, Any]) -> tuple[NotificationSettingsPatch, list[Wanted] | None]:
    """What is wanted of the settings, and the webhooks, None for those there are. Raises: InvalidFields."""
    errors: list[FieldError] = []
    settings, webhooks = NotificationSettingsPatch(), None
    try:
        if patch.get("webhooks") is not None:
            webhooks = webhooks_checked(site, patch["webhooks"])
    except InvalidFields as invalid:
        errors.extend(invalid.errors)
    try:
        fields = {name: value for name, value in patch.items() if name != "webhooks"}
        settings = validated(NotificationSettingsPatch, fields, prefix="")
    except InvalidFields as invalid:
        errors.extend(invalid.errors)
    if errors:
        raise InvalidFields(errors)
    return settings, webhooks


def _ask(row: NotificationSettings, texts: list[str], *, now: datetime) -> None:
    """Let these be the owner's questions. One that was there keeps its id, and with it its answers."""
    row.has_own_questions = True
    known = {question.text: question for question in Question.objects.filter(site=row.site)}
    Question.objects.filter(site=row.site, active=True).update(active=False)
    taken = {question.question_id for question in known.values()}
    for order, text in enumerate(texts):
        question = known.get(text)
        if question is None:
            name = question_id(text, taken=taken)
            taken.add(name)
            question = Question(site=row.site, question_id=name, text=text, created_at=now)
        question.active, question.order = True, order
        question.provenance = Provenance.OWNER
        question.save()


def _audited(row: NotificationSettings) -> dict[str, Any]:
    asked = [question["text"] for question in asked_questions(row.site)]
    return {"enabled": row.enabled, "interviewQuestions": asked}
