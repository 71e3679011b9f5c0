"""Claims to hosts: opened, proved, passed on to whoever has control now.

A host is proved for one site at a time. When a second site proves it, the first one's proof is looked for
again in that moment: while it holds, the newcomer is refused, and when nobody can tell whether it holds (name
servers or the host do not answer), too. Time alone ends no proof. Two sites of one owner do not compete: the
later proof counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError

from workspace.core.fields import FieldError, InvalidFields
from workspace.core.hosts import is_local_name, parse_host
from workspace.core.proof import Evidence, Finding
from workspace.core.refusals import HostClaimed, LimitReached, SiteNotFound
from workspace.core.tokens import mint
from workspace.io.transactions import write_transaction
from workspace.models import HostClaim, Site
from workspace.selectors.claims import proved_claim
from workspace.selectors.installations import installation_of
from workspace.services.audit import SYSTEM, Actor, Subject, record
from workspace.services.evidence import evidence_gather

CLAIMS_PER_SITE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimResult:
    """What a check of a claim gave. `is_found`: a proof is there now, by `method` (txt, file or page, else
    ''). A claim that was proved before stays proved without. `findings`: what each method gave."""

    claim: HostClaim
    is_found: bool
    method: str
    findings: tuple[Finding, ...]


def claim_open(*, actor: Actor, site: Site, host: str, now: datetime) -> HostClaim:
    """The site's claim to the host, with the token for its proof; the one it has, or a new one.

    `host` may be any text that names one, also a URL.

    Raises:
        InvalidFields: no host, or one that needs no proof.
        LimitReached: the site has 100 claims.
    """
    name = parse_host(host)
    if name is None:
        raise _wrong_host("Give a host like shop.example.com.")
    if is_local_name(name):
        raise _wrong_host(f"{name} is nobody's alone. A development or test key works there without proof.")
    with write_transaction():
        known = HostClaim.objects.filter(site=site, host=name).first()
        if known is not None:
            return known
        if HostClaim.objects.filter(site=site).count() >= CLAIMS_PER_SITE:
            raise LimitReached(f"This site has {CLAIMS_PER_SITE} claims, which is the limit.")
        claim, is_new = HostClaim.objects.get_or_create(
            site=site, host=name, defaults={"token": mint(""), "created_at": now}
        )
        if is_new:
            _log(actor, "opened", claim, {}, {"host": name}, now)
    return claim


def claim_check(*, actor: Actor, claim: HostClaim, now: datetime) -> ClaimResult:
    """Look for a proof of the claim, and keep what was found. It asks the web, outside of any transaction.

    Raises:
        HostClaimed: another owner's proof holds as well, or cannot be looked for now (then retryable).
    """
    findings = _gather(claim, now)
    proof = _proof(findings)
    if proof is None:
        HostClaim.objects.filter(pk=claim.pk).update(checked_at=now)
        claim.refresh_from_db()
    else:
        claim_prove(actor=actor, claim=claim, method=proof.method.value, now=now)
    return ClaimResult(
        claim=claim,
        is_found=proof is not None,
        method=proof.method.value if proof else "",
        findings=findings,
    )


def claim_prove(*, actor: Actor, claim: HostClaim, method: str, now: datetime) -> None:
    """Keep that `method` has just shown control. The proof of another site is looked for again first.

    Raises:
        HostClaimed: see `claim_check`.
        SiteNotFound: the claim was withdrawn meanwhile.
    """
    rival = proved_claim(claim.host)
    if rival is not None and rival.site_id != claim.site_id:
        _check_rival(rival, claim, now)
    else:
        rival = None
    try:
        with write_transaction():
            if rival is not None:
                _lose(rival, now)
            _write_proof(actor, claim, method, now)
    except IntegrityError as exc:  # a third site was quicker
        raise _claimed(claim.host, retryable=True) from exc
    claim.refresh_from_db()


def claim_withdraw(*, actor: Actor, claim: HostClaim, now: datetime) -> None:
    """Give the claim up, and with it its proof: the host is free for others."""
    with write_transaction():
        if HostClaim.objects.filter(pk=claim.pk).delete()[0]:
            _log(actor, "withdrawn", claim, {"proved": claim.is_proved}, {"proved": False}, now)


def _gather(claim: HostClaim, now: datetime) -> tuple[Finding, ...]:
    installation = installation_of(claim.site, now=now)
    return evidence_gather(host=claim.host, token=claim.token, installation=installation)


def _proof(findings: Sequence[Finding]) -> Finding | None:
    return next((each for each in findings if each.evidence is Evidence.PROVED), None)


def _check_rival(rival: HostClaim, claim: HostClaim, now: datetime) -> None:
    """Raises HostClaimed unless the rival's proof is gone, or both sites have one owner."""
    if rival.site.owner_id == claim.site.owner_id:
        return
    findings = _gather(rival, now)
    HostClaim.objects.filter(pk=rival.pk).update(checked_at=now)
    if _proof(findings) is not None:
        with write_transaction():
            _log(
                SYSTEM, "contested", rival, {}, {"host": rival.host}, now, "another site showed a proof, too"
            )
        raise _claimed(claim.host, retryable=False)
    kept = [each for each in findings if each.method.value == rival.method] or findings
    if any(each.evidence is Evidence.UNKNOWN for each in kept):
        raise _claimed(claim.host, retryable=True)


def _lose(rival: HostClaim, now: datetime) -> None:
    """End the proof that was looked for in vain, if it is still the same one."""
    same = HostClaim.objects.filter(pk=rival.pk, proved_at=rival.proved_at, lost_at=None)
    if same.update(lost_at=now):
        note = "another site proved control of the host"
        _log(SYSTEM, "lost", rival, {"proved": True}, {"proved": False}, now, note)


def _write_proof(actor: Actor, claim: HostClaim, method: str, now: datetime) -> None:
    fresh = HostClaim.objects.filter(pk=claim.pk).select_for_update().first()
    if fresh is None:
        raise SiteNotFound("This claim was withdrawn meanwhile.")
    was_proved, since = fresh.is_proved, fresh.proved_at if fresh.is_proved else now
    HostClaim.objects.filter(pk=claim.pk).update(proved_at=since, lost_at=None, method=method, checked_at=now)
    if not was_proved:
        _log(actor, "proved", claim, {"proved": False}, {"proved": True, "method": method}, now)


def _claimed(host: str, *, retryable: bool) -> HostClaimed:
    if retryable:
        message = f"Another site has proved control of {host}, and its proof cannot be looked for now."
        return HostClaimed(message, next_action="Try again later.", retryable=True, host=host)
    return HostClaimed(
        f"Another site has proved control of {host}, and its proof is still there.",
        next_action="Remove its TXT record, verification file or script tag, then check again.",
        host=host,
    )


def _wrong_host(message: str) -> InvalidFields:
    return InvalidFields([FieldError("host", message, "not_allowed")])


def _log(
    actor: Actor,
    what: str,
    claim: HostClaim,
    before: dict[str, object],
    after: dict[str, object],
    now: datetime,
    note: str = "",
) -> None:
    record(
        actor=actor,
        action=f"host_claim.{what}",
        subject=Subject(kind="host_claim", id=str(claim.pk), label=claim.host),
        site=claim.site,
        before=before,
        after=after,
        note=note,
        now=now,
    )
