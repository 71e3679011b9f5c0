"""A site from an address to its keys, in one step: all of it is made or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workspace.core.addresses import Address, Reach, development_domains
from workspace.core.fields import FieldError, InvalidFields
from workspace.core.policy import policy_defaults
from workspace.io.transactions import write_transaction
from workspace.models import AuditEntry, Site, SiteKey, User
from workspace.selectors.overview import POLICY_LOOKED_AT
from workspace.services.audit import Actor, Subject, record
from workspace.services.configs import site_config_patch
from workspace.services.keys import key_create
from workspace.services.sites import site_create

NOTE = "guided creation"


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchPlan:
    """What an owner decided. `site_mode` and `business_type` are the contract's values; `cloud` turns on
    cloud sandboxes; `shortcuts` as in siteConfig."""

    name: str
    address: Address
    reach: Reach
    site_mode: str = "agent"
    ai_access: bool = False
    cloud: bool = False
    business_type: str = "general"
    shortcuts: Sequence[dict[str, Any]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Launched:
    """What was made; `production` is None for a site on a local host."""

    site: Site
    production: SiteKey | None
    development: SiteKey


def site_launch(*, actor: Actor, owner: User, plan: LaunchPlan, now: datetime) -> Launched:
    """The site with a production key that never ends, a development key for this machine, and its
    configuration.

    Raises:
        InvalidFields: of any part, under the contract's names; agents' powers with analytics only are refused
            as well.
        LimitReached: the owner has as many sites or keys as allowed.
    """
    _check_mode(plan)
    policy = {
        "siteMode": plan.site_mode,
        "domainScopeMode": plan.reach.mode.value,
        "cloudSandboxEnabled": plan.cloud,
    }
    with write_transaction():
        site = site_create(
            actor=actor, owner=owner, name=plan.name, host=plan.address.host, now=now, note=NOTE
        )
        production = None
        if not plan.address.is_local:
            production = key_create(
                actor=actor,
                site=site,
                label="Production",
                allowed_domains=[plan.reach.pattern],
                environment="production",
                ttl_days=0,
                policy=policy,
                now=now,
                note=NOTE,
            ).key
        development = key_create(
            actor=actor,
            site=site,
            label="Development",
            allowed_domains=development_domains(plan.address),
            environment="development",
            policy=policy | {"domainScopeMode": "registrable_domain"},
            now=now,
            note=NOTE,
        ).key
        site_config_patch(
            actor=actor,
            site=site,
            patch={
                "businessType": plan.business_type,
                "aiAccess": {"enabled": plan.ai_access},
                "shortcuts": list(plan.shortcuts),
            },
            max_stored=policy_defaults()["shortcutMaxStored"],
            now=now,
            note=NOTE,
        )
    return Launched(site=site, production=production, development=development)


def policy_reviewed(*, actor: Actor, site: Site, now: datetime) -> None:
    """An owner looked at the policy and keeps it. A second time changes nothing."""
    with write_transaction():
        if not AuditEntry.objects.filter(site=site, action=POLICY_LOOKED_AT).exists():
            record(
                actor=actor,
                action=POLICY_LOOKED_AT,
                subject=Subject(kind="site", id=site.public_id, label=site.name),
                site=site,
                after={"policyReviewed": True},
                now=now,
            )


def _check_mode(plan: LaunchPlan) -> None:
    if plan.site_mode == "analytics_only":
        given = {
            "aiAccess": plan.ai_access,
            "cloudSandboxEnabled": plan.cloud,
            "shortcuts": bool(plan.shortcuts),
        }
        errors = [
            FieldError(name, "A site with analytics only has no actions for agents.", "not_allowed")
            for name, is_given in given.items()
            if is_given
        ]
        if errors:
            raise InvalidFields(errors)
