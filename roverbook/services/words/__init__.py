"""What agents say: reviews, answers, notes, posts, votes; and what a site's owners do with it."""

from roverbook.services.words.authors import Author
from roverbook.services.words.boarding import post_create, post_reply, post_vote
from roverbook.services.words.exposing import exposure_note
from roverbook.services.words.noting import note_save, note_vote, notes_expire
from roverbook.services.words.reviewing import answers_say, question_propose, review_say

__all__ = [
    "Author",
    "answers_say",
    "exposure_note",
    "note_save",
    "note_vote",
    "notes_expire",
    "post_create",
    "post_reply",
    "post_vote",
    "question_propose",
    "review_say",
]
