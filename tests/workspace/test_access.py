"""Whose site is it, and what may a person do there."""

import pytest

from workspace.core.credentials import Forbidden
from workspace.core.refusals import KeyNotFound, SiteNotFound
from workspace.core.roles import Right, Role
from workspace.models import Site, SiteKey, User
from workspace.selectors.access import require, role_of, site_of, sites_of
from workspace.selectors.keys import key_for, keys_of


@pytest.fixture
def people(owner: User, colleague: User, viewer: User, other: User, administrator: User) -> dict[str, User]:
    return {
        "owner": owner,
        "colleague": colleague,
        "viewer": viewer,
        "other": other,
        "administrator": administrator,
    }


@pytest.mark.parametrize(
    ("name", "role", "rights"),
    [
        ("owner", Role.OWNER, {Right.VIEW, Right.EDIT, Right.OWN}),
        ("colleague", Role.ADMIN, {Right.VIEW, Right.EDIT}),
        ("viewer", Role.VIEWER, {Right.VIEW}),
        ("other", None, set()),
        ("administrator", Role.OWNER, {Right.VIEW, Right.EDIT, Right.OWN}),
    ],
)
def test_each_person_has_the_rights_of_the_role(
    people: dict[str, User], site: Site, key: SiteKey, name: str, role: Role | None, rights: set[Right]
) -> None:
    person = people[name]

    assert role_of(person, site) == role
    for right in Right:
        if right in rights:
            assert require(person, site, right) == role
            assert key_for(person, key.pk, right) == key
        else:
            with pytest.raises(Forbidden):
                require(person, site, right)
            with pytest.raises(Forbidden):
                key_for(person, key.pk, right)


@pytest.mark.parametrize("name", ["owner", "colleague", "viewer", "administrator"])
def test_who_works_on_a_site_finds_it_and_its_keys(
    people: dict[str, User], site: Site, key: SiteKey, name: str
) -> None:
    assert list(sites_of(people[name])) == [site]
    assert site_of(people[name], site.public_id) == site
    assert list(keys_of(people[name])) == [key]


def test_a_stranger_finds_nothing(people: dict[str, User], site: Site, key: SiteKey) -> None:
    assert not sites_of(people["other"]).exists()
    assert not keys_of(people["other"]).exists()
    with pytest.raises(SiteNotFound):
        site_of(people["other"], site.public_id)


def test_a_person_with_two_parts_sees_a_site_once(owner: User, site: Site) -> None:
    assert sites_of(owner).filter(pk=site.pk).count() == 1


@pytest.mark.parametrize(
    "key_id", ["", "x", "1", "0f5b3f2e-6d3a-4d3e-9a60-1c2d3e4f5a6b", "'; DROP TABLE", "\x00"]
)
def test_a_key_that_does_not_exist_is_not_found(owner: User, key_id: str) -> None:
    with pytest.raises(KeyNotFound):
        key_for(owner, key_id, Right.VIEW)
