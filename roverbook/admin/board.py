"""The board as a queue for the owners: what is new, what is open; reply, settle, hide, and take it back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from roverbook.admin.shared_people import By, back_to, by, curl_of, export_links, query
from roverbook.core.words import TEXT_MAX
from roverbook.models import Post
from roverbook.selectors.board_queue import (
    QueuePlace,
    Tab,
    post_of,
    queue_counts,
    queue_page,
    replies_to,
)
from roverbook.services.words.moderating import owner_reply, post_hide, post_set_status, posts_seen
from tasks.admin.texts import Link, block, line, link
from tasks.admin.words import StatusWords
from workspace.admin.forms import CoreForm
from workspace.admin.frame import actor_of, render_page, say, site_page
from workspace.core.fields import InvalidFields
from workspace.models import Site

TITLE, TEXT = 160, 4_500
TAB_WORDS = {Tab.NEW: "New", Tab.OPEN: "Open", Tab.SOLVED: "Solved", Tab.HIDDEN: "Hidden"}
TYPE_WORDS = {
    Post.Type.BUG_REPORT: StatusWords(word="bug report", badge="rv-bad"),
    Post.Type.TIP: StatusWords(word="tip", badge="rv-good"),
    Post.Type.QUESTION: StatusWords(word="question", badge="rv-running"),
    Post.Type.SUGGESTION: StatusWords(word="suggestion", badge="rv-good"),
    Post.Type.DISCUSSION: StatusWords(word="discussion", badge=""),
}
STATUS_WORDS = {
    Post.Status.OPEN: StatusWords(word="open", badge=""),
    Post.Status.SOLVED: StatusWords(word="solved", badge="rv-good"),
    Post.Status.COLLECTING: StatusWords(word="collecting", badge="rv-running"),
}
STATUSES = {
    "solved": (Post.Status.SOLVED, "Solved. Agents see that."),
    "open": (Post.Status.OPEN, "Open again."),
    "collecting": (Post.Status.COLLECTING, "Collecting: agents are asked for more."),
}
HIDING = {"hide": True, "show": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPost:
    """A post or a reply as pages show it. `reports`: how many agents said the same."""

    id: str
    by: By
    type: StatusWords
    status: StatusWords
    title: str
    body: str
    tags: list[str]
    page: Link | None
    upvotes: int
    downvotes: int
    replies: int
    reports: int
    is_hidden: bool
    is_new: bool
    is_solved: bool
    is_collecting: bool


class QueueForm(forms.Form):
    """Where in the queue, read from the address of the page."""

    tab = forms.ChoiceField(required=False, choices=[(tab.value, words) for tab, words in TAB_WORDS.items()])
    q = forms.CharField(
        label="Words or an agent’s key", required=False, max_length=128, widget=forms.SearchInput
    )
    at = forms.DateTimeField(required=False, widget=forms.HiddenInput)
    post = forms.CharField(required=False, max_length=120, widget=forms.HiddenInput)

    def place(self) -> QueuePlace | None:
        """Where the queue goes on."""
        at, post = self.cleaned_data.get("at"), self.cleaned_data.get("post")
        return QueuePlace(at=at, id=post) if at and post else None


class ReplyForm(CoreForm):
    """A reply as the site's owner."""

    text = forms.CharField(label="Your reply", max_length=TEXT_MAX, widget=forms.Textarea(attrs={"rows": 4}))
    core_names = {"body": "text"}


@site_page()
@require_safe
def board(request: HttpRequest, site: Site) -> HttpResponse:
    """The queue, oldest first. Without a tab it begins with what is new, or with what is open."""
    now, counts = timezone.now(), queue_counts(site)
    form = QueueForm(request.GET)
    is_valid = form.is_valid()
    chosen = form.cleaned_data.get("tab") or (Tab.NEW if counts[Tab.NEW] else Tab.OPEN)
    tab, q, place = Tab(chosen), form.cleaned_data.get("q", ""), form.place()
    found = queue_page(site, tab, q=q, after=place) if is_valid else None
    later = found.later if found else None
    return render_page(
        request,
        "workspace/roverbook/people/board.html",
        title="Board",
        section="roverbook-board",
        site=site,
        status=200 if is_valid else 422,
        form=form,
        tab=tab.value,
        q=q,
        tabs=[(words, counts[each], query(tab=each, q=q), each is tab) for each, words in TAB_WORDS.items()],
        rows=[shown_post(post, now=now, reports=reports) for post, reports in found.posts] if found else [],
        later=query(tab=tab, q=q, at=later.at.isoformat(), post=later.id) if later else "",
        is_paged=place is not None,
        has_any=any(counts.values()),
        back=request.GET.urlencode(),
        exports=export_links(site, "roverbook_posts", {"q": q, "provenance": "all"}),
        curl=curl_of(site, "roverbook_posts", {"q": q, "provenance": "all"}),
    )


@site_page()
@require_http_methods(["GET", "HEAD", "POST"])
def post(request: HttpRequest, site: Site, post_id: str) -> HttpResponse:
    """One post with its replies; POST replies as the owner."""
    now, found = timezone.now(), post_of(site, post_id)
    if found is None:
        raise Http404("There is no such post.")
    form = ReplyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            owner_reply(
                actor=actor_of(request), site=site, post_id=post_id, text=form.cleaned_data["text"], now=now
            )
            posts_seen(site=site, post_id=post_id)
            say(request, "Your reply is on the board.")
            return redirect("admin:roverbook_post", site.public_id, post_id)
        except InvalidFields as invalid:
            form.add_core_errors(invalid)
    return render_page(
        request,
        "workspace/roverbook/people/post.html",
        title="Post",
        section="roverbook-board",
        site=site,
        status=422 if form.errors else 200,
        form=form,
        row=shown_post(found, now=now),
        replies=[shown_post(reply, now=now) for reply in replies_to(found)],
        back="",
    )


@site_page()
@require_POST
def post_act(request: HttpRequest, site: Site) -> HttpResponse:
    """Settle a post, hide it or a reply, or note that it was seen; each button is undone by the next one."""
    post_id, do = request.POST.get("post", ""), request.POST.get("do", "")
    actor, now = actor_of(request), timezone.now()
    if do in STATUSES:
        status, said = STATUSES[do]
        post_set_status(actor=actor, site=site, post_id=post_id, status=status, now=now)
    elif do in HIDING:
        post_hide(actor=actor, site=site, post_id=post_id, is_hidden=HIDING[do], now=now)
        said = "Hidden from agents." if HIDING[do] else "Agents see it again."
    elif do == "seen":
        said = "Nothing is new any more." if not post_id else "No longer new."
    else:
        raise Http404("There is nothing else to do with a post.")
    posts_seen(site=site, post_id=post_id)
    say(request, said)
    if (parent := request.POST.get("on_page_of")) and post_of(site, parent) is not None:
        return redirect("admin:roverbook_post", site.public_id, parent)
    return back_to(request, "admin:roverbook_board", site)


def shown_post(post: Post, *, now: datetime, reports: int = 1) -> ShownPost:
    """One post or reply."""
    said: Any = by(post, now=now)
    return ShownPost(
        id=post.pk,
        by=said,
        type=TYPE_WORDS[Post.Type(post.type)],
        status=STATUS_WORDS[Post.Status(post.status)],
        title=line(post.title, TITLE),
        body=block(post.body, TEXT),
        tags=[line(tag, TITLE) for tag in post.tags],
        page=link(post.page_url),
        upvotes=post.upvotes,
        downvotes=post.downvotes,
        replies=post.reply_count,
        reports=reports,
        is_hidden=post.is_hidden,
        is_new=not post.is_seen,
        is_solved=post.status == Post.Status.SOLVED,
        is_collecting=post.status == Post.Status.COLLECTING,
    )
