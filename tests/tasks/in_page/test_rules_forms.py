"""Forms without a model: filled from the wish, asked for what is missing, sent once, and read afterwards."""

import pytest

from tasks.executing.in_page.protocol import Ask, Calls
from tests.tasks.in_page.runs import Run

WISH = "Book a table for 4 people on Friday at 8pm under the name Ada Lovelace, email ada@example.org"
FILL = [
    'type_into_element textbox "Date" = 2026-11-27',
    'select_dropdown_value combobox "Time" = 8:00 pm',
    'select_dropdown_value combobox "Guests" = 4',
    'type_into_element textbox "Your name" = Ada Lovelace',
    'type_into_element textbox "Email" = ada@example.org',
]
FULL = {
    "date": "2026-11-27",
    "time": "8:00 pm",
    "guests": "4",
    "name": "Ada Lovelace",
    "email": "ada@example.org",
}
THANKS = 'main\n  heading 1 "Thank you, Ada!"\n  text: Your table for 4 is booked.'


def booking(*, above: str = "", wrong: str = "", date: str = "", time: str = "7:00 pm", guests: str = "2", name: str = "",
            email: str = "") -> str:  # fmt: skip
    def held(value: str, field: str) -> str:
        return (f' [value="{value}"]' if value else "") + (" [invalid]" if wrong == field else "")

    return f"""
banner
  link "Menu" → /menu
main
  heading 1 "Book a table"
{above}
  textbox "Date" [type=date] [name=date] [required]{held(date, "date")}
  combobox "Time" [name=time] [required]{held(time, "time")} options: 6:00 pm | 7:00 pm | 8:00 pm
  combobox "Guests" [name=guests]{held(guests, "guests")} options: 1 | 2 | 3 | 4 | 5
  textbox "Your name" [type=text] [name=name] [required]{held(name, "name")}
  textbox "Email" [type=email] [name=email] [required]{held(email, "email")}
  checkbox "Send me news" [type=checkbox] [name=news] [checked=false]
  button "Reserve"
contentinfo
  heading 2 "Newsletter"
  textbox "Email" [type=email] [name=nl] [required]
  button "Subscribe"
"""


def test_a_form_is_filled_from_the_wish_then_sent_then_read() -> None:
    run = Run(WISH)

    assert run.calls(booking()) == FILL
    assert run.calls(booking(**FULL)) == ['click_element button "Reserve"']
    assert run.answer(THANKS, url="https://shop.example/thanks") == (
        "Done: sent the form with “Reserve”. The page says: “Thank you, Ada!”"
    )


@pytest.mark.parametrize("wish", ["but don't send it", "and do not submit it", "without sending it"])
def test_a_form_that_is_not_to_be_sent_is_left_filled(wish: str) -> None:
    run = Run(f"{WISH} {wish}")

    assert run.calls(booking()) == FILL
    assert run.answer(booking(**FULL)).startswith("Done: filled in")


def test_what_the_page_already_holds_is_not_typed_again() -> None:
    run = Run(WISH)
    assert run.calls(booking(**FULL | {"email": ""})) == [
        'type_into_element textbox "Email" = ada@example.org'
    ]


def test_required_values_that_nobody_named_are_asked_for_with_their_choices() -> None:
    run = Run("Book a table on Friday")
    ask = run.ask(booking())

    assert ask.message == "To go on I need:"
    assert [(each.key, each.query, each.choices) for each in ask.questions] == [
        ("time", "Time", ("6:00 pm", "7:00 pm", "8:00 pm")),
        ("name", "Your name", ()),
        ("email", "Email", ()),
    ]


def test_answers_are_used_by_their_key_and_one_that_cannot_be_used_is_asked_again() -> None:
    run = Run("Book a table on Friday", answers={"time": "8pm", "name": "Ada", "email": "nonsense"})
    assert [question.key for question in run.ask(booking()).questions] == ["email"]

    run.answers["email"] = "ada@example.org"
    assert run.calls(booking()) == [
        'type_into_element textbox "Date" = 2026-11-27',
        'select_dropdown_value combobox "Time" = 8:00 pm',
        'type_into_element textbox "Your name" = Ada',
        'type_into_element textbox "Email" = ada@example.org',
    ]


def test_a_choice_that_is_not_offered_is_asked_for_and_never_replaced() -> None:
    run = Run("Book a table on Friday under the name Ada, ada@example.org", answers={"time": "9pm"})
    ask = run.ask(booking())

    assert "“9pm” is none of the choices" in ask.message
    assert ask.questions[0].choices == ("6:00 pm", "7:00 pm", "8:00 pm")


def test_a_day_that_can_be_read_in_two_ways_is_asked_for() -> None:
    ask = Run("Book a table for 2 on 03/04/2027 at 8pm, name Ada, ada@example.org").ask(booking())

    assert "Which day is meant?" in ask.message
    assert [question.key for question in ask.questions] == ["date"]


def test_the_pages_objection_is_told_in_its_own_words_and_its_field_asked_again() -> None:
    run = Run(WISH)
    run.calls(booking())
    run.calls(booking(**FULL))
    ask = run.ask(booking(**FULL, wrong="email", above="  alert: Please enter an address that exists."))

    assert ask.message == "The page says: “Please enter an address that exists.”"
    assert [question.key for question in ask.questions] == ["email"]
    run.answers["email"] = "ada@example.com"
    assert run.calls(booking(**FULL, wrong="email")) == [
        'type_into_element textbox "Email" = ada@example.com'
    ]
    assert run.calls(booking(**FULL | {"email": "ada@example.com"})) == ['click_element button "Reserve"']


def test_an_objection_to_no_field_ends_the_task_with_what_the_page_says() -> None:
    run = Run(WISH)
    run.calls(booking())
    run.calls(booking(**FULL))
    end = run.gives_up('main\n  heading 1 "Sorry"\n  text: We could not save your booking.')

    assert end.code == "rejected"
    assert "Sorry" in end.message


def test_a_button_that_does_nothing_is_waited_for_tried_in_another_way_and_given_up() -> None:
    run = Run(WISH)
    run.calls(booking())
    assert run.calls(booking(**FULL)) == ['click_element button "Reserve"']
    assert run.calls(booking(**FULL)) == ["wait_action = 1000"]
    assert run.calls(booking(**FULL)) == ['press_key textbox "Email" = Enter']
    assert run.gives_up(booking(**FULL)).code == "nothing_happened"


def test_an_answer_that_comes_while_waiting_counts() -> None:
    run = Run(WISH)
    run.calls(booking())
    run.calls(booking(**FULL))
    run.calls(booking(**FULL))
    assert "Thank you, Ada!" in run.answer(THANKS)


def test_thanks_that_stood_there_before_prove_nothing() -> None:
    run = Run(WISH)
    thanks = "  text: Thank you for choosing us."
    run.calls(booking(above=thanks))
    run.calls(booking(above=thanks, **FULL))
    end = run.see(booking(above=f"{thanks}\n  text: Version 2.", **FULL))

    assert not isinstance(end, Calls)
    assert getattr(end, "code", "") == "unverified"


def test_a_field_that_does_not_keep_its_value_is_tried_twice() -> None:
    run = Run(WISH)
    rest = FULL | {"name": ""}
    for _ in range(2):
        assert run.calls(booking(**rest)) == ['type_into_element textbox "Your name" = Ada Lovelace']
    end = run.gives_up(booking(**rest))
    assert end.code == "action_failed"
    assert "Your name" in end.message


def test_the_newsletter_in_the_footer_is_not_the_booking_and_the_other_way_round() -> None:
    run = Run("Subscribe to the newsletter with ada@example.org")
    page = seen_calls = run.calls(booking())
    assert seen_calls == page == ['type_into_element textbox "Email" = ada@example.org']
    assert run.history[-1].calls[0].call.element_id == 9


def test_terms_are_accepted_only_by_the_visitor() -> None:
    form = """
main
  heading 1 "Register"
  textbox "Name" [required]{value}
  checkbox "I accept the terms and conditions" [name=tos] [required] [checked={checked}]
  button "Register"
"""
    ask = Run("Register with name Ada").ask(form.format(checked="false", value=""))
    assert [(each.key, each.choices) for each in ask.questions] == [("tos", ("Yes", "No"))]

    run = Run("Register with name Ada and I accept the terms")
    assert 'click_element checkbox "I accept the terms and conditions"' in run.calls(
        form.format(checked="false", value="")
    )
    refused = Run("Register with name Ada", answers={"tos": "No"})
    calls = refused.calls(form.format(checked="false", value=""))
    assert calls == ['type_into_element textbox "Name" = Ada']


def test_a_password_is_left_to_the_visitor_and_the_form_sent_when_it_is_there() -> None:
    form = 'main\n  heading 1 "Create account"\n  textbox "Email" [type=email] [required]{email}\n  textbox "Password" [type=password] [required]{password}\n  button "Create account"'
    run = Run("Create an account: register with ada@example.org")
    assert run.calls(form.format(email="", password="")) == [
        'type_into_element textbox "Email" = ada@example.org'
    ]
    filled = ' [value="ada@example.org"]'
    ask = run.ask(form.format(email=filled, password=""))
    assert "passwords, cards and codes stay with you" in ask.message
    run.answers[ask.questions[0].key] = "Done"
    assert run.calls(form.format(email=filled, password=' [value="••••"]')) == [
        'click_element button "Create account"'
    ]


def test_a_captcha_is_told_and_not_touched() -> None:
    form = 'main\n  heading 1 "Contact us"\n  textbox "Message" [required] [value="Hi"]\n  checkbox "I\'m not a robot" [checked=false]\n  button "Send"'
    end = Run('Send the contact form with message: "Hi"').gives_up(form)
    assert end.code == "human_required"


def test_values_with_names_go_into_the_fields_of_these_names() -> None:
    form = """
main
  heading 1 "Kontakt"
  textbox "Vorname*"
  textbox "Nachname*"
  textbox "Stadt"
  textbox "E-Mail*" [type=email]
  textbox "Nachricht*"
  button "Absenden"
"""
    run = Run(
        'Fülle das Kontaktformular aus mit Vorname: Ada, Nachname: Lovelace, E-Mail: a@b.de, Stadt: Köln und Nachricht: "Hallo, bitte ruft an"'
    )
    assert run.calls(form) == [
        'type_into_element textbox "Vorname*" = Ada',
        'type_into_element textbox "Nachname*" = Lovelace',
        'type_into_element textbox "Stadt" = Köln',
        'type_into_element textbox "E-Mail*" = a@b.de',
        'type_into_element textbox "Nachricht*" = Hallo, bitte ruft an',
    ]


def test_of_two_dates_only_the_first_is_taken_from_one_day() -> None:
    form = 'main\n  heading 1 "Book a room"\n  textbox "Arrival date" [type=date] [required]\n  textbox "Departure date" [type=date] [required]\n  button "Book"'
    ask = Run("Book a room on 2026-12-24").ask(form)
    assert [question.query for question in ask.questions] == ["Departure date"]


def test_a_birthday_is_not_the_day_of_the_booking() -> None:
    form = (
        'main\n  heading 1 "Book a table"\n  textbox "Date of birth" [type=date] [required]\n  button "Book"'
    )
    ask = Run("Book a table on Friday").ask(form)
    assert [question.query for question in ask.questions] == ["Date of birth"]


@pytest.mark.parametrize(
    ("hint", "typed"),
    [
        ('[placeholder="DD.MM.YYYY"]', "27.11.2026"),
        ('[placeholder="MM/DD/YYYY"]', "11/27/2026"),
        ("", "2026-11-27"),
    ],
)
def test_a_day_is_written_as_the_field_wants_it(hint: str, typed: str) -> None:
    form = f'main\n  heading 1 "Book a table"\n  textbox "Date" [type=text] [required] {hint}'.rstrip()
    assert Run("Book a table on Friday").calls(f'{form}\n  button "Book"') == [
        f'type_into_element textbox "Date" = {typed}'
    ]


def test_a_form_elsewhere_is_reached_by_its_link() -> None:
    run = Run(WISH)
    home = 'banner\n  link "Menu" → /menu\n  link "Reservations" → /book\nmain\n  heading 1 "Trattoria"'
    assert run.calls(home) == ['click_element link "Reservations"']
    assert run.calls(booking(), url="https://shop.example/book") == FILL


def test_a_form_behind_a_button_is_opened() -> None:
    run = Run(WISH)
    home = 'main\n  heading 1 "Trattoria"\n  button "Book a table"'
    assert run.calls(home) == ['click_element button "Book a table"']
    assert run.calls(booking().replace("main", 'dialog "Book a table"', 1), modal=True) == FILL


def test_without_any_form_the_task_is_given_up() -> None:
    assert (
        Run(WISH).gives_up('main\n  heading 1 "Trattoria"\n  text: Closed for ever.').code == "form_not_found"
    )


def test_several_forms_that_fit_are_asked_about() -> None:
    form = """
main
  heading 2 "Book a table at Linden Street"
  textbox "Name" [required]
  button "Book"
  heading 2 "Book a table at Harbour Quay"
  textbox "Name" [required]
  button "Book"
"""
    ask = Run("Book a table under the name Ada").ask(form)
    assert ask.questions[0].choices == ("Book a table at Linden Street", "Book a table at Harbour Quay")
    run = Run("Book a table under the name Ada", answers={"which_form": "Harbour Quay"})
    run.calls(form)
    assert run.history[-1].calls[0].call.element_id == 3


def test_a_second_page_of_a_form_is_filled_too() -> None:
    run = Run(WISH)
    first = 'main\n  heading 1 "Book a table"\n  textbox "Date" [type=date] [required]{}\n  button "Next"'
    second = 'main\n  heading 1 "Book a table"\n  textbox "Your name" [required]{}\n  button "Book"'
    run.calls(first.format(""))
    assert run.calls(first.format(' [value="2026-11-27"]')) == ['click_element button "Next"']
    assert run.calls(second.format("")) == ['type_into_element textbox "Your name" = Ada Lovelace']
    assert run.calls(second.format(' [value="Ada Lovelace"]')) == ['click_element button "Book"']
    assert "Thank you" in run.answer(THANKS)


# --- one field ---

PRODUCT = """
main
  heading 1 "T-shirt"
  combobox "Size" [value="Choose"] options: Choose | S | M | L
  radio "Red" [name=colour] [checked=false]
  radio "Blue" [name=colour] [checked={blue}]
  checkbox "Gift wrapping" [checked=false]
  textbox "Engraving"
  button "Add to cart"
"""


@pytest.mark.parametrize(
    ("wish", "call"),
    [
        ("select size M", 'select_dropdown_value combobox "Size" = M'),
        ("choose M as size", 'select_dropdown_value combobox "Size" = M'),
        ("Wähle L", 'select_dropdown_value combobox "Size" = L'),
        ("pick Blue", 'click_element radio "Blue"'),
        ("tick the gift wrapping box", 'click_element checkbox "Gift wrapping"'),
        ("type hello into the engraving field", 'type_into_element textbox "Engraving" = hello'),
        ("set the size to S", 'select_dropdown_value combobox "Size" = S'),
    ],
)
def test_one_thing_is_set(wish: str, call: str) -> None:
    assert Run(wish).calls(PRODUCT.format(blue="false")) == [call]


def test_what_is_set_already_is_done() -> None:
    assert Run("pick Blue").answer(PRODUCT.format(blue="true")).startswith("Done")


def test_a_choice_that_there_is_not_is_asked_about() -> None:
    ask = Run("choose XXL as size").see(PRODUCT.format(blue="false"))
    assert isinstance(ask, Ask)
    assert ask.questions[0].choices == ("S", "M", "L")


def test_several_wishes_are_met_in_their_order() -> None:
    run = Run("Choose M as size, pick Blue and add it to the cart")
    assert run.calls(PRODUCT.format(blue="false")) == ['select_dropdown_value combobox "Size" = M']
    chosen = PRODUCT.replace('[value="Choose"]', '[value="M"]')
    assert run.calls(chosen.format(blue="false")) == ['click_element radio "Blue"']
    assert run.calls(chosen.format(blue="true")) == ['click_element button "Add to cart"']
    added = chosen.format(blue="true") + "status: T-shirt was added to your cart."
    assert "T-shirt was added to your cart." in run.answer(added)
