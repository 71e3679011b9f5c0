"""What all that agents say has in common: turns, shares, and text that is fit to be kept."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Model, QuerySet

from roverbook.core.links import is_link_in_scope, without_foreign_links
from roverbook.core.redaction import redacted
from roverbook.core.word_refusals import AgentUnknown, TooManyWords
from roverbook.services.words.authors import Author
from workspace.models import Site

DAY = timedelta(days=1)
SITE_PER_DAY = 5_000
"""Records of a kind that all agents together may write on a site in a day."""


def hold_words(site: Site) -> None:
    """Let one writer at a time speak on a site, until the caller's transaction ends: shares are counted and
    votes are summed up without another's coming in between. Rows that refer to the site wait for nobody."""
    Site.objects.select_for_update(no_key=True).only("pk").get(pk=site.pk)


def check_share(rows: QuerySet[Any], most: int, *, limit: str, advice: str) -> None:
    """Raises TooManyWords if there are `most` rows already. `limit`: its name."""
    if rows.order_by()[most - 1 : most].exists():
        raise TooManyWords("There is no room for more here.", next_action=advice, limit=limit, maximum=most)


def check_site_share(model: type[Model], site: Site, now: datetime) -> None:
    """Raises TooManyWords if the site's share of a day is used up."""
    rows = model._default_manager.filter(site=site, created_at__gt=now - DAY)
    check_share(rows, SITE_PER_DAY, limit="site_per_day", advice="Try again tomorrow.")


def memory_of(author: Author) -> str:
    """The key of the author's memory. Raises AgentUnknown."""
    if not author.agent_memory_key:
        raise AgentUnknown(
            "Nothing tells this agent apart from others.", next_action="Say who calls in `agent`."
        )
    return author.agent_memory_key


def spoken_by(author: Author) -> dict[str, Any]:
    """The columns that say who spoke, where, in which visit."""
    return {
        "site": author.site,
        "visit_id": author.visit_id,
        "run_id": author.run_id,
        **author.agent_columns,
    }


def kept(text: str) -> str:
    """Text of an agent without what looks like somebody's address of mail, card or telephone number."""
    return redacted(text)


def kept_all(texts: Iterable[str]) -> list[str]:
    """The same for several."""
    return [redacted(text) for text in texts]


def shared(text: str, in_scope: Callable[[str], bool]) -> str:
    """Text that other agents will read: as `kept`, and without addresses outside of the site."""
    return without_foreign_links(redacted(text), in_scope)


def shared_link(url: str, in_scope: Callable[[str], bool]) -> str:
    """An address that other agents will read; '' for one outside of the site."""
    return redacted(url) if is_link_in_scope(url, in_scope) else ""
