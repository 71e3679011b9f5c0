"""What sessions add to the pages of a site."""

from tasks.admin.sessions import site_sessions
from tasks.admin.sessions_acting import site_session_end, site_session_run_end
from tasks.admin.sessions_card import first_session_part, sessions_card, site_first_session
from tasks.admin.sessions_showing import site_session
from workspace.admin.contributions import Contribution, Page, contribute

_ONE = "sites/<slug:site_id>/sessions/<slug:session_id>/"
PAGES: list[Page] = [
    ("sites/<slug:site_id>/sessions/", site_sessions, "site_sessions"),
    ("sites/<slug:site_id>/first-session/", site_first_session, "site_first_session"),
    (_ONE, site_session, "site_session"),
    (f"{_ONE}end/", site_session_end, "site_session_end"),
    (f"{_ONE}runs/<uuid:run_id>/end/", site_session_run_end, "site_session_run_end"),
]

contribute(
    Contribution(
        pages=PAGES,
        link=("site-sessions", "Sessions", "admin:site_sessions"),
        after="ai-access",
        card=sessions_card,
        install=first_session_part,
    )
)
