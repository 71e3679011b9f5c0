"""Which variants of an owner's experiments visits were shown."""

from datetime import datetime

from roverbook.core.redaction import redacted_json
from roverbook.core.words import ExposureBody
from roverbook.models import Exposure
from roverbook.models.words import ID_CHARS
from roverbook.services.words.authors import Author, record_id
from roverbook.services.words.writing import check_share, check_site_share, hold_words, kept
from workspace.io.transactions import write_transaction

EXPOSURES_PER_VISIT = 50


def exposure_note(author: Author, body: ExposureBody, *, now: datetime) -> Exposure:
    """Keep that the visit was shown a variant; without an id of its own, once for each variant in a visit.

    Raises:
        TooManyWords.
    """
    told = (body.exposure_id,) if body.exposure_id else (body.experiment_id, body.variant_id)
    name = record_id("exposure", author, author.visit_id, *told)
    with write_transaction():
        hold_words(author.site)
        if (known := Exposure.objects.filter(pk=name).select_related("site").first()) is not None:
            return known
        before = Exposure.objects.filter(site=author.site, visit_id=author.visit_id)
        advice = "Tell each variant once in a visit."
        check_share(before, EXPOSURES_PER_VISIT, limit="exposures_per_visit", advice=advice)
        check_site_share(Exposure, author.site, now)
        return Exposure.objects.create(
            id=name,
            site=author.site,
            visit_id=author.visit_id,
            **author.agent_columns,
            experiment_id=kept(body.experiment_id)[:ID_CHARS],
            variant_id=kept(body.variant_id)[:ID_CHARS],
            metadata=redacted_json(body.metadata),
            created_at=now,
        )
