"""What visits leave behind, where a visit turns out to be another, or not over."""

from collections.abc import Collection, Sequence

from roverbook.core.noting import derived_notes
from roverbook.models import Exposure, InterviewAnswer, Note, Post, Review, Visit
from roverbook.models.shared import Provenance
from roverbook.services.finalising import facts_of

_DERIVED = (Note, InterviewAnswer, Review)
_SAID = (Note, InterviewAnswer, Review, Post, Exposure)


def derived_drop(visit_ids: Sequence[str]) -> None:
    """Take away what was derived of visits that are not over any more."""
    if visit_ids:
        for table in _DERIVED:
            table._default_manager.filter(visit_id__in=visit_ids, provenance=Provenance.DERIVED).delete()


def derived_trim(visits: Sequence[Visit]) -> None:
    """Take away derived notes that the visits, as they are now, would not leave."""
    if not visits:
        return
    kept = {(visit.pk, note.type) for visit in visits for note in derived_notes(facts_of(visit))}
    rows = Note.objects.filter(
        visit_id__in=[visit.pk for visit in visits], provenance=Provenance.DERIVED, is_pinned=False
    )
    stale = [pk for pk, *named in rows.values_list("pk", "visit_id", "type") if tuple(named) not in kept]
    if stale:
        Note.objects.filter(pk__in=stale).delete()


def words_move(old: Collection[str], new: str) -> None:
    """What agents said of a visit by the names that its page gave it, they said of this one."""
    derived_drop(list(old))
    for table in _SAID:
        table._default_manager.filter(visit_id__in=old).update(visit_id=new)
