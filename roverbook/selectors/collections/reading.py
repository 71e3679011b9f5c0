"""Reading a collection: a page of it, or everything that is filtered, in chunks."""

from collections.abc import Iterator, Mapping

from django.db.models import QuerySet

from roverbook.selectors.collections.rows import ROW_COLLECTIONS, RowCollection
from roverbook.selectors.collections.sites import SITE_COLLECTIONS, SiteCollection
from roverbook.selectors.collections.wanted import Position, Question, Wanted, write_cursor
from roverbook.selectors.records import Record
from workspace.core.roles import Right
from workspace.models import Site, User
from workspace.selectors.access import site_for, sites_of

Collection = RowCollection | SiteCollection
_ALL: dict[str, Collection] = {**ROW_COLLECTIONS, **SITE_COLLECTIONS}
COLLECTIONS: Mapping[str, Collection] = {name: _ALL[name] for name in sorted(_ALL)}
CHUNK = 200


def sites_asked(user: User, wanted: Wanted) -> QuerySet[Site]:
    """The person's sites, or the one that is asked for.

    Raises:
        SiteNotFound: there is no such site.
        Forbidden: it is another's.
    """
    mine = sites_of(user)
    if not wanted.site_id:
        return mine
    return mine.filter(pk=site_for(user, wanted.site_id, Right.VIEW).pk)


def collection_page(
    user: User, collection: Collection, question: Question
) -> tuple[list[Record], str | None]:
    """Records, and the cursor of the next page; None at the end. Raises as `sites_asked`."""
    found, last = collection.read(
        sites_asked(user, question.wanted), question.wanted, after=question.after, limit=question.limit
    )
    return found, None if last is None else write_cursor(last, collection.name, question.wanted)


def collection_chunks(
    sites: QuerySet[Site], collection: Collection, wanted: Wanted
) -> Iterator[list[Record]]:
    """Everything that the question asks for. Each chunk is a query of its own, so that a slow reader holds
    neither a cursor nor a transaction."""
    after: Position | None = None
    while True:
        found, after = collection.read(sites, wanted, after=after, limit=min(CHUNK, collection.most))
        if found:
            yield found
        if after is None:
            return
