"""Sign-ins, sign-outs and failed sign-ins are on record, within bounds."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from workspace.models import AuditEntry, User
from workspace.selectors.audit import audit_of
from workspace.services.signin_log import (
    FAILED,
    FAILURES_IN_ALL,
    FAILURES_PER_NAME_AND_ADDRESS,
    sign_in_failed,
)
from workspace.signin import sign_in_link_create

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
LOGIN = "/workspace/login/"


@pytest.fixture
def mara(owner: User) -> User:
    owner.set_password(PASSWORD)
    owner.save()
    return owner


def rows(action: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action=action).order_by("id"))


def attempt(client: Client, name: str, password: str, **headers: str) -> None:
    client.post(LOGIN, {"username": name, "password": password}, headers=headers)


def test_a_sign_in_by_password_is_on_record(client: Client, mara: User) -> None:
    attempt(client, "owner", PASSWORD, x_request_id="r-1")
    [entry] = rows("owner.signed_in")
    assert (entry.actor, entry.after, entry.ip, entry.request_id) == (
        mara,
        {"by": "password"},
        "127.0.0.1",
        "r-1",
    )


def test_a_sign_in_by_link_is_on_record_as_such(client: Client, mara: User) -> None:
    client.post(sign_in_link_create(owner=mara, now=timezone.now()))
    [entry] = rows("owner.signed_in")
    assert (entry.actor, entry.after) == (mara, {"by": "one-time link"})


def test_a_sign_out_is_on_record(client: Client, mara: User) -> None:
    attempt(client, "owner", PASSWORD)
    client.post("/workspace/logout/")
    assert [entry.actor for entry in rows("owner.signed_out")] == [mara]


def test_a_sign_out_of_nobody_is_not(client: Client, mara: User) -> None:
    client.post("/workspace/logout/")
    assert rows("owner.signed_out") == []


def test_a_failure_names_whom_it_was_tried_as_and_no_password(
    client: Client, mara: User, other: User
) -> None:
    attempt(client, "owner", "a wrong guess")
    [entry] = rows(FAILED)
    assert (entry.actor, entry.subject_label, entry.subject_id) == (None, "owner", str(mara.pk))
    assert "a wrong guess" not in str(AuditEntry.objects.filter(pk=entry.pk).values())
    assert entry in audit_of(mara)
    assert entry not in audit_of(other)


def test_a_failure_of_nobody_is_seen_by_administrators_alone(
    client: Client, mara: User, administrator: User
) -> None:
    attempt(client, "nobody", "x")
    [entry] = rows(FAILED)
    assert entry in audit_of(administrator)
    assert entry not in audit_of(mara)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("x" * 400, "x" * 150),
        ("a\0b\n\x1b[31m", "a\ufffdb\ufffd\ufffd[31m"),
        ("", ""),
        ("<b>", "<b>"),
    ],
)
def test_what_was_tried_as_a_name_is_kept_short_and_printable(
    db: None, now: datetime, name: str, kept: str
) -> None:
    sign_in_failed(name=name, now=now)
    assert rows(FAILED)[0].subject_label == kept


def test_a_guesser_writes_a_few_rows_a_minute(db: None) -> None:
    now = timezone.now()
    for _ in range(FAILURES_PER_NAME_AND_ADDRESS + 5):
        sign_in_failed(name="owner", ip="192.0.2.1", now=now)
    assert len(rows(FAILED)) == FAILURES_PER_NAME_AND_ADDRESS
    assert "there may have been more" in rows(FAILED)[-1].note
    assert not any(entry.note for entry in rows(FAILED)[:-1])


def test_another_address_and_another_name_have_rows_of_their_own(db: None) -> None:
    now = timezone.now()
    for _ in range(FAILURES_PER_NAME_AND_ADDRESS + 1):
        sign_in_failed(name="owner", ip="192.0.2.1", now=now)
    sign_in_failed(name="owner", ip="192.0.2.2", now=now)
    sign_in_failed(name="other", ip="192.0.2.1", now=now)
    assert len(rows(FAILED)) == FAILURES_PER_NAME_AND_ADDRESS + 2


def test_all_guessers_together_are_bounded(db: None) -> None:
    now = timezone.now()
    for i in range(FAILURES_IN_ALL + 10):
        sign_in_failed(name=f"name {i}", ip="192.0.2.1", now=now)
    assert len(rows(FAILED)) == FAILURES_IN_ALL


def test_after_a_minute_failures_are_written_again(db: None) -> None:
    now = timezone.now()
    for _ in range(FAILURES_PER_NAME_AND_ADDRESS + 1):
        sign_in_failed(name="owner", ip="192.0.2.1", now=now)
    sign_in_failed(name="owner", ip="192.0.2.1", now=now + timedelta(seconds=90))
    assert len(rows(FAILED)) == FAILURES_PER_NAME_AND_ADDRESS + 1
