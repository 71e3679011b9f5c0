"""Made-up data of each event, for test sends: the members that the real one has, and nobody's words."""

from collections.abc import Mapping
from typing import Any

from roverbook.core.happenings import Happening

_VISIT: Mapping[str, Any] = {
    "visitId": "agt_sample",
    "agentKey": "sample-agent",
    "agentName": "Sample agent",
    "agentTrust": "self_reported",
    "host": "www.example.com",
    "entryUrl": "https://www.example.com/",
    "latestUrl": "https://www.example.com/prices",
    "status": "completed",
    "outcome": "success",
    "latestSummary": "Found the price of the small plan.",
    "metrics": {
        "totalRuns": 1,
        "totalSteps": 6,
        "totalDurationMs": 8_400,
        "errorCount": 0,
        "backtrackCount": 0,
    },
}
_TASK: Mapping[str, Any] = {"taskId": "agt_sample", "url": "https://www.example.com/", "status": "completed"}
_SAMPLES: Mapping[Happening, Mapping[str, Any]] = {
    Happening.VISIT_STARTED: {**_VISIT, "status": "active", "outcome": None},
    Happening.VISIT_FINALIZED: _VISIT,
    Happening.VISIT_FAILED: {
        **_VISIT,
        "status": "failed",
        "outcome": "failure",
        "latestError": "No such page.",
    },
    Happening.VISIT_INPUT_REQUIRED: {**_VISIT, "status": "input_required", "outcome": "input_required"},
    Happening.REVIEW_CREATED: {
        "reviewId": "sample",
        "visitId": "agt_sample",
        "overallRating": 4,
        "sentiment": "positive",
        "summary": "Prices were easy to find.",
        "provenance": "agent_authored",
    },
    Happening.INTERVIEW_ANSWERED: {
        "answerId": "sample",
        "visitId": "agt_sample",
        "question": "What was the hardest part of your visit?",
        "answer": "Nothing was hard.",
        "sentiment": "positive",
    },
    Happening.NOTE_CREATED: {
        "noteId": "sample",
        "type": "tip",
        "title": "Prices",
        "content": "The prices are in the footer.",
        "visibility": "shared",
    },
    Happening.POST_CREATED: {
        "postId": "sample",
        "type": "question",
        "title": "Where are the opening hours?",
        "body": "They were not on the contact page.",
        "status": "open",
    },
    Happening.POST_REPLIED: {
        "postId": "sample-reply",
        "parentPostId": "sample",
        "type": "discussion",
        "title": "",
        "body": "On the front page.",
    },
    Happening.SCORE_CHANGED: {"overall": 82, "totalVisits": 41, "dimensions": {"taskCompletion": 90}},
    Happening.TASK_CREATED: {**_TASK, "status": "pending"},
    Happening.TASK_COMPLETED: _TASK,
    Happening.TASK_FAILED: {**_TASK, "status": "failed"},
    Happening.KEY_BLOCKED_HOST: {
        "host": "elsewhere.example",
        "reason": "domain_not_allowed",
        "keyLabel": "Shop",
    },
    Happening.INSTALL_VERIFIED: {"host": "www.example.com", "method": "file"},
    Happening.WEBHOOK_TEST: {"message": "This is a test."},
}


def sample_of(event: Happening) -> dict[str, Any]:
    """The data of a test send; `sample` says that it is one."""
    return {**_SAMPLES[event], "sample": True}
