"""Sites and their people: made, renamed, archived, handed over, joined and left."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from workspace.core.credentials import Forbidden
from workspace.core.doors import Door
from workspace.core.fields import InvalidFields
from workspace.core.refusals import InvitationNotFound, LimitReached, MemberNotFound, StaleEdit
from workspace.core.roles import Role
from workspace.core.tokens import digest
from workspace.models import AuditEntry, HostClaim, Invitation, Membership, Site, SiteConfig, User
from workspace.selectors.access import role_of
from workspace.services.audit import Actor
from workspace.services.members import (
    MAX_OPEN_INVITATIONS,
    invitation_accept,
    invitation_create,
    invitation_revoke,
    member_remove,
    member_set_role,
)
from workspace.services.sites import site_archive, site_create, site_edit, site_restore, site_transfer


def acting(user: User) -> Actor:
    return Actor(user=user, door=Door.WORKSPACE)


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


class TestSites:
    def test_a_new_site_has_an_id_of_its_name_and_an_empty_configuration(
        self, actor: Actor, owner: User, now: datetime
    ) -> None:
        site = site_create(actor=actor, owner=owner, name=" Café Über ", host="cafe.example", now=now)

        assert site.name == "Café Über"
        assert site.public_id.startswith("cafe-uber-")
        assert len(site.public_id) == len("cafe-uber-") + 6
        assert SiteConfig.objects.get(site=site).content["shortcuts"] == []

    @pytest.mark.parametrize("name", ["", "   ", "x" * 121, "a\x00b", "a\x1bb"])
    def test_a_site_needs_a_name(self, actor: Actor, owner: User, now: datetime, name: str) -> None:
        with pytest.raises(InvalidFields):
            site_create(actor=actor, owner=owner, name=name, host="cafe.example", now=now)

        assert not Site.objects.exists()

    def test_archived_sites_do_not_count_against_the_limit(
        self, actor: Actor, owner: User, site: Site, now: datetime
    ) -> None:
        owner.max_sites = 1
        with pytest.raises(LimitReached):
            site_create(actor=actor, owner=owner, name="Second", host="b.example", now=now)

        site_archive(actor=actor, site=site, now=now)
        assert (
            site_create(actor=actor, owner=owner, name="Second", host="b.example", now=now).archived_at
            is None
        )

    def test_an_edit_of_an_old_state_is_refused(self, actor: Actor, site: Site, now: datetime) -> None:
        seen = site.revision
        site_edit(actor=actor, site=site, name="Theirs", host=site.host, revision=seen, now=now)

        with pytest.raises(StaleEdit):
            site_edit(actor=actor, site=site, name="Mine", host=site.host, revision=seen, now=now)

        site.refresh_from_db()
        assert site.name == "Theirs"

    def test_archiving_twice_is_one_change(self, actor: Actor, site: Site, now: datetime) -> None:
        for _ in range(2):
            site_archive(actor=actor, site=site, now=now)
        for _ in range(2):
            site_restore(actor=actor, site=site, now=now)

        assert actions()[-2:] == ["site.archived", "site.restored"]

    def test_a_site_goes_to_a_member_and_the_old_owner_stays(
        self, actor: Actor, owner: User, site: Site, colleague: User, now: datetime
    ) -> None:
        site_transfer(actor=actor, site=site, to=colleague, now=now)

        assert role_of(colleague, site) is Role.OWNER
        assert role_of(owner, site) is Role.ADMIN
        assert Membership.objects.filter(site=site).count() == 1

    def test_nobody_is_made_the_owner_without_having_joined(
        self, actor: Actor, site: Site, other: User, now: datetime
    ) -> None:
        with pytest.raises(Forbidden):
            site_transfer(actor=actor, site=site, to=other, now=now)


class TestInvitations:
    def test_the_link_lets_one_person_join_once(
        self, actor: Actor, site: Site, other: User, administrator: User, now: datetime
    ) -> None:
        secret = invitation_create(actor=actor, site=site, role="viewer", now=now)

        assert invitation_accept(actor=acting(other), secret=secret, now=now) == site
        assert role_of(other, site) is Role.VIEWER
        with pytest.raises(InvitationNotFound):
            invitation_accept(actor=acting(administrator), secret=secret, now=now)

    def test_the_secret_is_stored_as_a_digest_alone(self, actor: Actor, site: Site, now: datetime) -> None:
        secret = invitation_create(actor=actor, site=site, role="viewer", now=now)

        assert Invitation.objects.get().digest == digest(secret)
        assert secret not in str(list(AuditEntry.objects.values()))

    @pytest.mark.parametrize("role", ["owner", "", "root", "VIEWER"])
    def test_only_the_two_lesser_roles_can_be_given(
        self, actor: Actor, site: Site, now: datetime, role: str
    ) -> None:
        with pytest.raises(InvalidFields):
            invitation_create(actor=actor, site=site, role=role, now=now)

    def test_it_ends_after_a_week(self, actor: Actor, site: Site, other: User, now: datetime) -> None:
        secret = invitation_create(actor=actor, site=site, role="viewer", now=now)

        with pytest.raises(InvitationNotFound):
            invitation_accept(actor=acting(other), secret=secret, now=now + timedelta(days=7))

    def test_a_withdrawn_one_is_void(self, actor: Actor, site: Site, other: User, now: datetime) -> None:
        secret = invitation_create(actor=actor, site=site, role="viewer", now=now)
        invitation_revoke(actor=actor, invitation=Invitation.objects.get(), now=now)

        with pytest.raises(InvitationNotFound):
            invitation_accept(actor=acting(other), secret=secret, now=now)

    def test_who_works_there_already_does_not_use_it_up(
        self, actor: Actor, site: Site, owner: User, colleague: User, now: datetime
    ) -> None:
        secret = invitation_create(actor=actor, site=site, role="viewer", now=now)

        for person in (owner, colleague):
            with pytest.raises(Forbidden):
                invitation_accept(actor=acting(person), secret=secret, now=now)

        assert Invitation.objects.get().accepted_at is None
        assert role_of(colleague, site) is Role.ADMIN

    def test_an_archived_site_takes_nobody_in(
        self, actor: Actor, site: Site, other: User, now: datetime
    ) -> None:
        secret = invitation_create(actor=actor, site=site, role="viewer", now=now)
        site_archive(actor=actor, site=site, now=now)

        with pytest.raises(InvitationNotFound):
            invitation_accept(actor=acting(other), secret=secret, now=now)

    def test_there_is_a_limit_of_open_ones(self, actor: Actor, site: Site, now: datetime) -> None:
        for _ in range(MAX_OPEN_INVITATIONS):
            invitation_create(actor=actor, site=site, role="viewer", now=now)

        with pytest.raises(LimitReached):
            invitation_create(actor=actor, site=site, role="viewer", now=now)


class TestMembers:
    def test_a_role_is_changed_and_a_membership_ended_on_record(
        self, actor: Actor, site: Site, viewer: User, now: datetime
    ) -> None:
        member_set_role(actor=actor, site=site, user=viewer, role="admin", now=now)
        assert role_of(viewer, site) is Role.ADMIN

        member_remove(actor=actor, site=site, user=viewer, now=now)
        assert role_of(viewer, site) is None
        assert actions()[-2:] == ["member.role_changed", "member.removed"]

    def test_leaving_is_told_from_being_removed(
        self, actor: Actor, site: Site, viewer: User, now: datetime
    ) -> None:
        member_remove(actor=acting(viewer), site=site, user=viewer, now=now)

        assert actions()[-1] == "member.left"

    def test_the_owner_is_no_member(self, actor: Actor, site: Site, owner: User, now: datetime) -> None:
        with pytest.raises(MemberNotFound):
            member_remove(actor=actor, site=site, user=owner, now=now)


class TestTheDatabaseItself:
    """What no program can store, whatever it does."""

    def test_a_site_without_an_owner(self, site: Site) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            Site.objects.filter(pk=site.pk).update(owner=None)

    def test_an_unknown_role(self, site: Site, viewer: User) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            Membership.objects.filter(site=site).update(role="owner")

    def test_two_memberships_of_one_person(self, site: Site, viewer: User, now: datetime) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            Membership.objects.create(site=site, user=viewer, role="admin", created_at=now)

    def test_one_host_proved_for_two_sites(
        self, actor: Actor, site: Site, other: User, now: datetime
    ) -> None:
        second = site_create(actor=acting(other), owner=other, name="Rival", host="bakery.example", now=now)
        proved = {"host": "bakery.example", "created_at": now, "proved_at": now, "method": "file"}
        HostClaim.objects.create(site=site, token="a", **proved)

        with pytest.raises(IntegrityError), transaction.atomic():
            HostClaim.objects.create(site=second, token="b", **proved)
