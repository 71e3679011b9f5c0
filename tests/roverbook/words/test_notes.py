"""Memory: what agents may write into it, and who reads it."""

import pytest

from roverbook.core import words
from roverbook.core.notes import PER_AGENT
from roverbook.core.word_refusals import AgentUnknown, NoteNotFound, NotesNotShared, OwnWords, TooManyWords
from roverbook.models import Note, NoteVote
from roverbook.selectors.authors import Author
from roverbook.selectors.words import notes_for, preamble_for
from roverbook.services.words import note_save, note_vote, notes_expire
from tests.roverbook.words.support import DAY, HOST, NOW, author, note, settings_of_site, visited
from workspace.models import Site


def read(by: Author, **more: object) -> list[str]:
    """What an agent reads, in its order."""
    return [each.content for each in notes_for(by, now=NOW, **more)]  # type: ignore[arg-type]


def vote(by: Author, on: Note, *, helped: bool = True) -> Note:
    return note_vote(by, words.read_note_vote({"helped": helped}), note_id=on.pk, now=NOW)


# --- private ---


def test_a_private_note_is_read_by_the_same_memory_alone(shop: Site) -> None:
    settings_of_site(shop, "read_shared")
    note(author(shop), "Mine.")

    assert read(author(shop, session_id="ses_later")) == ["Mine."]
    assert read(author(shop, "eve")) == []


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [("verified:k1", "self:k1"), ("self:ada", "vendor:ada"), ("self:ada", "self:Ada"), ("self:ada", "")],
)
def test_memories_of_another_tier_or_spelling_are_other_memories(shop: Site, mine: str, theirs: str) -> None:
    settings_of_site(shop, "read_shared")
    note(author(shop, agent_memory_key=mine), "Mine.")

    assert read(author(shop, agent_memory_key=theirs)) == []
    assert preamble_for(shop, memory_key=theirs, now=NOW).text == ""


def test_an_agent_without_a_memory_writes_no_note(shop: Site) -> None:
    with pytest.raises(AgentUnknown):
        note(author(shop, agent_memory_key=""))


def test_the_memory_of_one_site_is_none_of_another(shop: Site, bank: Site) -> None:
    settings_of_site(shop)
    settings_of_site(bank)
    note(author(shop), "Private.", visibility="private")
    note(author(shop), "Shared.", visibility="shared", moderation="approved")

    assert read(author(bank)) == []
    assert preamble_for(bank, memory_key="self:ada", now=NOW).notes == ()


# --- shared ---


@pytest.mark.parametrize(
    ("access", "reads", "visibility"),
    [
        ("private_only", [], "private"),
        ("read_shared", ["Shared."], "private"),
        ("read_write_shared", ["Shared."], "shared"),
    ],
)
def test_the_owner_says_whether_agents_read_and_write_shared_notes(
    shop: Site, access: str, reads: list[str], visibility: str
) -> None:
    settings_of_site(shop)
    note(author(shop, "eve"), "Shared.", moderation="approved")
    settings_of_site(shop, access)

    assert read(author(shop)) == reads
    assert note(author(shop), "New.").visibility == visibility
    if access != "read_write_shared":
        with pytest.raises(NotesNotShared):
            note(author(shop), "Newer.", visibility="shared")


@pytest.mark.parametrize(
    ("moderation", "is_read"), [("waiting", False), ("approved", True), ("hidden", False)]
)
def test_a_shared_note_is_read_by_others_when_the_owner_let_it_through(
    shop: Site, moderation: str, is_read: bool
) -> None:
    settings_of_site(shop)
    note(author(shop, "eve"), "Shared.", moderation=moderation)

    assert bool(read(author(shop))) is is_read
    assert bool(preamble_for(shop, now=NOW).notes) is is_read


@pytest.mark.parametrize("visibility", ["private", "shared"])
def test_what_the_owner_hid_is_not_even_read_by_its_author(shop: Site, visibility: str) -> None:
    settings_of_site(shop)
    note(author(shop), "Evil.", visibility=visibility, moderation="hidden")

    assert read(author(shop)) == []
    assert preamble_for(shop, memory_key="self:ada", now=NOW).text == ""


@pytest.mark.parametrize(("key", "is_read"), [("self:eve", True), ("vendor:acme", False), ("anon:1", False)])
def test_an_agent_reads_what_it_shared_before_the_owner_did_if_its_memory_is_its_alone(
    shop: Site, key: str, is_read: bool
) -> None:
    settings_of_site(shop)
    eve = author(shop, "eve", agent_memory_key=key)
    note(eve, "Shared.")

    assert bool(read(eve)) is is_read


@pytest.mark.parametrize(
    ("visits", "ended", "moderation"), [(2, True, "approved"), (1, True, "waiting"), (2, False, "waiting")]
)
def test_agents_that_came_before_are_believed_if_the_owner_wants_so(
    shop: Site, visits: int, ended: bool, moderation: str
) -> None:
    settings_of_site(shop, trusts_notes=True)
    visited(author(shop), times=visits, ended=ended)

    assert note(author(shop), "Shared.").moderation == moderation


def test_a_memory_that_many_share_is_believed_by_nobody(shop: Site) -> None:
    settings_of_site(shop, trusts_notes=True)
    many = author(shop, agent_memory_key="vendor:acme")
    visited(many, times=3)

    assert note(many, "Shared.").moderation == "waiting"


def test_addresses_that_lead_away_are_taken_out_of_what_is_shared_and_stay_in_what_is_private(
    shop: Site,
) -> None:
    settings_of_site(shop)
    text = f"See https://evil.example/x or https://{HOST}/cart"

    shared = note(
        author(shop), text, title="www.evil.com", linkedUrl="https://evil.example/", tags=["evil.com/x"]
    )
    private = note(author(shop), text, visibility="private", linkedUrl="https://evil.example/")

    assert shared.content == f"See [link removed] or https://{HOST}/cart"
    assert (shared.title, shared.linked_url, shared.tags) == ("[link removed]", "", ["[link removed]"])
    assert (private.content, private.linked_url) == (text, "https://evil.example/")


# --- writing ---


def test_a_note_that_is_told_twice_is_kept_once(shop: Site) -> None:
    assert note(author(shop), "Once.") == note(author(shop), "Once.")
    assert Note.objects.count() == 1


def test_an_agent_writes_its_own_note_anew_from_another_session(shop: Site) -> None:
    first = note(author(shop), "Old.", noteId="cart")
    later = author(shop, session_id="ses_later", visit_id="vis_later")

    by_its_name = note(later, "New.", noteId="cart")
    by_ours = note(later, "Newest.", noteId=first.pk)

    assert first.pk == by_its_name.pk == by_ours.pk
    assert Note.objects.get().content == "Newest."


def test_nobody_writes_anothers_note_anew(shop: Site) -> None:
    settings_of_site(shop)
    mine = note(author(shop), "Mine.", moderation="approved")

    note(author(shop, "eve"), "Theirs.", noteId=mine.pk)

    mine.refresh_from_db()
    assert (mine.content, Note.objects.count()) == ("Mine.", 2)


def test_memories_that_many_share_do_not_write_each_others_notes_anew(shop: Site) -> None:
    one = author(shop, session_id="ses_one", agent_memory_key="anon:1")
    mine = note(one, "Mine.", noteId="cart")
    other = author(shop, session_id="ses_other", agent_memory_key="anon:1")

    note(other, "Theirs.", noteId="cart")
    note(other, "Theirs too.", noteId=mine.pk)

    mine.refresh_from_db()
    assert (mine.content, Note.objects.count()) == ("Mine.", 3)


def test_a_shared_note_that_is_written_anew_waits_for_the_owner_again_without_votes_and_pin(
    shop: Site,
) -> None:
    settings_of_site(shop)
    first = note(author(shop), "Good.", noteId="n", moderation="approved", is_pinned=True)
    vote(author(shop, "eve"), first)

    again = note(author(shop), "Now evil.", noteId="n")

    assert (again.moderation, again.is_pinned, again.helped) == ("waiting", False, 0)
    assert not NoteVote.objects.exists()


def test_a_note_that_is_only_told_again_stays_as_the_owner_left_it(shop: Site) -> None:
    settings_of_site(shop)
    note(author(shop), "Good.", noteId="n", moderation="approved", is_pinned=True)

    again = note(author(shop), "Good.", noteId="n")

    assert (again.moderation, again.is_pinned) == ("approved", True)


def test_what_the_owner_hid_cannot_be_brought_back_by_other_words(shop: Site) -> None:
    settings_of_site(shop)
    note(author(shop), "Evil.", noteId="n", moderation="hidden")

    assert note(author(shop), "Evil!", noteId="n").moderation == "hidden"


def test_an_agent_has_fifty_notes_on_a_site_and_can_still_mend_them(shop: Site, bank: Site) -> None:
    for number in range(PER_AGENT):
        note(author(shop), f"Note {number}.", noteId=str(number))

    with pytest.raises(TooManyWords) as caught:
        note(author(shop), "One more.")

    assert caught.value.data == {"limit": "notes_per_agent", "maximum": 50}
    note(author(shop), "Mended.", noteId="7")
    note(author(shop, "eve"), "Of another agent.")
    note(author(bank), "On another site.")


def test_a_derived_note_is_not_taken_from_outside(shop: Site) -> None:
    assert (
        note_save(author(shop), words.read_note({"content": "x", "provenance": "derived"}), now=NOW) is None
    )


# --- votes and time ---


def test_each_memory_votes_once_on_a_note_and_its_last_vote_counts(shop: Site) -> None:
    settings_of_site(shop)
    tip = note(author(shop), "Tip.", moderation="approved")

    vote(author(shop, "eve"), tip)
    vote(author(shop, "eve"), tip, helped=False)
    voted = vote(author(shop, "bob"), tip)

    assert (voted.helped, voted.not_helped) == (1, 1)


def test_nobody_votes_on_what_it_shared_itself_but_on_its_own_memory(shop: Site) -> None:
    settings_of_site(shop)
    shared = note(author(shop), "Tip.", moderation="approved")
    private = note(author(shop), "Mine.", visibility="private")

    with pytest.raises(OwnWords):
        vote(author(shop), shared)

    assert vote(author(shop), private).helped == 1


@pytest.mark.parametrize("kind", ["private", "waiting", "other site", "unknown"])
def test_nobody_votes_on_a_note_that_it_cannot_read(shop: Site, bank: Site, kind: str) -> None:
    settings_of_site(shop)
    settings_of_site(bank)
    notes = {
        "private": note(author(shop), "a", visibility="private"),
        "waiting": note(author(shop), "b"),
        "other site": note(author(bank), "c", moderation="approved"),
        "unknown": Note(id="note_none"),
    }

    with pytest.raises(NoteNotFound):
        vote(author(shop, "eve"), notes[kind])


def test_a_note_is_forgotten_after_ninety_days_unless_it_helped_or_is_pinned(shop: Site) -> None:
    settings_of_site(shop)
    note(author(shop), "Old.", at=NOW - 90 * DAY, moderation="approved")
    helped = note(author(shop), "Helped.", at=NOW - 80 * DAY, moderation="approved")
    vote(author(shop, "eve"), helped)
    pinned = note(author(shop), "Pinned.", at=NOW - 90 * DAY, moderation="approved")
    Note.objects.filter(pk=pinned.pk).update(is_pinned=True, expires_at=None)

    assert read(author(shop, "eve")) == ["Pinned.", "Helped."], "an old note is not read before it is deleted"
    assert notes_expire(now=NOW) == 1
    assert set(Note.objects.values_list("content", flat=True)) == {"Helped.", "Pinned."}
    assert notes_expire(now=NOW + 89 * DAY) == 0
    assert notes_expire(now=NOW + 90 * DAY) == 1


def test_a_vote_that_a_note_did_not_help_does_not_keep_it(shop: Site) -> None:
    settings_of_site(shop)
    tip = note(author(shop), "Tip.", at=NOW - 80 * DAY, moderation="approved")

    assert vote(author(shop, "eve"), tip, helped=False).expires_at == NOW + 10 * DAY


# --- reading ---


def test_the_better_notes_come_first_and_no_more_than_were_asked_for_of_each_kind(shop: Site) -> None:
    settings_of_site(shop)
    for number, helped in enumerate((0, 5, 2)):
        note(author(shop), f"mine {number}", visibility="private", helped=helped)
        note(author(shop, "eve"), f"shared {number}", moderation="approved", helped=helped + 1)

    assert read(author(shop), limit=2) == ["shared 1", "mine 1", "shared 2", "mine 2"]
    assert read(author(shop), visibility="private") == ["mine 1", "mine 2", "mine 0"]
    assert read(author(shop), visibility="shared", limit=1) == ["shared 1"]


def test_an_agent_is_told_the_four_best_notes(shop: Site) -> None:
    settings_of_site(shop)
    for number in range(6):
        note(author(shop, "eve"), f"Shared {number}.", moderation="approved", helped=number)
    note(author(shop), "Mine.", visibility="private", helped=9)

    told = preamble_for(shop, memory_key="self:ada", now=NOW)

    assert [each.content for each in told.notes] == ["Mine.", "Shared 5.", "Shared 4.", "Shared 3."]
    assert told.text.split("\n")[0] == "- private observation by you (self_reported) — Mine."
    assert "Mine." not in preamble_for(shop, now=NOW).text


def test_a_preamble_holds_no_address_that_leads_away_whenever_the_note_was_written(shop: Site) -> None:
    settings_of_site(shop)
    shared = note(author(shop), "x", moderation="approved")
    Note.objects.filter(pk=shared.pk).update(content="See https://evil.example/x")

    assert preamble_for(shop, now=NOW).text.endswith("See [link removed]")
