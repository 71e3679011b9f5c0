"""Pages whose visitor's wish is carried out step by step, as the script in the page does it."""

from dataclasses import dataclass, field
from typing import Any

from tests.tasks.in_page.pages import page_data
from tests.tasks.sessions.support import Page, data
from tests.tasks.streaming_fixtures import Exchange

OK = {"success": True}
SHOP = """
banner
  link "Pricing" → /pricing
main
  heading 1 "Mugs and bowls"
  listitem
    heading 3 "Blue mug"
    text: Stoneware, 300 ml. €18.00
    button "Add to cart"
  heading 2 "Opening hours"
  text: Monday to Friday 9:00 to 18:00, closed on Sunday.
"""
PRICING = 'main\n  heading 1 "Pricing"\n  text: A mug costs €18.00 and a bowl €25.00.'
WISH = "Book a table at 8pm under the name Ada Lovelace, email ada@example.org"
FULL = {"time": "8:00 pm", "name": "Ada Lovelace", "email": "ada@example.org"}
THANKS = 'main\n  heading 1 "Thank you, Ada!"\n  text: Your table is booked.'


def booking(**held: str) -> str:
    """A form that reserves a table."""

    def value(field: str) -> str:
        return f' [value="{held[field]}"]' if held.get(field) else ""

    return f"""
main
  heading 1 "Book a table"
  combobox "Time" [name=time] [required]{value("time")} options: 6:00 pm | 7:00 pm | 8:00 pm
  textbox "Your name" [type=text] [name=name] [required]{value("name")}
  textbox "Email" [type=email] [name=email] [required]{value("email")}
  button "Reserve"
"""


@dataclass
class Journey:
    """A page that does what it is told and reports it with its next look."""

    page: Page
    calls: list[dict[str, Any]] = field(default_factory=list)

    async def look(self, tree: str, *, results: list[Any] | None = None, **said: Any) -> Exchange:
        """The answer to a step. Without `results` all calls of the last step succeeded."""
        options = {name: said.pop(name) for name in ("url", "title", "first_id") if name in said}
        done = [{"id": call["id"], **OK} for call in self.calls] if results is None else results
        return await self.page.step(page_data(tree, **options), results=done, **said)

    async def see(self, tree: str, **said: Any) -> dict[str, Any]:
        """What is to be done next; the page learns its place in the log."""
        told = data(await self.look(tree, **said))
        self.calls = told.get("calls", [])
        self.page.seq = told.get("currentSeq", self.page.seq)
        return told

    @property
    def names(self) -> list[str]:
        """The tools that the page was told to use."""
        return [call["name"] for call in self.calls]
