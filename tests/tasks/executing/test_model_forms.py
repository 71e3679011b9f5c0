"""Forms in the hands of a model: only those that ask, only their own fields, only their own choices."""

from typing import Any

import pytest

from tests.tasks.executing.model_runs import run
from tests.tasks.executing.model_server import calls, reads
from tests.tasks.executing.small_site import SmallSite

GIVES_UP = calls(("give_up", {"reason": "-"}))
FORMS = """<h1>Forms</h1>
<form method=post action=/buy><input name=card><button>Buy</button></form>
<form action=/login><input type=password name=secret></form>
<form action=/rooms><fieldset><legend>Find a room</legend><input name=nights required><input type=hidden name=tariff value=7>
<select name=view><option value=s>Sea</option><option value=g>Garden</option></select>
<label><input type=checkbox name=pets value=yes> Pets</label></fieldset></form>"""


def _found(query: dict[str, str]) -> str:
    return f"<p>Found: {sorted(query.items())}</p>"


PAGES = {"/": FORMS, "/again": FORMS, "/rooms": _found, "/buy": _found, "/login": _found}


def _sends(form: int, **values: Any) -> Any:
    return calls(("submit_form", {"form": form, "values": values}))


async def test_only_forms_that_ask_are_shown_and_the_same_form_keeps_its_number() -> None:
    async with SmallSite(PAGES) as site:
        ran = await run(site.base_url, reads("/"), reads("/again"), GIVES_UP)
    for shown in ran.sent[2].results:
        assert "Form 1: Find a room" in shown
        assert "Form 2" not in shown
        assert "(Other forms of the page can not be sent: they do more than ask.)" in shown
        assert "card" not in shown and "secret" not in shown and "tariff" not in shown


@pytest.mark.parametrize(
    ("values", "sent"),
    [
        ({"nights": "2"}, "/rooms?nights=2&tariff=7&view="),
        ({"nights": 2, "view": "sea"}, "/rooms?nights=2&tariff=7&view=s"),
        ({"nights": "2", "view": "g", "pets": "yes"}, "/rooms?nights=2&tariff=7&view=g&pets=yes"),
        ({"nights": "2", "view": ""}, "/rooms?nights=2&tariff=7&view="),
        ({"nights": "a&b=c #"}, "/rooms?nights=a%26b%3Dc+%23&tariff=7&view="),
    ],
)
async def test_a_form_is_sent_with_its_own_hidden_values(values: dict[str, Any], sent: str) -> None:
    async with SmallSite(PAGES) as site:
        await run(site.base_url, reads("/"), _sends(1, **values), GIVES_UP)
        assert site.paths[-1] == sent


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"nights": "2", "tariff": "0"}, "The form has no such field. It has:"),
        ({"nights": "2", "admin": "1"}, "The form has no such field. It has:"),
        ({}, "These fields must have a value; ask for one that you do not know:"),
        ({"nights": ""}, "These fields must have a value; ask for one that you do not know:"),
        ({"nights": "2", "view": "Moon"}, "The value is none of the choices of its field:"),
    ],
)
async def test_what_does_not_fit_the_form_is_not_sent(values: dict[str, Any], complaint: str) -> None:
    async with SmallSite(PAGES) as site:
        ran = await run(site.base_url, reads("/"), _sends(1, **values), GIVES_UP)
        assert site.paths == ["/robots.txt", "/"]
    assert ran.sent[2].last.startswith(f"Error. {complaint}\nText of the site, between the marks")


async def test_a_form_that_leads_out_of_the_site_is_refused() -> None:
    async with SmallSite({"/": "<p>Else</p>"}) as other:
        async with SmallSite({"/": f"<form action='{other.base_url}/'><input name=q></form>"}) as site:
            ran = await run(site.base_url, reads("/"), _sends(1, q="x"), GIVES_UP)
        assert other.paths == []
    assert ran.sent[2].last.startswith("Error. out_of_scope")
