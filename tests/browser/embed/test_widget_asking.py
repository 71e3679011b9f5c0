"""What the agent must know, and what it may not do unasked."""

from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.embed import widgets
from tests.browser.embed.widgets import MakeWidget, Widget, message

pytestmark = [pytest.mark.browser, pytest.mark.once]
make, tabs = widgets.make, widgets.tabs
WINDOW = {"shell": {"openMode": "window"}}
DAY = {"key": "day", "query": "Which day?", "choices": ["Today", "Tomorrow"], "required": True}
NAME = {"key": "name", "query": "Whose <b>name</b>?", "required": True}
NOTE = {"key": "note", "query": "Anything else?"}
CONFIRM = {"id": "c1", "title": "Pay £17?", "text": "I press <b>Pay now</b>.", "yes": "Pay", "no": "Not now"}


def asked(make: MakeWidget, *questions: Any, **context: Any) -> Widget:
    widget = make(
        experience=WINDOW, state={"status": "awaiting_user", "questions": list(questions)}, **context
    )
    widget.call("open")
    return widget


def confirming(make: MakeWidget, **changes: Any) -> tuple[Widget, Locator]:
    widget = make(experience=WINDOW, state={"status": "awaiting_user", "confirm": {**CONFIRM, **changes}})
    return widget, widget.host.get_by_role("alertdialog")


class TestQuestions:
    def test_are_answered_by_key(self, make: MakeWidget) -> None:
        widget = asked(make, DAY, NAME, NOTE)
        group = widget.panel.get_by_role("radiogroup", name="Which day? (required)")
        group.get_by_role("radio", name="Tomorrow").check()
        widget.panel.get_by_label("Whose <b>name</b>? (required)").fill("  Ada ")
        widget.button("Continue").dblclick()
        assert widget.told[1:] == [["answer", {"day": "Tomorrow", "name": "Ada"}]]

    def test_take_the_place_of_the_composer_and_the_cursor(self, make: MakeWidget) -> None:
        widget = asked(make, NAME)
        expect(widget.field).to_be_hidden()
        expect(widget.panel.get_by_label("Whose")).to_be_focused()
        widget.update(status="running", questions=None)
        expect(widget.field).to_be_focused()

    def test_missing_answers_are_told_at_their_fields(self, make: MakeWidget) -> None:
        widget = asked(make, DAY, NAME, NOTE)
        widget.button("Continue").click()
        group, name = widget.panel.get_by_role("radiogroup"), widget.panel.get_by_label("Whose")
        for field in (group, name):
            expect(field).to_have_attribute("aria-invalid", "true")
            expect(field).to_have_accessible_description("Please answer this.")
        expect(widget.panel.get_by_label("Anything else?")).to_have_attribute("aria-invalid", "false")
        expect(group.get_by_role("radio", name="Today")).to_be_focused()
        assert widget.told == [["opened"]]
        name.fill("Ada")
        expect(name).to_have_attribute("aria-invalid", "false")
        expect(widget.panel.locator(".wrong:visible")).to_have_count(1)

    def test_enter_in_a_field_answers(self, make: MakeWidget) -> None:
        widget = asked(make, NOTE)
        widget.panel.get_by_label("Anything else?").fill("No")
        widget.page.keyboard.press("Enter")
        assert widget.told[1:] == [["answer", {"note": "No"}]]

    def test_choices_are_made_by_keyboard(self, make: MakeWidget) -> None:
        widget = asked(make, DAY)
        widget.page.keyboard.press("ArrowDown")
        widget.page.keyboard.press("Enter")
        assert widget.told[1:] == [["answer", {"day": "Tomorrow"}]]

    def test_half_an_answer_survives_an_update(self, make: MakeWidget) -> None:
        widget = asked(make, DAY, NAME)
        name = widget.panel.get_by_label("Whose")
        name.fill("Ad")
        widget.update(transcript=[message(1, "assistant", "Some news")])
        expect(name).to_have_value("Ad")
        expect(name).to_be_focused()
        widget.update(questions=[NAME])
        expect(name).to_have_value("")

    def test_can_be_refused(self, make: MakeWidget) -> None:
        widget = asked(make, NAME)
        widget.button("Stop").click()
        assert widget.told[1:] == [["stop"]]

    def test_choices_may_be_told_apart_from_their_labels(self, make: MakeWidget) -> None:
        widget = asked(
            make, {"key": "d", "query": "Day?", "choices": [{"value": "1", "label": "One"}, 2, None, {}]}
        )
        assert widget.panel.locator(".option").all_text_contents() == ["One", "2"]
        widget.panel.get_by_label("One").check()
        widget.button("Continue").click()
        assert widget.told[1:] == [["answer", {"d": "1"}]]

    def test_many_of_them_scroll_within_the_window(self, make: MakeWidget) -> None:
        many = [{"key": f"k{n}", "query": f"Question {n}?"} for n in range(30)]
        widget = asked(make, *many, context={"viewport": {"width": 390, "height": 700}})
        widget.panel.get_by_label("Question 29?").focus()
        expect(widget.panel.get_by_label("Question 29?")).to_be_in_viewport()
        widget.button("Continue").scroll_into_view_if_needed()
        expect(widget.button("Continue")).to_be_in_viewport(ratio=1)


class TestConfirmation:
    def test_says_what_will_happen_as_text(self, make: MakeWidget) -> None:
        _, dialog = confirming(make)
        expect(dialog).to_have_accessible_name("Pay £17?")
        expect(dialog).to_have_accessible_description("I press <b>Pay now</b>.")

    @pytest.mark.parametrize(("button", "yes"), [("Pay", True), ("Not now", False)])
    def test_is_answered_once(self, make: MakeWidget, button: str, yes: bool) -> None:
        widget, dialog = confirming(make)
        dialog.get_by_role("button", name=button).click()
        expect(dialog).to_be_hidden()
        widget.update(status="running")
        expect(dialog).to_be_hidden()
        assert widget.told == [["confirm", "c1", yes]]

    def test_escape_means_no(self, make: MakeWidget) -> None:
        widget, dialog = confirming(make)
        widget.page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        assert widget.told == [["confirm", "c1", False]]
        assert widget.presence() == "seed"

    def test_no_is_what_a_careless_enter_says(self, make: MakeWidget) -> None:
        widget, dialog = confirming(make)
        expect(dialog.get_by_role("button", name="Not now")).to_be_focused()
        widget.page.keyboard.press("Enter")
        assert widget.told == [["confirm", "c1", False]]

    def test_the_cursor_cannot_leave_it_and_comes_back_after(self, make: MakeWidget) -> None:
        widget = make(experience=WINDOW)
        widget.call("open")
        widget.update(confirm=CONFIRM)
        dialog = widget.host.get_by_role("alertdialog")
        for _ in range(7):
            widget.page.keyboard.press("Tab")
            inside = "(root) => root.activeElement === null || root.querySelector('dialog').contains(root.activeElement)"
            assert widget.host.evaluate(f"(host) => ({inside})(host.shadowRoot)")
            assert widget.page.evaluate("document.activeElement.id") != "host"
        assert not widget.page.locator("#host").evaluate(
            "(input) => { input.focus(); return document.activeElement === input }"
        )
        dialog.get_by_role("button", name="Pay").click()
        expect(widget.field).to_be_focused()

    def test_another_one_is_asked_anew_and_a_taken_back_one_goes(self, make: MakeWidget) -> None:
        widget, dialog = confirming(make)
        dialog.get_by_role("button", name="Pay").click()
        widget.update(confirm={**CONFIRM, "id": "c2"})
        expect(dialog).to_be_visible()
        widget.update(confirm=None)
        expect(dialog).to_be_hidden()
        assert widget.told == [["confirm", "c1", True]]

    def test_one_after_the_other_in_one_moment_answers_neither(self, make: MakeWidget) -> None:
        widget, dialog = confirming(make)
        widget.page.evaluate(
            """(state) => {
                widget.update({ ...state, confirm: null });
                widget.update({ ...state, confirm: { ...state.confirm, id: "c2" } });
            }""",
            widget.state,
        )
        widget.page.wait_for_timeout(100)
        expect(dialog).to_be_visible()
        assert widget.told == []

    def test_does_not_block_the_page_while_the_widget_is_hidden(self, make: MakeWidget) -> None:
        widget, dialog = confirming(make)
        widget.call("hide")
        widget.page.locator("#host").fill("free")
        widget.call("show")
        expect(dialog).to_be_visible()
        assert widget.told == []

    def test_has_words_of_its_own_where_none_are_given(self, make: MakeWidget) -> None:
        _, dialog = confirming(make, title=None, yes="", no=None)
        expect(dialog).to_have_accessible_name("May I do this?")
        assert dialog.get_by_role("button").all_text_contents() == ["Yes, go ahead", "No"]


class TestBanners:
    def test_a_task_is_taken_up_again_or_left(self, make: MakeWidget) -> None:
        widget = make(state={"resume": {"text": "You were booking a boat."}})
        widget.call("open")
        expect(widget.panel.get_by_text("You were booking a boat.")).to_be_visible()
        widget.button("Continue").dblclick()
        widget.button("Discard").click()
        assert widget.told[1:] == [["resume", True], ["resume", False]]

    def test_an_observer_writes_nothing_and_asks_for_control_when_nobody_has_it(
        self, make: MakeWidget
    ) -> None:
        widget = make(state={"observer": True, "transcript": [message(1, "user", "Hello")]})
        widget.call("open")
        expect(widget.field).to_be_hidden()
        expect(widget.button("New task")).to_have_count(0)
        expect(widget.panel.get_by_text("Another tab is at work.")).to_be_visible()
        expect(widget.button("Take control")).to_be_hidden()
        widget.update(observer="free")
        expect(widget.panel.get_by_text("The tab that was at work is gone.")).to_be_visible()
        expect(widget.field).to_be_hidden()
        widget.button("Take control").click()
        assert widget.told[1:] == [["takeControl"]]

    def test_a_notice_can_be_put_away_until_there_is_another(self, make: MakeWidget) -> None:
        widget = make(experience=WINDOW, state={"notice": {"text": "A new tab", "kind": "info"}})
        widget.call("open")
        notice = widget.panel.locator(".banner").get_by_text("A new tab")
        widget.panel.locator(".banner").get_by_role("button", name="Close").click()
        widget.update(status="running")
        expect(notice).to_be_hidden()
        widget.update(notice={"text": "Another tab", "kind": "warning"})
        expect(widget.panel.locator(".banner").get_by_text("Another tab", exact=True)).to_be_visible()

    def test_being_offline_says_what_happens_next(self, make: MakeWidget) -> None:
        widget = make(experience=WINDOW, state={"status": "offline"})
        widget.call("open")
        expect(widget.panel.get_by_text("I try again as soon as the connection is back")).to_be_visible()
        widget.update(status="idle")
        expect(widget.panel.get_by_text("I try again")).to_be_hidden()

    def test_an_error_is_announced_and_may_be_tried_again(self, make: MakeWidget) -> None:
        talk = [message(1, "user", "First"), message(2, "user", "Book a boat"), message(3, "assistant", "Oh")]
        widget = make(experience=WINDOW, state={"transcript": talk})
        widget.call("open")
        widget.update(status="failed", error={"text": "The page did not answer.", "retryable": True})
        expect(widget.panel.get_by_role("alert")).to_contain_text("The page did not answer.")
        widget.button("Try again").dblclick()
        assert widget.told[1:] == [["send", "Book a boat"]]
        widget.update(error={"text": "Not allowed here.", "retryable": False})
        expect(widget.button("Try again")).to_have_count(0)

    def test_the_state_is_announced_once_when_it_changes(self, make: MakeWidget) -> None:
        widget = make()
        status = widget.host.locator(".root > [role=status]")
        expect(status).to_have_text("")
        widget.update(status="running")
        expect(status).to_have_text("Working…")
        widget.update(status="completed")
        expect(status).to_have_text("Done")
