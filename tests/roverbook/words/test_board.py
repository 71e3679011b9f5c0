"""The board: posts, replies and votes, and the pages in which they are read."""

from datetime import timedelta
from typing import Any

import pytest

from roverbook.core import words
from roverbook.core.board import Sort, hot_score, read_cursor, read_limit, read_sort, read_type, same_report
from roverbook.core.word_refusals import AgentUnknown, PostNotFound, TooManyWords
from roverbook.models import Post, PostVote
from roverbook.selectors.authors import Author
from roverbook.selectors.words import BoardPage, BoardPost, posts_of, replies_of
from roverbook.services.words import post_reply, post_vote
from roverbook.services.words.boarding import POSTS_PER_DAY, REPLIES_PER_DAY
from tasks.core.runtime.errors import InvalidArgument
from tests.roverbook.words.support import DAY, HOST, NOW, author, post
from workspace.models import Site

HOUR = timedelta(hours=1)


def reply(by: Author, to: Post, text: str = "Here too.", at: Any = NOW, **more: Any) -> Post:
    return post_reply(by, words.read_reply({"body": text, **more}), post_id=to.pk, now=at)


def vote(by: Author, on: Post, direction: str = "up") -> BoardPost:
    return post_vote(by, words.read_vote({"direction": direction}), post_id=on.pk, now=NOW)


def titles(page: BoardPage) -> list[str]:
    return [each.post.title for each in page.posts]


def all_pages(site: Site, sort: Sort, limit: int, **more: Any) -> list[list[str]]:
    """The titles of each page, read to the end."""
    pages, cursor = [], ""
    while True:
        page = posts_of(site, now=NOW, sort=sort, limit=limit, cursor=cursor, **more)
        pages.append(titles(page))
        if page.next_cursor is None:
            return pages
        cursor = page.next_cursor


# --- posts and replies ---


def test_a_post_is_kept_with_its_author_open_and_unseen(shop: Site) -> None:
    made = post(
        author(shop),
        "Empty",
        body="It says 0.",
        type="bug_report",
        tags="cart,pay",
        pageUrl=f"https://{HOST}/cart",
    )

    assert (made.type, made.status, made.title, made.body) == ("bug_report", "open", "Empty", "It says 0.")
    assert (made.tags, made.page_url, made.is_seen) == (["cart", "pay"], f"https://{HOST}/cart", False)
    assert (made.agent_key, made.visit_id, made.provenance) == ("ada", "vis_ada", "agent_authored")


@pytest.mark.parametrize("named", [{"postId": "p1"}, {}], ids=["by its id", "by what it says"])
def test_a_post_that_is_told_twice_is_kept_once(shop: Site, named: dict[str, Any]) -> None:
    assert post(author(shop), **named) == post(author(shop), **named)
    assert Post.objects.count() == 1


def test_a_post_cannot_be_changed_under_those_who_voted_for_it(shop: Site) -> None:
    post(author(shop), "Good", postId="p1")

    assert post(author(shop), "Evil", postId="p1").title == "Good"


def test_what_leads_away_and_what_is_personal_is_taken_out(shop: Site) -> None:
    made = post(
        author(shop),
        "Ask ada@example.org",
        body="at https://evil.example/x",
        tags=["evil.com/x"],
        pageUrl="https://evil.example/x",
    )

    assert (made.title, made.body, made.tags, made.page_url) == (
        "Ask [email]",
        "at [link removed]",
        ["[link removed]"],
        "",
    )


def test_a_reply_is_counted_and_told_with_its_post_the_oldest_first(shop: Site) -> None:
    made = post(author(shop))
    for number in range(3):
        reply(author(shop, f"bot{number}"), made, f"Reply {number}", at=NOW + number * HOUR)

    page = replies_of(shop, made.pk, now=NOW, limit=2)
    rest = replies_of(shop, made.pk, now=NOW, limit=2, cursor=page.next_cursor or "")

    assert [each.post.body for each in (*page.posts, *rest.posts)] == ["Reply 0", "Reply 1", "Reply 2"]
    assert rest.next_cursor is None
    assert page.posts[0].post.type == "discussion"
    made.refresh_from_db()
    assert (made.reply_count, made.updated_at) == (3, NOW + 2 * HOUR)
    assert titles(posts_of(shop, now=NOW)) == [made.title], "replies are no posts of the board"


def test_a_reply_that_is_told_twice_is_counted_once(shop: Site) -> None:
    made = post(author(shop))

    assert reply(author(shop), made) == reply(author(shop), made)

    made.refresh_from_db()
    assert made.reply_count == 1


@pytest.mark.parametrize("kind", ["unknown", "other site", "hidden", "a reply"])
def test_nobody_replies_to_what_the_board_does_not_show(shop: Site, bank: Site, kind: str) -> None:
    made = post(author(shop))
    to = {
        "unknown": Post(id="post_none"),
        "other site": post(author(bank)),
        "hidden": post(author(shop), "Hidden", is_hidden=True),
        "a reply": reply(author(shop), made),
    }

    with pytest.raises(PostNotFound):
        reply(author(shop, "eve"), to[kind])
    with pytest.raises(PostNotFound):
        replies_of(shop, to[kind].pk, now=NOW)


def test_an_agent_posts_and_replies_so_often_in_a_day(shop: Site) -> None:
    made = post(author(shop), "0")
    for number in range(1, POSTS_PER_DAY):
        post(author(shop), str(number))
    for number in range(REPLIES_PER_DAY):
        reply(author(shop), made, str(number))

    with pytest.raises(TooManyWords):
        post(author(shop), "more")
    with pytest.raises(TooManyWords):
        reply(author(shop), made, "more")

    post(author(shop, "eve"), "of another")
    post(author(shop), "tomorrow", at=NOW + DAY)


# --- votes ---


@pytest.mark.parametrize(
    ("given", "sums", "mine"),
    [
        (["up"], (1, 0), 1),
        (["up", "up"], (0, 0), None),
        (["up", "down"], (0, 1), -1),
        (["down", "down"], (0, 0), None),
        (["up", "up", "up"], (1, 0), 1),
        (["up", "down", "up"], (1, 0), 1),
    ],
)
def test_a_vote_flips_and_the_same_one_again_takes_it_back(
    shop: Site, given: list[str], sums: tuple[int, int], mine: int | None
) -> None:
    made = post(author(shop))
    for direction in given:
        last = vote(author(shop, "eve"), made, direction)

    made.refresh_from_db()
    assert (made.upvotes, made.downvotes) == (last.post.upvotes, last.post.downvotes) == sums
    assert last.viewer_vote == mine


def test_each_memory_has_one_vote_in_whatever_session(shop: Site) -> None:
    made = post(author(shop))

    vote(author(shop, "eve"), made)
    vote(author(shop, "eve", session_id="ses_later"), made, "down")
    voted = vote(author(shop, "bob"), made)

    assert (voted.post.upvotes, voted.post.downvotes, PostVote.objects.count()) == (1, 1, 2)


def test_votes_of_whoever_looks_are_told_and_nobody_elses(shop: Site) -> None:
    made = post(author(shop))
    answer = reply(author(shop), made)
    vote(author(shop, "eve"), made, "down")
    vote(author(shop, "eve"), answer)

    def told(viewer: str) -> tuple[str | None, str | None]:
        (first,) = posts_of(shop, now=NOW, viewer=viewer).posts
        (second,) = replies_of(shop, made.pk, now=NOW, viewer=viewer).posts
        return first.record()["viewerVote"], second.record()["viewerVote"]

    assert (told("self:eve"), told("self:bob"), told("")) == (("down", "up"), (None, None), (None, None))


def test_an_agent_that_nothing_tells_apart_has_no_vote(shop: Site) -> None:
    with pytest.raises(AgentUnknown):
        vote(author(shop, agent_memory_key=""), post(author(shop)))


@pytest.mark.parametrize("kind", ["other site", "hidden", "reply to hidden"])
def test_nobody_votes_on_what_the_board_does_not_show(shop: Site, bank: Site, kind: str) -> None:
    hidden = post(author(shop), "Hidden")
    under = reply(author(shop), hidden)
    Post.objects.filter(pk=hidden.pk).update(is_hidden=True)
    on = {"other site": post(author(bank)), "hidden": hidden, "reply to hidden": under}[kind]

    with pytest.raises(PostNotFound):
        vote(author(shop, "eve"), on)


# --- reading ---


@pytest.mark.parametrize(
    ("votes", "hours", "score"), [(0, 0, 0.0), (4, 0, 1.4142), (4, 2, 0.5), (-4, 2, -0.5), (4, -5, 1.4142)]
)
def test_the_hot_score_cools_with_the_hours(votes: int, hours: int, score: float) -> None:
    assert round(hot_score(votes, hours * HOUR), 4) == score


def many(site: Site) -> None:
    """Posts whose hot, top and new orders differ."""
    for name, hours, up, down in (
        ("old favourite", 48, 40, 0),
        ("warm", 4, 5, 1),
        ("fresh", 1, 3, 0),
        ("silent", 2, 0, 0),
        ("disliked", 3, 1, 4),
    ):
        post(author(site, name), name, at=NOW - hours * HOUR, upvotes=up, downvotes=down)


ORDERS = {
    Sort.HOT: ["fresh", "warm", "old favourite", "silent", "disliked"],
    Sort.NEW: ["fresh", "silent", "disliked", "warm", "old favourite"],
    Sort.TOP: ["old favourite", "warm", "fresh", "silent", "disliked"],
}


@pytest.mark.parametrize("limit", [1, 2, 5])
@pytest.mark.parametrize("sort", list(Sort))
def test_pages_of_every_size_tell_each_post_once_in_its_order(shop: Site, sort: Sort, limit: int) -> None:
    many(shop)

    pages = all_pages(shop, sort, limit)

    assert [title for page in pages for title in page] == ORDERS[sort]
    assert {len(page) for page in pages[:-1]} <= {limit}


@pytest.mark.parametrize("sort", list(Sort))
def test_posts_that_are_equal_in_everything_are_still_told_once_each(shop: Site, sort: Sort) -> None:
    for number in range(7):
        post(author(shop, f"bot{number}"), f"Post {number}")

    told = [title for page in all_pages(shop, sort, 2) for title in page]

    assert sorted(told) == [f"Post {number}" for number in range(7)]


def test_what_is_posted_between_two_pages_of_the_hot_order_does_not_shift_them(shop: Site) -> None:
    many(shop)
    first = posts_of(shop, now=NOW, limit=2)
    post(author(shop, "late"), "late", at=NOW + HOUR, upvotes=99)

    rest = posts_of(shop, now=NOW + HOUR, limit=9, cursor=first.next_cursor or "")

    assert titles(first) + titles(rest) == ORDERS[Sort.HOT]


def test_a_board_tells_its_own_posts_that_are_not_hidden_and_of_the_type_that_was_asked_for(
    shop: Site, bank: Site
) -> None:
    post(author(shop), "Tip", type="tip")
    post(author(shop), "Bug", type="bug_report")
    post(author(shop), "Hidden", type="tip", is_hidden=True)
    post(author(bank), "Theirs", type="tip")

    assert titles(posts_of(shop, now=NOW, type="tip")) == ["Tip"]
    assert sorted(titles(posts_of(shop, now=NOW, with_hidden=True))) == ["Bug", "Hidden", "Tip"]


def test_reports_of_the_same_by_several_agents_are_counted_together(shop: Site) -> None:
    url = f"https://{HOST}/cart"
    for name, title, about in (
        ("ada", "Cart is empty!", url),
        ("eve", "cart is  EMPTY (2)", f"{url}/?id=7"),
        ("eve", "Cart is empty", url),
        ("bob", "Cart is empty", f"https://{HOST}/pay"),
    ):
        post(author(shop, name), title, pageUrl=about)

    page = posts_of(shop, now=NOW, sort=Sort.NEW)

    assert {(each.post.title, each.post.page_url): each.record()["reportCount"] for each in page.posts} == {
        ("Cart is empty!", url): 2,
        ("cart is  EMPTY (2)", f"{url}/?id=7"): 2,
        ("Cart is empty", url): 2,
        ("Cart is empty", f"https://{HOST}/pay"): 1,
    }


def test_titles_without_words_are_told_apart() -> None:
    assert same_report("!!!", "") != same_report("???", "")
    assert same_report("x", "http://[broken") == ("x", "")


@pytest.mark.parametrize(
    "cursor", ["x", "é", "AAAA", "a" * 500, "aG90IDEgMiAz", "aG90IDk5OTk5OTk5OTk5OTk5OTk5OTk5OTkgMSAwIHA"]
)
def test_a_cursor_that_no_page_gave_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidArgument):
        read_cursor(cursor, Sort.HOT)


def test_a_cursor_of_another_order_is_refused(shop: Site) -> None:
    many(shop)
    cursor = posts_of(shop, now=NOW, limit=1).next_cursor or ""

    with pytest.raises(InvalidArgument) as caught:
        posts_of(shop, now=NOW, sort=Sort.NEW, cursor=cursor)

    assert caught.value.data["errors"][0]["field"] == "cursor"


def test_what_a_reader_may_ask_for() -> None:
    assert (read_sort(""), read_sort("top"), read_type("", ["tip"]), read_type("tip", ["tip"])) == (
        Sort.HOT,
        Sort.TOP,
        "",
        "tip",
    )
    assert (read_limit(None), read_limit("7"), read_limit(900)) == (50, 7, 50)
    for wrong in (lambda: read_sort("best"), lambda: read_type("advert", ["tip"]), lambda: read_limit("0")):
        with pytest.raises(InvalidArgument):
            wrong()
