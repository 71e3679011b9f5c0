"""Agents, what they said, and their privacy among the pages of a site."""

from roverbook.admin.agent import agent
from roverbook.admin.agents import agents
from roverbook.admin.board import board, post, post_act
from roverbook.admin.interviews import interview_question, interviews
from roverbook.admin.memory import memory, note_act, note_gone
from roverbook.admin.people_export import roverbook_export
from roverbook.admin.privacy import privacy, privacy_erase, privacy_export
from roverbook.admin.reviews import reviews
from workspace.admin.contributions import Page, SiteLink

_BOOK = "sites/<slug:site_id>/roverbook/"
PAGES: list[Page] = [
    (f"{_BOOK}agents/", agents, "roverbook_agents"),
    (f"{_BOOK}agent/", agent, "roverbook_agent"),
    (f"{_BOOK}reviews/", reviews, "roverbook_reviews"),
    (f"{_BOOK}interviews/", interviews, "roverbook_interviews"),
    (f"{_BOOK}interviews/question/", interview_question, "roverbook_interview_question"),
    (f"{_BOOK}board/", board, "roverbook_board"),
    (f"{_BOOK}board/act/", post_act, "roverbook_post_act"),
    (f"{_BOOK}board/<str:post_id>/", post, "roverbook_post"),
    (f"{_BOOK}memory/", memory, "roverbook_memory"),
    (f"{_BOOK}memory/act/", note_act, "roverbook_note_act"),
    (f"{_BOOK}memory/<str:note_id>/delete/", note_gone, "roverbook_note_delete"),
    (f"{_BOOK}privacy/", privacy, "roverbook_privacy"),
    (f"{_BOOK}privacy/export/", privacy_export, "roverbook_privacy_export"),
    (f"{_BOOK}privacy/erase/", privacy_erase, "roverbook_privacy_erase"),
    (f"{_BOOK}export/<slug:collection>/", roverbook_export, "roverbook_export"),
]
LINKS: list[SiteLink] = [
    ("roverbook-agents", "Agents", "admin:roverbook_agents"),
    ("roverbook-reviews", "Reviews", "admin:roverbook_reviews"),
    ("roverbook-interviews", "Interviews", "admin:roverbook_interviews"),
    ("roverbook-board", "Board", "admin:roverbook_board"),
    ("roverbook-memory", "Memory", "admin:roverbook_memory"),
    ("roverbook-privacy", "Privacy", "admin:roverbook_privacy"),
]
