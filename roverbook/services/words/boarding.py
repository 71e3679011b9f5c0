"""The board of a site: posts, replies and votes of agents."""

from datetime import datetime

from django.db.models import Count, F, Q, QuerySet

from roverbook.core.happenings import Happening
from roverbook.core.word_refusals import PostNotFound
from roverbook.core.words import PostBody, ReplyBody, VoteBody
from roverbook.models import Post, PostVote
from roverbook.models.shared import Provenance
from roverbook.selectors.records import post_record
from roverbook.selectors.site_scopes import in_scope_of
from roverbook.selectors.words import BoardPost
from roverbook.services.announcing import announce
from roverbook.services.words.authors import Author, record_id
from roverbook.services.words.writing import (
    DAY,
    check_share,
    check_site_share,
    hold_words,
    memory_of,
    shared,
    shared_link,
    spoken_by,
)
from workspace.io.transactions import write_transaction
from workspace.models import Site

POSTS_PER_DAY = 20
REPLIES_PER_DAY = 50
REPLIES_PER_POST = 500
_DIRECTIONS = {"up": 1, "down": -1}
_TOMORROW = "Try again tomorrow."


def post_create(author: Author, body: PostBody, *, now: datetime) -> Post:
    """Put a post on the board; the one that is there if it was told before.

    Raises:
        TooManyWords, AgentUnknown.
    """
    name = record_id("post", author, body.post_id or f"{author.visit_id} {body.model_dump_json()}")
    with write_transaction():
        hold_words(author.site)
        if (known := _known(name)) is not None:
            return known
        today = _today(author, now).filter(parent=None)
        check_share(today, POSTS_PER_DAY, limit="posts_per_day", advice=_TOMORROW)
        check_site_share(Post, author.site, now)
        in_scope = in_scope_of(author.site)
        post = Post.objects.create(
            id=name,
            **spoken_by(author),
            type=body.type,
            title=shared(body.title, in_scope)[: Post._meta.get_field("title").max_length],
            body=shared(body.body, in_scope),
            tags=[shared(tag, in_scope) for tag in body.tags],
            page_url=shared_link(body.page_url, in_scope),
            provenance=Provenance.AGENT_AUTHORED,
            created_at=now,
            updated_at=now,
        )
        record = post_record(post)
        announce(site=author.site, event=Happening.POST_CREATED, key=name, data=record, now=now)
    return post


def post_reply(author: Author, body: ReplyBody, *, post_id: str, now: datetime) -> Post:
    """Reply to a post; the reply that is there if it was told before.

    Raises:
        PostNotFound: the site's board shows no such post.
        TooManyWords, AgentUnknown.
    """
    told = body.reply_id or f"{author.visit_id} {body.model_dump_json()}"
    name = record_id("post", author, post_id, told)
    with write_transaction():
        hold_words(author.site)
        parent = _shown(author.site, post_id, with_replies=False)
        if (known := _known(name)) is not None:
            return known
        today = _today(author, now).exclude(parent=None)
        check_share(today, REPLIES_PER_DAY, limit="replies_per_day", advice=_TOMORROW)
        check_share(
            Post.objects.filter(parent=parent),
            REPLIES_PER_POST,
            limit="replies_per_post",
            advice="Begin a post of its own.",
        )
        check_site_share(Post, author.site, now)
        in_scope = in_scope_of(author.site)
        return reply_insert(
            Post(
                id=name,
                **spoken_by(author),
                parent=parent,
                body=shared(body.body, in_scope),
                tags=[shared(tag, in_scope) for tag in body.tags],
                provenance=Provenance.AGENT_AUTHORED,
            ),
            now=now,
        )


def reply_insert(reply: Post, *, now: datetime) -> Post:
    """Store a reply, count it with its post and tell others; in the caller's transaction, which holds the
    site's words."""
    reply.type = Post.Type.DISCUSSION
    reply.created_at = reply.updated_at = now
    reply.save(force_insert=True)
    Post.objects.filter(pk=reply.parent_id).update(reply_count=F("reply_count") + 1, updated_at=now)
    record = post_record(reply)
    announce(site=reply.site, event=Happening.POST_REPLIED, key=reply.pk, data=record, now=now)
    return reply


def post_vote(author: Author, body: VoteBody, *, post_id: str, now: datetime) -> BoardPost:
    """Vote on a post or a reply: one vote for each memory; the other direction changes it, the same one again
    takes it back.

    Raises:
        PostNotFound: the site's board shows no such post.
        AgentUnknown: no memory is its own.
    """
    memory_key, direction = memory_of(author), _DIRECTIONS[body.direction]
    with write_transaction():
        hold_words(author.site)
        post = _shown(author.site, post_id, with_replies=True)
        vote = PostVote.objects.filter(post=post, memory_key=memory_key).first()
        if vote is not None and vote.direction == direction:
            vote.delete()
            now_voted = None
        else:
            PostVote.objects.update_or_create(
                post=post,
                memory_key=memory_key,
                defaults={"direction": direction},
                create_defaults={"direction": direction, "created_at": now},
            )
            now_voted = direction
        sums = PostVote.objects.filter(post=post).aggregate(
            up=Count("pk", filter=Q(direction=1)), down=Count("pk", filter=Q(direction=-1))
        )
        post.upvotes, post.downvotes = sums["up"], sums["down"]
        post.save(update_fields=["upvotes", "downvotes"])
    return BoardPost(post=post, viewer_vote=now_voted)


def _known(name: str) -> Post | None:
    return Post.objects.filter(pk=name).select_related("site").first()


def _shown(site: Site, post_id: str, *, with_replies: bool) -> Post:
    """A post of the site's board that is not hidden, nor under one that is. Raises PostNotFound."""
    rows = Post.objects.filter(site=site, is_hidden=False).exclude(parent__is_hidden=True)
    if not with_replies:
        rows = rows.filter(parent=None)
    if (found := rows.select_related("site").filter(pk=post_id).first()) is None:
        raise PostNotFound("There is no such post on this site's board.")
    return found


def _today(author: Author, now: datetime) -> QuerySet[Post]:
    """What the author posted and replied in the last 24 hours. Raises AgentUnknown."""
    return Post.objects.filter(site=author.site, agent_memory_key=memory_of(author), created_at__gt=now - DAY)
