"""Who sent a request: its claims read, and held against what was proved before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db import connection

from tasks.core.attribution import Agent, Claims, Trust, attribute, claimed_keys
from tasks.core.public_create import AgentClaim
from tasks.core.signature_verdicts import VerifiedSignature
from tasks.io.database_threads import DatabaseThreads
from tasks.models import ProvenKey, SeenNonce
from workspace.io.transactions import write_transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The sender of one request. `address`: the IP address, '' when there is none. `headers`: lower-case
    names. `verified`: what the signature of this very request proved; `complaint`: why it proved nothing, ''
    for a good one and for none."""

    address: str
    headers: Mapping[str, str] = field(default_factory=dict)
    verified: VerifiedSignature | None = None
    complaint: str = ""


def attributed(
    caller: Caller, claim: AgentClaim | None, *, now: datetime, handoff_parent: Agent | None = None
) -> Agent:
    """The record of who is calling, in this moment and by what the server knows."""
    body = None if claim is None else claim.model_dump(exclude_none=True)
    said = Claims.of(body, caller.headers, caller.verified)
    return attribute(
        said,
        previous_key=None,
        ip=caller.address,
        day=now.date(),
        handoff_parent=handoff_parent,
        verified_keys=_proved(claimed_keys(said)),
        pepper=settings.SECRET_KEY.encode(),
    )


def proven_key_note(agent: Agent, *, now: datetime) -> None:
    """Remember that this key came with a signature; inside the transaction that believed it."""
    if agent.trust is Trust.VERIFIED_SIGNED and agent.signature_agent:
        ProvenKey.objects.get_or_create(
            key=agent.key, defaults={"signature_agent": agent.signature_agent, "first_seen_at": now}
        )


_PROVED = "SELECT key, signature_agent FROM tasks_provenkey WHERE key IN ({})"


def _proved(keys: tuple[str, ...]) -> dict[str, str]:
    if not keys:
        return {}
    # for every task: the framework's query takes five times as long
    with connection.cursor() as cursor:
        cursor.execute(_PROVED.format(", ".join(["%s"] * len(keys))), keys)
        return dict(cursor.fetchall())


class DatabaseNonces:
    """The signatures that were used, for every process: see `tasks.core.http_signatures.NonceStore`."""

    def __init__(self, database: DatabaseThreads) -> None:
        self._database = database

    async def remember(self, *, keyid: str, nonce: str, expires: datetime, now: datetime) -> bool:
        """See `NonceStore.remember`."""
        return await self._database.run(nonce_remember, keyid=keyid, nonce=nonce, expires=expires, now=now)


def nonce_remember(*, keyid: str, nonce: str, expires: datetime, now: datetime) -> bool:
    """True the first time. The unique constraint decides between two at once."""
    with write_transaction():
        SeenNonce.objects.filter(keyid=keyid, nonce=nonce, expires_at__lte=now).delete()
        _, is_new = SeenNonce.objects.get_or_create(
            keyid=keyid, nonce=nonce, defaults={"expires_at": expires}
        )
    return is_new


def nonces_prune(*, now: datetime) -> None:
    """Forget what could not be used again anyway."""
    with write_transaction():
        SeenNonce.objects.filter(expires_at__lte=now).delete()
