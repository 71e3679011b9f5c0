"""What a list shows, all of it, as a file."""

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from roverbook.admin.shared_people import EXPORTS
from roverbook.selectors.collections.exporting import collection_file
from roverbook.selectors.collections.reading import COLLECTIONS
from roverbook.selectors.collections.wanted import read_question
from workspace.admin.frame import actor_of, site_page
from workspace.core.fields import InvalidFields
from workspace.models import Site
from workspace.services.exports import export_noted

FORMS = {form.value: form for form, _ in EXPORTS}


@site_page()
@require_safe
def roverbook_export(request: HttpRequest, site: Site, collection: str) -> HttpResponse:
    """A download of a collection of this site, with the filters of the collection; noted in the audit log."""
    found, form = COLLECTIONS.get(collection), FORMS.get(request.GET.get("format", ""))
    if found is None or form is None:
        raise Http404("There is no such file.")
    asked = {name: values for name, values in request.GET.lists() if name not in ("format", "siteId")}
    try:
        question = read_question(
            found.name, found.filters, asked, has_times=found.has_times, has_words=found.has_words
        )
    except InvalidFields as invalid:
        raise Http404(invalid.message) from invalid
    now = timezone.now()
    export_noted(
        actor=actor_of(request),
        what=found.name,
        form=form.value,
        filters=question.wanted.given(),
        site=site,
        now=now,
    )
    sites = Site.objects.filter(pk=site.pk)
    return collection_file(  # type: ignore[return-value]  # a stream is a response
        sites,
        found,
        question.wanted,
        form=form,
        name=f"{found.name}-{site.public_id}-{now:%Y-%m-%d}",
    )
