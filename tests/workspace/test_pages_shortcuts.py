"""The pages of shortcuts: the list, one shortcut, deleting with undo, and files."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from workspace.core.policy import policy_defaults
from workspace.core.shortcut_files import FILE_MAX_BYTES
from workspace.core.shortcuts import ordered_shortcuts
from workspace.models import AuditEntry, HostClaim, Site, SiteConfig, SiteKey, User
from workspace.services.audit import Actor
from workspace.services.configs import site_config_patch
from workspace.services.sites import site_create

ClientOf = Callable[[User], Client]
Typed = Mapping[str, str]
HOSTILE = '"><script>alert(1)</script>'
FULL = {
    "id": "order-cake",
    "label": "Order a cake",
    "prompt": "Ask for size,\nthen fill the form.",
    "description": "Birthday cakes",
    "icon": "🎂",
    "enabled": True,
    "routing": "act",
    "tags": ["cakes", "orders"],
    "examples": ["A cake for ten"],
    "inputSchema": {"type": "object"},
    "outputSchema": {"type": "object"},
    "sideEffect": "transactional",
    "requiresConfirmation": True,
    "preferredInterface": "shortcut",
    "runKind": "task",
    "visibility": "public",
}
TYPED = FULL | {
    "prompt": "Ask for size,\r\nthen fill the form.",
    "enabled": "on",
    "tags": "cakes\r\n\r\n orders ",
    "examples": "A cake for ten",
    "inputSchema": '{"type": "object"}',
    "outputSchema": '{"type": "object"}',
    "requiresConfirmation": "true",
}


@pytest.fixture
def browser(client_of: ClientOf, owner: User) -> Client:
    return client_of(owner)


class Pages:
    """The pages of one site's shortcuts, and what is stored."""

    def __init__(self, site: Site, actor: Actor, now: datetime) -> None:
        self.site, self._actor, self._now = site, actor, now

    def url(self, name: str = "shortcuts", *args: str) -> str:
        return reverse(f"admin:site_{name}", args=[self.site.public_id, *args])

    @property
    def stored(self) -> list[dict[str, Any]]:
        content: dict[str, Any] = SiteConfig.objects.get(site=self.site).content
        return list(content["shortcuts"])

    @property
    def seen(self) -> list[str]:
        return [one["id"] for one in ordered_shortcuts(self.stored)]

    @property
    def version(self) -> int:
        return SiteConfig.objects.get(site=self.site).version

    def patch(self, **patch: Any) -> None:
        site_config_patch(actor=self._actor, site=self.site, patch=patch, max_stored=100, now=self._now)

    def hold(self, *names: str, **more: Any) -> None:
        """Store shortcuts with these ids."""
        self.patch(
            shortcuts=[{"id": name, "label": name.title(), "prompt": f"Do {name}.", **more} for name in names]
        )

    def prove(self) -> None:
        """The site's host is its own."""
        HostClaim.objects.create(
            site=self.site, host=self.site.host, token="t", created_at=self._now, proved_at=self._now
        )

    def changes(self) -> int:
        return AuditEntry.objects.filter(site=self.site, action="site_config.changed").count()


@pytest.fixture
def pages(site: Site, actor: Actor, now: datetime) -> Pages:
    return Pages(site, actor, now)


def act(browser: Client, pages: Pages, name: str, shortcut_id: str = "", **more: Any) -> Any:
    data = {"act": name, "id": shortcut_id, "version": pages.version, **more}
    return browser.post(pages.url("shortcuts_change"), data, follow=True)


def policy_of(key: SiteKey, **changes: Any) -> None:
    SiteKey.objects.filter(pk=key.pk).update(policy=policy_defaults() | changes)


# The list.


def test_an_empty_list_says_what_shortcuts_are_and_offers_three(browser: Client, pages: Pages) -> None:
    pages.patch(businessType="restaurant")

    page = browser.get(pages.url())

    assert "A shortcut is a prompt you saved" in page.text
    assert page.text.count('value="take"') == 3
    assert "Show the menu" in page.text


def test_a_suggestion_is_taken_with_one_click(browser: Client, pages: Pages) -> None:
    pages.patch(businessType="restaurant")

    page = act(browser, pages, "take", "menu")

    assert pages.seen == ["menu"]
    assert "“Show the menu” is added." in page.text
    assert page.text.count('value="take"') == 2


def test_a_suggestion_of_another_trade_is_not_found(browser: Client, pages: Pages) -> None:
    assert act(browser, pages, "take", "menu").status_code == 404
    assert pages.stored == []


def test_the_list_shows_what_visitors_see_and_what_is_beyond(
    browser: Client, pages: Pages, key: SiteKey
) -> None:
    policy_of(key, shortcutMaxRendered=2, shortcutMaxStored=7)
    pages.hold("a", "b", "c", "d")
    act(browser, pages, "off", "a")

    page = browser.get(pages.url())

    assert [row.state for row in page.context["rows"]] == ["off", "shown", "shown", "beyond"]
    assert [one["id"] for one in page.context["launcher"]] == ["b", "c"]
    assert "positions 3 and later are not shown" in page.text
    assert "<strong>4</strong> of 7 stored" in page.text
    assert "Production" in page.text


@pytest.mark.parametrize(
    ("name", "shortcut_id", "more", "expected"),
    [
        ("up", "b", {}, "bac"),
        ("down", "b", {}, "acb"),
        ("up", "a", {}, "abc"),
        ("down", "c", {}, "abc"),
        ("place", "c", {"position": "1"}, "cab"),
        ("place", "a", {"position": "999"}, "bca"),
    ],
)
def test_a_shortcut_moves(
    browser: Client, pages: Pages, name: str, shortcut_id: str, more: Typed, expected: str
) -> None:
    pages.hold("a", "b", "c")

    act(browser, pages, name, shortcut_id, **more)

    assert "".join(pages.seen) == expected


@pytest.mark.parametrize("typed", ["", "two", "-1", "1.5", "9" * 7, "²"])
def test_a_position_is_a_number(browser: Client, pages: Pages, typed: str) -> None:
    pages.hold("a", "b")

    page = act(browser, pages, "place", "b", position=typed)

    assert page.status_code == 422
    assert "A position is a number from 1 to 2." in page.text
    assert pages.seen == ["a", "b"]


def test_switching_off_and_on(browser: Client, pages: Pages) -> None:
    pages.hold("a")

    act(browser, pages, "off", "a")
    assert [one["enabled"] for one in pages.stored] == [False]

    page = act(browser, pages, "on", "a")
    assert [one["enabled"] for one in pages.stored] == [True]
    assert "“A” is switched on." in page.text


def test_duplicating(browser: Client, pages: Pages) -> None:
    pages.hold("a", "b")

    act(browser, pages, "duplicate", "a")

    assert pages.seen == ["a", "a-2", "b"]
    assert pages.stored[1]["enabled"] is False


def test_a_change_is_on_record(browser: Client, pages: Pages) -> None:
    pages.hold("a")
    before = pages.changes()

    act(browser, pages, "off", "a")

    assert pages.changes() == before + 1
    assert AuditEntry.objects.latest("id").actor_name == "owner"


@pytest.mark.parametrize("name", ["up", "down", "place", "on", "off", "duplicate", "take"])
def test_an_unknown_shortcut_is_not_found(browser: Client, pages: Pages, name: str) -> None:
    pages.hold("a")

    assert act(browser, pages, name, "nothing", position="1").status_code == 404


def test_an_unknown_change_is_refused(browser: Client, pages: Pages) -> None:
    assert act(browser, pages, "explode", "a").status_code == 400


@pytest.mark.parametrize("version", ["0", "", "x", "9" * 5_000])
def test_a_button_on_an_old_list_does_nothing_and_shows_the_new_one(
    browser: Client, pages: Pages, version: str
) -> None:
    pages.hold("a", "b")

    page = act(browser, pages, "off", "a", version=version)

    assert page.status_code == 409
    assert "nothing was done" in page.text
    assert page.context["version"] == pages.version
    assert all(one["enabled"] for one in pages.stored)


def test_a_full_list_takes_no_more(browser: Client, pages: Pages, key: SiteKey) -> None:
    policy_of(key, shortcutMaxStored=2)
    pages.hold("a", "b")

    page = act(browser, pages, "duplicate", "a")

    assert page.status_code == 422
    assert "Must have at most 2 entries." in page.text
    assert pages.seen == ["a", "b"]


def test_a_list_above_a_lowered_limit_can_be_changed_and_shortened(
    browser: Client, pages: Pages, key: SiteKey
) -> None:
    pages.hold("a", "b", "c")
    policy_of(key, shortcutMaxStored=1)

    act(browser, pages, "off", "c")
    browser.post(pages.url("shortcut_delete", "a"), {"version": pages.version})

    assert pages.seen == ["b", "c"]
    assert pages.stored[1]["enabled"] is False


def test_the_links_say_when_ai_access_lets_them_work(browser: Client, pages: Pages) -> None:
    pages.hold("a")
    assert "not at present" in browser.get(pages.url()).text

    pages.patch(aiAccess={"enabled": True})
    page = browser.get(pages.url()).text

    assert "not at present" not in page
    assert "https://bakery.example/?rover_shortcut=a" in page
    assert (
        "{&quot;url&quot;: &quot;https://bakery.example/&quot;, &quot;shortcut&quot;: &quot;a&quot;}" in page
    )


# One shortcut.


def test_a_new_shortcut_is_stored_as_the_contract_writes_it(browser: Client, pages: Pages) -> None:
    page = browser.post(pages.url("shortcut_new"), {**TYPED, "version": pages.version}, follow=True)

    assert pages.stored == [FULL]
    assert "“Order a cake” is saved." in page.text


def test_what_is_left_empty_is_not_set_and_the_id_comes_from_the_label(browser: Client, pages: Pages) -> None:
    typed = {"label": "Track my order", "prompt": "Find it.", "version": pages.version}

    browser.post(pages.url("shortcut_new"), typed)

    assert pages.stored == [
        {"id": "track-my-order", "label": "Track my order", "prompt": "Find it.", "enabled": False}
    ]


def test_a_saved_form_that_nobody_touched_changes_nothing(browser: Client, pages: Pages) -> None:
    pages.patch(shortcuts=[FULL | {"order": 7}])
    before = pages.version
    form = browser.get(pages.url("shortcut", "order-cake")).context["form"]
    shown = {name: form[name].value() for name in form.fields if form[name].value() is not None}

    browser.post(pages.url("shortcut", "order-cake"), shown | {"enabled": "on"})

    assert pages.stored == [FULL | {"order": 7}]
    assert pages.version == before


def test_an_edit_keeps_the_place_and_the_others(browser: Client, pages: Pages) -> None:
    pages.hold("a", "b", "c")

    browser.post(
        pages.url("shortcut", "b"),
        {"label": "Bread", "prompt": "Bake.", "enabled": "on", "version": pages.version},
    )

    assert pages.seen == ["a", "b", "c"]
    assert pages.stored[1] == {"id": "b", "label": "Bread", "prompt": "Bake.", "enabled": True}


def test_another_id_warns_of_links_with_the_old_one(browser: Client, pages: Pages) -> None:
    pages.hold("a")
    assert "?rover_shortcut=a" in browser.get(pages.url("shortcut", "a")).text

    page = browser.post(
        pages.url("shortcut", "a"),
        {"id": "z", "label": "A", "prompt": "Do.", "version": pages.version},
        follow=True,
    )

    assert pages.seen == ["z"]
    assert "its old id a do not work any more" in page.text


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("label", "", "required"),
        ("label", "x" * 81, "at most 80"),
        ("prompt", "x" * 2_001, "at most 2000"),
        ("prompt", "a\x00b", "Null characters"),
        ("description", "x" * 201, "at most 200"),
        ("icon", "123456789", "at most 8"),
        ("id", "no spaces", "letters, digits"),
        ("id", "../x", "letters, digits"),
        ("id", "x" * 81, "at most 80"),
        ("id", "taken", "Another shortcut has this id."),
        ("routing", "sideways", "not one of the available choices"),
        ("runKind", "race", "not one of the available choices"),
        ("sideEffect", "magic", "not one of the available choices"),
        ("requiresConfirmation", "maybe", "not one of the available choices"),
        ("preferredInterface", "fax", "not one of the available choices"),
        ("visibility", "secret", "not one of the available choices"),
        ("tags", "\n".join(f"t{n}" for n in range(17)), "at most 16"),
        ("tags", "good\n" + "x" * 41, "Entry 2: Must be at most 40"),
        ("examples", "\n".join("abcdefg"), "at most 6"),
        ("examples", "x" * 221, "Entry 1: Must be at most 220"),
        (
            "inputSchema",
            '{\n  "type" 1}',
            "Line 2: This is no JSON: Expecting ':' delimiter at character 10.",
        ),
        ("inputSchema", "\n\n{", "Line 3"),
        ("inputSchema", "[]", "no object"),
        ("inputSchema", '{"type": "strange"}', "valid JSON Schema; the error is at /type"),
        ("inputSchema", '{"a": NaN}', "number that cannot be read"),
        ("outputSchema", '{"a": 1, "a": 2}', "given twice"),
        ("outputSchema", json.dumps({"description": "x" * 17_000}), "16 KiB"),
        ("outputSchema", '{"not":' * 5_000 + "1" + "}" * 5_000, "nested too deeply"),
    ],
)
def test_a_wrong_value_is_shown_at_its_field_and_nothing_is_saved(
    browser: Client, pages: Pages, name: str, value: str, message: str
) -> None:
    pages.hold("taken")
    before = pages.stored

    page = browser.post(pages.url("shortcut_new"), {**TYPED, name: value, "version": pages.version})

    form = page.context["form"]
    assert page.status_code == 422
    assert list(form.errors) == [name]
    assert message in " ".join(form.errors[name])
    assert form[name].value() == value
    assert pages.stored == before


def test_an_edit_of_an_old_state_shows_both_and_can_be_saved_again(browser: Client, pages: Pages) -> None:
    pages.hold("a")
    seen = pages.version
    mine = {"label": "Mine", "prompt": "Do a.", "enabled": "on", "version": seen}
    browser.post(pages.url("shortcut", "a"), mine | {"label": "Theirs"})

    refused = browser.post(pages.url("shortcut", "a"), mine)

    assert refused.status_code == 409
    assert refused.context["differences"] == [("Label", "Theirs", "Mine")]
    assert pages.stored[0]["label"] == "Theirs"
    form = refused.context["form"]
    assert form["label"].value() == "Mine"

    browser.post(pages.url("shortcut", "a"), mine | {"version": form["version"].value()})
    assert pages.stored[0]["label"] == "Mine"


def test_an_edit_of_what_was_deleted_can_be_saved_as_a_new_one(browser: Client, pages: Pages) -> None:
    pages.hold("a")
    typed = {"id": "a", "label": "Mine", "prompt": "Do a.", "version": pages.version}
    pages.hold()

    refused = browser.post(pages.url("shortcut", "a"), typed)

    assert refused.status_code == 409
    assert "This shortcut was deleted." in refused.text
    assert f'action="{pages.url("shortcut_new")}"' in refused.text
    browser.post(pages.url("shortcut_new"), typed | {"version": refused.context["form"]["version"].value()})
    assert [one["label"] for one in pages.stored] == ["Mine"]


def test_a_new_shortcut_on_an_old_state_keeps_what_was_typed(browser: Client, pages: Pages) -> None:
    seen = pages.version
    pages.hold("a")

    refused = browser.post(pages.url("shortcut_new"), {**TYPED, "version": seen})

    assert refused.status_code == 409
    assert refused.context["form"]["prompt"].value() == TYPED["prompt"]
    assert pages.seen == ["a"]


@pytest.mark.parametrize("name", ["shortcut", "shortcut_delete"])
def test_a_shortcut_that_does_not_exist_is_not_found(browser: Client, pages: Pages, name: str) -> None:
    url = pages.url(name, "nothing")

    assert browser.get(url).status_code == 404
    assert browser.post(url, {**TYPED, "version": pages.version}).status_code == 404
    assert pages.stored == []


def test_a_shortcut_of_the_owners_other_site_is_not_found(
    browser: Client, pages: Pages, owner: User, actor: Actor, now: datetime
) -> None:
    pages.hold("a")
    second = site_create(actor=actor, owner=owner, name="Second", host="second.example", now=now)

    assert browser.get(Pages(second, actor, now).url("shortcut", "a")).status_code == 404


def test_agents_are_told_all_but_the_prompt(browser: Client, pages: Pages, key: SiteKey) -> None:
    pages.prove()
    pages.patch(shortcuts=[FULL], aiAccess={"enabled": True})

    told = browser.get(pages.url("shortcut", "order-cake")).context["told"]

    assert told.silent == ""
    assert told.skill["description"] == "Birthday cakes"
    assert told.skill["requiresConfirmation"] is True
    assert FULL["prompt"] not in told.as_json


@pytest.mark.parametrize(
    ("access", "enabled", "expected"),
    [(False, True, "AI access is off."), (True, False, "switched off"), (True, True, "")],
)
def test_the_preview_says_why_agents_hear_nothing(
    browser: Client, pages: Pages, key: SiteKey, access: bool, enabled: bool, expected: str
) -> None:
    pages.prove()
    pages.hold("a", enabled=enabled)
    pages.patch(aiAccess={"enabled": access})

    told = browser.get(pages.url("shortcut", "a")).context["told"]

    assert expected in told.silent
    assert bool(expected) == bool(told.silent)


def test_on_a_host_that_is_not_proved_agents_hear_nothing(
    browser: Client, pages: Pages, key: SiteKey
) -> None:
    pages.hold("a")
    pages.patch(aiAccess={"enabled": True})

    told = browser.get(pages.url("shortcut", "a")).context["told"]

    assert "It is not proved yet that bakery.example is yours." in told.silent


@pytest.mark.parametrize(
    ("names", "more", "expected"),
    [
        (["a"], {"visibility": "private"}, "it is private"),
        (["A", "a"], {}, "the same as another"),
        ([*(f"s{number}" for number in range(24)), "a"], {}, "the first 24"),
    ],
)
def test_the_preview_says_why_agents_do_not_hear_of_this_one(
    browser: Client, pages: Pages, key: SiteKey, names: list[str], more: dict[str, str], expected: str
) -> None:
    pages.prove()
    pages.hold(*names, **more)
    pages.patch(aiAccess={"enabled": True})

    assert expected in browser.get(pages.url("shortcut", "a")).context["told"].silent


def test_an_effect_that_nobody_chose_is_told_as_the_worst(browser: Client, pages: Pages) -> None:
    pages.hold("a")

    page = browser.get(pages.url("shortcut", "a"))

    assert page.context["told"].skill["sideEffect"] == "transactional"
    assert "Assumed, because nothing is chosen." in page.text


def test_while_typing_the_preview_says_what_is_wrong_and_stores_nothing(
    browser: Client, pages: Pages
) -> None:
    typed = {"label": "Track it", "prompt": "Find it.", "inputSchema": "{\n]"}

    part = browser.post(pages.url("shortcut_preview"), typed)

    assert "Line 2" in part.text
    assert 'data-proposed="track-it"' in part.text
    assert "<html" not in part.text
    assert pages.stored == []


def test_while_typing_the_preview_shows_what_agents_get(browser: Client, pages: Pages) -> None:
    part = browser.post(pages.url("shortcut_preview"), {**TYPED, "label": HOSTILE, "version": "1"})

    assert part.context["told"].skill["name"] == HOSTILE
    assert "<script>alert" not in part.text


# Deleting.


def test_deleting_says_what_stops_and_can_be_undone(browser: Client, pages: Pages) -> None:
    pages.hold("a", "b", "c")
    before = pages.stored
    asked = browser.get(pages.url("shortcut_delete", "b"))
    assert "https://bakery.example/?rover_shortcut=b" in asked.text
    assert pages.stored == before

    page = browser.post(pages.url("shortcut_delete", "b"), {"version": pages.version}, follow=True)
    assert pages.seen == ["a", "c"]
    assert 'value="undo"' in page.text

    page = act(browser, pages, "undo")
    assert pages.stored == before
    assert 'value="undo"' not in page.text


def test_after_the_next_change_there_is_nothing_to_undo(browser: Client, pages: Pages) -> None:
    pages.hold("a", "b")
    browser.post(pages.url("shortcut_delete", "b"), {"version": pages.version})

    act(browser, pages, "off", "a")

    assert act(browser, pages, "undo").status_code == 404


def test_an_undo_whose_id_was_taken_since_says_so(browser: Client, pages: Pages) -> None:
    pages.hold("a")
    browser.post(pages.url("shortcut_delete", "a"), {"version": pages.version})
    pages.hold("a")

    page = act(browser, pages, "undo")

    assert page.status_code == 422
    assert "Another shortcut has this id." in page.text
    assert len(pages.stored) == 1


def test_deleting_on_an_old_state_asks_again(browser: Client, pages: Pages) -> None:
    pages.hold("a")
    seen = pages.version
    pages.hold("a", "b")

    page = browser.post(pages.url("shortcut_delete", "a"), {"version": seen})

    assert page.status_code == 409
    assert "nothing was deleted" in page.text
    assert pages.seen == ["a", "b"]


# Files.


def upload(browser: Client, pages: Pages, content: object, mode: str = "replace") -> Any:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    file = SimpleUploadedFile("shortcuts.json", raw)
    return browser.post(pages.url("shortcuts_import"), {"file": file, "mode": mode})


def take(browser: Client, pages: Pages, looked: Any, **more: Any) -> Any:
    names = ("content", "mode", "version")
    data = {name: looked.context[name] for name in names} | {"step": "take"} | more
    return browser.post(pages.url("shortcuts_import"), data, follow=True)


def test_an_export_can_be_imported_on_another_day(browser: Client, pages: Pages) -> None:
    pages.patch(shortcuts=[FULL | {"order": 2}, {"id": "a", "label": "A", "prompt": "Do.", "order": 1}])
    before = ordered_shortcuts(pages.stored)
    file = browser.get(pages.url("shortcuts_export"))
    pages.hold()

    take(browser, pages, upload(browser, pages, file.content))

    assert file["Content-Disposition"] == f'attachment; filename="{pages.site.public_id}-shortcuts.json"'
    assert pages.stored == before


def test_a_file_is_looked_at_before_anything_is_stored(browser: Client, pages: Pages) -> None:
    pages.hold("a", "b")
    file = [{"id": "b", "label": "Bread", "prompt": "Do b."}, {"id": "c", "label": "C", "prompt": "Do c."}]

    looked = upload(browser, pages, file)

    changes = looked.context["changes"]
    assert [one["id"] for one in changes["added"]] == ["c"]
    assert [(one.id, fields) for one, fields in changes["changed"]] == [("b", "label")]
    assert [one["id"] for one in changes["removed"]] == ["a"]
    assert pages.seen == ["a", "b"]

    take(browser, pages, looked)
    assert pages.seen == ["b", "c"]


def test_a_file_can_leave_what_it_does_not_name(browser: Client, pages: Pages) -> None:
    pages.hold("a", "b")

    looked = upload(browser, pages, [{"id": "c", "label": "C", "prompt": "Do c."}], mode="merge")
    assert looked.context["changes"]["removed"] == ()
    take(browser, pages, looked)

    assert pages.seen == ["a", "b", "c"]


def test_a_file_that_changes_nothing_offers_no_import(browser: Client, pages: Pages) -> None:
    pages.hold("a")

    looked = upload(browser, pages, pages.stored)

    assert "Nothing changes" in looked.text
    assert ">Import</button>" not in looked.text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no JSON: line 1"),
        (b"{\n  nonsense", "line 2, character 3"),
        (b"\xff", "no UTF-8"),
        ({"other": 1}, "no list of shortcuts"),
        ([{"id": "a", "label": "A"}], "shortcuts[0].prompt: This field is required."),
        ([7], "shortcuts[0]: Must be an object"),
        ([{"id": "a", "label": HOSTILE, "prompt": "x", "<b>": 1}], "shortcuts[0].&lt;b&gt;"),
        (b" " * (FILE_MAX_BYTES + 1), "larger than 1 MiB"),
    ],
)
def test_a_bad_file_is_refused_with_its_place(
    browser: Client, pages: Pages, content: object, message: str
) -> None:
    pages.hold("kept")

    page = upload(browser, pages, content)

    assert page.status_code == 422
    assert message in page.text
    assert pages.seen == ["kept"]


def test_a_form_without_a_file_says_so(browser: Client, pages: Pages) -> None:
    page = browser.post(pages.url("shortcuts_import"), {"mode": "replace"})

    assert page.status_code == 422
    assert page.context["form"].errors["file"]


def test_a_file_with_more_than_the_limit_cannot_be_taken(browser: Client, pages: Pages, key: SiteKey) -> None:
    policy_of(key, shortcutMaxStored=1)
    file = [{"id": name, "label": name, "prompt": "x"} for name in "ab"]

    looked = upload(browser, pages, file)
    assert "That is more than can be stored." in looked.text
    assert ">Import</button>" not in looked.text

    assert take(browser, pages, looked).status_code == 422
    assert pages.stored == []


def test_a_list_that_changed_since_the_look_is_looked_at_again(browser: Client, pages: Pages) -> None:
    looked = upload(browser, pages, [{"id": "a", "label": "A", "prompt": "x"}])
    pages.hold("b")

    again = take(browser, pages, looked)

    assert again.status_code == 409
    assert [one["id"] for one in again.context["changes"]["removed"]] == ["b"]
    assert pages.seen == ["b"]


@pytest.mark.parametrize(
    "more", [{"content": "{"}, {"content": ""}, {"mode": "explode"}, {"content": '[{"id": 1}]'}]
)
def test_what_is_posted_back_is_checked_as_the_file_was(
    browser: Client, pages: Pages, more: dict[str, str]
) -> None:
    looked = upload(browser, pages, [{"id": "a", "label": "A", "prompt": "x"}])

    assert take(browser, pages, looked, **more).status_code == 422
    assert pages.stored == []


# Who may.

SHOWN_TO_VIEWERS = [("shortcuts", ()), ("shortcut", ("a",)), ("shortcuts_export", ())]
FOR_EDITORS = [("shortcut_new", ()), ("shortcut_delete", ("a",)), ("shortcuts_import", ())]
POSTED = [("shortcuts_change", ()), ("shortcut", ("a",)), ("shortcut_preview", ()), *FOR_EDITORS]


@pytest.mark.parametrize(("name", "args"), SHOWN_TO_VIEWERS)
def test_a_viewer_sees_values_and_no_form(
    client_of: ClientOf, viewer: User, pages: Pages, name: str, args: tuple[str, ...]
) -> None:
    pages.hold("a")

    page = client_of(viewer).get(pages.url(name, *args))

    assert page.status_code == 200
    assert "Do a." in page.text
    assert 'name="version"' not in page.text


@pytest.mark.parametrize(("name", "args"), FOR_EDITORS)
def test_a_viewer_does_not_get_to_editors_pages(
    client_of: ClientOf, viewer: User, pages: Pages, name: str, args: tuple[str, ...]
) -> None:
    pages.hold("a")

    assert client_of(viewer).get(pages.url(name, *args)).status_code == 403


@pytest.mark.parametrize(("name", "args"), POSTED)
def test_a_viewer_changes_nothing(
    client_of: ClientOf, viewer: User, pages: Pages, name: str, args: tuple[str, ...]
) -> None:
    pages.hold("a")
    before = pages.stored
    data = {**TYPED, "version": pages.version, "act": "off"}

    assert client_of(viewer).post(pages.url(name, *args), data).status_code == 403
    assert pages.stored == before


@pytest.mark.parametrize(("name", "args"), [*SHOWN_TO_VIEWERS, *FOR_EDITORS])
def test_a_stranger_finds_nothing(
    client_of: ClientOf, other: User, pages: Pages, name: str, args: tuple[str, ...]
) -> None:
    pages.hold("a")

    assert client_of(other).get(pages.url(name, *args)).status_code == 404


@pytest.mark.parametrize(
    ("name", "args"), [("shortcuts", ()), ("shortcut", ("a",)), ("shortcut_delete", ("a",))]
)
def test_hostile_text_is_shown_as_text(
    browser: Client, pages: Pages, name: str, args: tuple[str, ...]
) -> None:
    pages.patch(
        shortcuts=[
            {
                "id": "a",
                "label": HOSTILE,
                "prompt": HOSTILE,
                "description": HOSTILE,
                "icon": "<b>",
                "tags": [HOSTILE],
                "examples": [HOSTILE],
            }
        ]
    )

    page = browser.get(pages.url(name, *args)).text

    assert "<script>alert" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
