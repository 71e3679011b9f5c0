"""Do agents that only read find their way: the marker in the page, and the files beside it?"""

import json
from collections.abc import Mapping
from typing import Any

from workspace.core.discovery.marker import MARKER_TYPE
from workspace.core.discovery.offer import AGENT_CARD_PATH, ROVER_SITE_PATH
from workspace.core.installation import Installation, head_discovery, well_known_files
from workspace.core.installation_look import Look
from workspace.core.installation_report import Check, State, line, shown, skipped
from workspace.core.web_answers import WebAnswer, WebRefused

CHECKED_FILES = (AGENT_CARD_PATH, ROVER_SITE_PATH)


def check_marker(look: Look) -> Check:
    """The line about the marker: there while discovery is on, and only then."""
    found = [each for each in look.tags.scripts if each.type == MARKER_TYPE]
    if not look.installation.publishes(look.key):
        if not found:
            return skipped("marker", "Discovery is off.")
        fix = "Remove the marker from the page: agents that follow it are refused."
        return line("marker", State.WARN, "Discovery is off, but the page has a marker.", fix)
    key = look.key_to_paste
    copy = head_discovery(look.installation, key) if key else None
    if not found:
        fix = "Paste the lines into the page's head; agents that only read HTML find the site by them."
        return line("marker", State.WARN, "The page has no marker.", fix, copy)
    said = [_member(_json(each.text), "task") for each in found]
    if look.installation.task_endpoint in said:
        return line("marker", State.PASS, f"It names {look.installation.task_endpoint}.")
    where = next((text for text in said if isinstance(text, str)), None)
    what = f"It names {shown(where)}." if where else "It is no JSON object with a task."
    return line("marker", State.WARN, what, "Replace the marker.", copy)


def check_files(look: Look, answers: Mapping[str, WebAnswer | WebRefused] | None) -> Check:
    """The line about CHECKED_FILES."""
    if not look.installation.publishes(look.key):
        return skipped("well_known", "Discovery is off.")
    if answers is None:
        return skipped("well_known", "The files were not asked for.")
    flaws = {path: _flaw(path, answers.get(path), look.installation) for path in CHECKED_FILES}
    wrong = [path for path, flaw in flaws.items() if flaw]
    if not wrong:
        return line("well_known", State.PASS, f"{' and '.join(CHECKED_FILES)} are as they should be.")
    key = look.key_to_paste
    files = well_known_files(look.installation, key) if key else {}
    return line(
        "well_known",
        State.WARN,
        "; ".join(f"{path} {flaws[path]}" for path in wrong) + ".",
        f"Serve the files on the site; below is {wrong[0]}.",
        files.get(wrong[0]),
    )


def _flaw(path: str, answer: WebAnswer | WebRefused | None, installation: Installation) -> str:
    """What is wrong with one file, as the end of a sentence; '' for nothing."""
    if answer is None or isinstance(answer, WebRefused):
        return "could not be read"
    if not answer.is_success:
        return f"has status {answer.status}"
    content = _json(answer.body.decode("utf-8-sig", "replace"))
    if not isinstance(content, Mapping):
        return "is no JSON object"
    if path == AGENT_CARD_PATH:
        site = _member(content, "extensions", "rover", "siteId")
        task = _member(content, "url")
    else:
        site = _member(content, "identity", "siteId")
        task = _member(content, "auth", "taskEndpoint")
    if site != installation.site_id:
        return "is not about this site"
    return "" if task == installation.task_endpoint else "names another task endpoint"


def _json(text: str) -> Any:
    """The JSON value, None for what is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _member(value: Any, *path: str) -> Any:
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value
