"""The step decider in real pages: what a visitor's browser observes, decided without a model, done in it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tasks.executing.in_page.protocol import Answered, Ask, GiveUp
from tests.browser.embed.conftest import Observe, Origin
from tests.browser.embed.little_sites import put_docs, put_restaurant, put_shop
from tests.browser.embed.visits import Visit

pytestmark = [pytest.mark.browser, pytest.mark.once]

Visiting = Callable[[str], Visit]


@pytest.fixture
def pages(site: Origin) -> Origin:
    """The site, empty."""
    site.bodies.clear()
    return site


@pytest.fixture
def shop(pages: Origin, page: Page, observe_open: Observe) -> Visiting:
    page.goto(put_shop(pages))
    page.evaluate("sessionStorage.clear()")
    page.reload()
    return lambda wish: Visit(page=page, observe=observe_open, wish=wish)


@pytest.fixture
def restaurant(pages: Origin, page: Page, observe_open: Observe) -> Visiting:
    page.goto(put_restaurant(pages))
    return lambda wish: Visit(page=page, observe=observe_open, wish=wish)


@pytest.fixture
def docs(pages: Origin, page: Page, observe_open: Observe) -> Visiting:
    page.goto(put_docs(pages))
    return lambda wish: Visit(page=page, observe=observe_open, wish=wish)


# --- a shop ---


def test_the_thing_that_was_named_goes_into_the_cart(shop: Visiting, page: Page) -> None:
    end = shop("Please add the red mug to my cart").run()

    assert isinstance(end, Answered)
    assert "Red mug was added to your cart." in end.text
    assert page.evaluate("sessionStorage.cart") == '["Red mug"]'


def test_of_several_things_the_visitor_is_asked_which(shop: Visiting, page: Page) -> None:
    visit = shop("Add a mug to the cart")
    end = visit.run(which="Add to cart — Blue mug")

    assert visit.asked[0].questions[0].choices == ("Add to cart — Blue mug", "Add to cart — Red mug")
    assert isinstance(end, Answered)
    assert page.evaluate("sessionStorage.cart") == '["Blue mug"]'


def test_a_link_in_a_closed_menu_is_found_by_opening_the_menu(shop: Visiting, page: Page) -> None:
    end = shop("Open the delivery page").run()

    assert isinstance(end, Answered)
    assert page.url.endswith("/delivery")
    assert "Delivery" in end.text


def test_a_search_is_typed_sent_and_its_results_are_read_out(shop: Visiting) -> None:
    end = shop("search for vase").run()

    assert isinstance(end, Answered)
    assert "Tall vase" in end.text
    assert [citation.quote for citation in end.citations] == ["Tall vase"]


def test_a_newsletter_is_subscribed_with_the_address_of_the_wish(shop: Visiting) -> None:
    visit = shop("Subscribe me to the newsletter with ada@example.org")
    end = visit.run()

    assert isinstance(end, Answered)
    assert "Thank you for subscribing!" in end.text
    assert visit.held == ["Subscribe"]


def test_nothing_is_pressed_for_what_the_shop_does_not_have(shop: Visiting, page: Page) -> None:
    end = shop("Add the golden teapot to my cart").run()

    assert isinstance(end, GiveUp)
    assert page.evaluate("sessionStorage.cart") is None


# --- a restaurant, in German ---

WISH = "Reserviere einen Tisch für vier Personen am Freitag um 19 Uhr auf den Namen Ada Lovelace"


def test_a_table_is_reserved_with_what_was_said_and_what_was_asked(restaurant: Visiting, page: Page) -> None:
    visit = restaurant(WISH)
    end = visit.run(fon="0711 123456", wo="Garten", ds="Ja")

    assert [question.key for ask in visit.asked for question in ask.questions] == ["fon", "wo", "ds"]
    assert visit.asked[0].questions[1].choices == ("Innen", "Garten")
    assert isinstance(end, Answered), end
    assert "Vielen Dank, Ada Lovelace!" in end.text
    assert "Ihr Tisch für 4 am 2026-11-27 um 19:00 ist reserviert (g)." in page.inner_text("#page")
    assert visit.held == ["Verbindlich reservieren"]


def test_what_the_page_does_not_take_is_asked_again_in_its_own_words(restaurant: Visiting) -> None:
    visit = restaurant(f"{WISH}, Telefon: 12, Garten")
    end = visit.run(ds="Ja")

    assert isinstance(end, Ask)
    assert "gültige Telefonnummer" in end.message
    assert [question.key for question in end.questions] == ["fon"]
    again = visit.run(ds="Ja", fon="0711 123456")
    assert isinstance(again, Answered), again


def test_a_form_that_stays_refused_is_never_called_done(restaurant: Visiting) -> None:
    end = restaurant(WISH.replace("19", "20")).run(fon="0711 123456", wo="Innen", ds="Ja")

    assert isinstance(end, Ask | GiveUp)
    assert "leider ausgebucht" in end.message


def test_a_price_is_found_behind_the_link_that_leads_to_it(restaurant: Visiting) -> None:
    end = restaurant("Was kostet die Kürbissuppe?").run()

    assert isinstance(end, Answered)
    assert "6,50" in end.text


# --- documentation on one page ---


def test_a_question_is_answered_from_a_page_behind_a_fragment(docs: Visiting) -> None:
    end = docs("Go to the configuration page and tell me what the default timeout is").run()

    assert isinstance(end, Answered)
    assert "30 seconds" in end.text


def test_the_docs_are_searched_for_what_no_link_names(docs: Visiting) -> None:
    end = docs("What does W042 mean?").run()

    assert isinstance(end, Answered), end
    assert "two threads share a name" in end.text


def test_a_search_without_hits_says_so(docs: Visiting) -> None:
    end = docs("search for unicorns").run()

    assert isinstance(end, GiveUp)
    assert end.code == "no_results"
