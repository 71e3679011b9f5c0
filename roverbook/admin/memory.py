"""The memory of agents: their notes, who is told what, and what the owners let through."""

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from roverbook.admin.notes_shown import TYPE_WORDS, shown_note
from roverbook.admin.shared_people import ANY, SaidForm, back_to, query, said_page
from roverbook.models import Note
from roverbook.models.shared import Provenance
from roverbook.selectors.collections.rows import NOTES
from roverbook.selectors.settings import settings_of
from roverbook.selectors.words import preamble_for
from roverbook.services.words.moderating import note_delete, note_moderate, note_pin
from workspace.admin.frame import actor_of, render_page, say, site_page
from workspace.core.roles import Right
from workspace.models import Site

MODERATIONS = {
    "approve": (Note.Moderation.APPROVED, "Every agent may be told this note from now on."),
    "wait": (Note.Moderation.WAITING, "The note waits again: only its own agent is told."),
    "hide": (Note.Moderation.HIDDEN, "The note is hidden: nobody is told."),
}
PINS = {"pin": True, "unpin": False}
TABS = (
    ("Waiting for you", {"visibility": "shared", "moderation": "waiting"}),
    ("Told to agents", {"visibility": "shared", "moderation": "approved"}),
    ("Private", {"visibility": "private"}),
    ("Hidden", {"moderation": "hidden"}),
)


class NotesForm(SaidForm):
    """The filters."""

    type = forms.ChoiceField(
        label="Kind",
        required=False,
        choices=[ANY, *((each.value, words.word) for each, words in TYPE_WORDS.items())],
    )
    visibility = forms.ChoiceField(
        label="For", required=False, choices=[ANY, ("private", "its own agent"), ("shared", "all agents")]
    )
    moderation = forms.ChoiceField(
        label="Your word",
        required=False,
        choices=[ANY, ("waiting", "waits for it"), ("approved", "approved"), ("hidden", "hidden")],
    )


@site_page()
@require_safe
def memory(request: HttpRequest, site: Site) -> HttpResponse:
    """The notes, newest first, and above them exactly what agents are told."""
    now = timezone.now()
    settings = settings_of(site)
    form = NotesForm(request.GET)
    page = said_page(request, site, NOTES, form)
    return render_page(
        request,
        "workspace/roverbook/people/memory.html",
        title="Memory",
        section="roverbook-memory",
        site=site,
        status=page.status,
        page=page,
        rows=[shown_note(row, now=now, access=settings.shared_access) for row in page.rows],
        settings=settings,
        preamble=preamble_for(site, now=now),
        tabs=[(text, query(**asked), _is_at(form, asked)) for text, asked in (("All", {}), *TABS)],
        waiting=_waiting(site),
        back=request.GET.urlencode(),
        has_any=bool(page.rows) or Note.objects.filter(site=site).exists(),
    )


@site_page()
@require_POST
def note_act(request: HttpRequest, site: Site) -> HttpResponse:
    """Let a note through, hide it, pin it; each is undone by the button that stands there next."""
    note_id, do = request.POST.get("note", ""), request.POST.get("do", "")
    actor, now = actor_of(request), timezone.now()
    if do in MODERATIONS:
        moderation, said = MODERATIONS[do]
        note_moderate(actor=actor, site=site, note_id=note_id, moderation=moderation, now=now)
        say(request, said)
    elif do in PINS:
        note_pin(actor=actor, site=site, note_id=note_id, is_pinned=PINS[do], now=now)
        say(request, "Pinned: it comes first and is kept." if PINS[do] else "No longer pinned.")
    else:
        raise Http404("There is nothing else to do with a note.")
    return back_to(request, "admin:roverbook_memory", site)


@site_page(view=Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def note_gone(request: HttpRequest, site: Site, note_id: str) -> HttpResponse:
    """GET asks, POST deletes the note."""
    note = Note.objects.filter(site=site, pk=note_id).first()
    if note is None:
        raise Http404("There is no such note.")
    now = timezone.now()
    if request.method == "POST":
        note_delete(actor=actor_of(request), site=site, note_id=note_id, now=now)
        say(request, "The note is deleted.")
        return redirect(reverse("admin:roverbook_memory", args=[site.public_id]))
    return render_page(
        request,
        "workspace/roverbook/people/note_delete.html",
        title="Delete a note",
        section="roverbook-memory",
        site=site,
        note=shown_note(note, now=now, told=False),
    )


def _is_at(form: NotesForm, asked: dict[str, str]) -> bool:
    return form.given() == asked


def _waiting(site: Site) -> int:
    rows = Note.objects.filter(
        site=site, visibility=Note.Visibility.SHARED, moderation=Note.Moderation.WAITING
    )
    return rows.exclude(provenance=Provenance.DERIVED).count()
