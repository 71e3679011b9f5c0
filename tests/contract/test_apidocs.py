"""/docs shows what /openapi.json says, to everybody, without a script."""

import re

import pytest
from django.test import Client

from rover_site.apidocs import prose
from rover_site.openapi import OPERATIONS, document
from workspace.services.owners import owner_create

pytestmark = pytest.mark.django_db


@pytest.fixture
def page() -> str:
    return Client().get("/docs").content.decode()


def test_everybody_may_read_it_and_who_is_signed_in_keeps_the_side_bar() -> None:
    client = Client()
    stranger = client.get("/docs")
    client.force_login(owner_create(username="owner", password=None))
    owner = client.get("/docs")

    assert (stranger.status_code, owner.status_code) == (200, 200)
    assert [b'id="rv-sidebar"' in one.content for one in (stranger, owner)] == [False, True]


def test_every_operation_has_its_place_both_addresses_and_a_line_for_the_shell(page: str) -> None:
    for operation in OPERATIONS:
        assert f'id="{operation.name}"' in page
        assert f"<code>{operation.path}</code>" in page
        assert f"<code>{operation.also}</code>" in page or not operation.also
        assert f"{operation.name} as a curl line" in page


def test_every_refusal_of_an_operation_is_told(page: str) -> None:
    (article,) = re.findall(r'<article[^>]* id="rotateRoverSiteKey".*?</article>', page, re.DOTALL)

    for refused in next(one for one in OPERATIONS if one.name == "rotateRoverSiteKey").refused:
        assert f"<code>{refused.code}</code>" in article


def test_every_link_leads_to_a_place_on_the_page(page: str) -> None:
    targets = set(re.findall(r'href="#([^"]+)"', page))
    places = re.findall(r' id="([^"]+)"', page)

    assert len(places) == len(set(places))
    assert targets
    assert targets <= set(places)


def test_every_schema_with_fields_is_shown(page: str) -> None:
    for name, schema in document()["components"]["schemas"].items():
        assert (f'id="schema-{name}"' in page) == bool(schema.get("properties"))


def test_nothing_on_it_is_inline(page: str) -> None:
    assert re.findall(r"<[^>]+\s(?:style|on\w+)=", page) == []
    assert [tag for tag in re.findall(r"<script[^>]*>", page) if "src=" not in tag] == []


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("plain", "plain"),
        ("`a` and `b`", "<code>a</code> and <code>b</code>"),
        ("<b> `<i>`", "&lt;b&gt; <code>&lt;i&gt;</code>"),
    ],
)
def test_backticks_become_code_and_everything_is_escaped(text: str, html: str) -> None:
    assert prose(text) == html
