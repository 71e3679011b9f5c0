"""What a site's owners decide about one agent: its name for them, whose visits count as its own, whether it
counts for the score, and whether it may start tasks."""

from datetime import datetime
from typing import Any

from roverbook.models import AgentProfile, Visit
from roverbook.services.scoring import score_due
from workspace.core.field_types import checked_text
from workspace.core.fields import FieldError, InvalidFields
from workspace.io.transactions import write_transaction
from workspace.models import Site
from workspace.services.audit import Actor, Subject, record

NICKNAME_MAX = 120
PER_DAY_MOST = 100_000
ALIASES_MOST = 200
"""More would make every count of agents slow."""
_COUNTED = ("alias_of", "is_muted")


def agent_decide(
    *,
    actor: Actor,
    site: Site,
    agent_key: str,
    nickname: str,
    alias_of: str,
    is_muted: bool,
    access: str,
    per_day: int | None,
    now: datetime,
) -> AgentProfile:
    """Write down what the owners decided; what is as it was changes nothing and leaves no row in the log.

    Raises:
        InvalidFields: the agent never visited; the nickname is too long; the alias leads nowhere, or to or
            from another alias; a limit without a number.
    """
    with write_transaction():
        Site.objects.select_for_update().get(pk=site.pk)  # two at once could make each other's alias
        values: dict[str, Any] = {
            "nickname": _nickname(nickname),
            "alias_of": alias_of,
            "is_muted": is_muted,
            "access": access,
            "per_day": per_day if access == AgentProfile.Access.LIMIT else None,
        }
        if errors := [
            *_unknown(site, agent_key),
            *_alias(site, agent_key, alias_of),
            *_access(access, per_day),
        ]:
            raise InvalidFields(errors)
        row = AgentProfile.objects.filter(site=site, agent_key=agent_key).first()
        row = row or AgentProfile(site=site, agent_key=agent_key)
        before = {name: getattr(row, name) for name in values}
        if before == values:
            return row
        for name, value in values.items():
            setattr(row, name, value)
        row.updated_at = now
        row.save()
        if any(before[name] != values[name] for name in _COUNTED):
            score_due(site, now)
        record(
            actor=actor,
            action="roverbook_agent.decided",
            subject=Subject(kind="roverbook_agent", id=agent_key[:120], label=values["nickname"]),
            site=site,
            before=before,
            after=values,
            now=now,
        )
    return row


def _nickname(text: str) -> str:
    return checked_text(text, field="nickname", max_length=NICKNAME_MAX) if text.strip() else ""


def _unknown(site: Site, agent_key: str) -> list[FieldError]:
    known = AgentProfile.objects.filter(site=site, agent_key=agent_key).exists()
    if agent_key and (known or Visit.objects.filter(site=site, agent_key=agent_key).exists()):
        return []
    return [FieldError("agentKey", "No agent with this key has visited the site.", "not_allowed")]


def _alias(site: Site, agent_key: str, alias_of: str) -> list[FieldError]:
    """An alias leads to an agent that visited and is none itself: chains could turn in a circle."""
    if not alias_of:
        return []
    profiles = AgentProfile.objects.filter(site=site)
    others = profiles.exclude(agent_key=agent_key).exclude(alias_of="")
    refusals = {
        "An agent is no alias of itself.": alias_of == agent_key,
        "Other agents count as this one; take that back first.": profiles.filter(alias_of=agent_key).exists(),
        "That one is an alias itself; name the agent it counts as.": others.filter(
            agent_key=alias_of
        ).exists(),
        "No agent with this key has visited the site.": not Visit.objects.filter(
            site=site, agent_key=alias_of
        ).exists(),
        f"A site has at most {ALIASES_MOST} aliases.": others.count() >= ALIASES_MOST,
    }
    return [FieldError("aliasOf", text, "not_allowed") for text, is_so in refusals.items() if is_so][:1]


def _access(access: str, per_day: int | None) -> list[FieldError]:
    if access not in AgentProfile.Access.values:
        return [FieldError("access", "Must be allow, limit or block.", "not_allowed")]
    if access != AgentProfile.Access.LIMIT:
        return []
    if per_day is None:
        return [FieldError("perDay", "Say how many tasks a day.", "required")]
    if not 1 <= per_day <= PER_DAY_MOST:
        return [FieldError("perDay", f"Must be from 1 to {PER_DAY_MOST}.", "out_of_range")]
    return []
