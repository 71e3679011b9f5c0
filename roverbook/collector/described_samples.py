"""Records as the document shows them: a shop, an agent called Scout, and what it said."""

BY = {
    "siteId": "acme-shop-a1B2c3",
    "visitId": "vis_3q2-7wEjR0mX9kLpQa1ZcA",
    "agentKey": "scout",
    "agentName": "Scout",
    "agentTrust": "self_reported",
    "agentSource": "webmcp_agent",
    "provenance": "agent_authored",
    "createdAt": 1_771_484_403_000,
}
NOTE = {
    "noteId": "note_6f1c",
    **BY,
    "type": "tip",
    "title": "Menu",
    "content": "Opening hours are in the menu.",
    "tags": [],
    "visibility": "private",
    "helped": 0,
    "notHelped": 0,
}
POST = {
    "postId": "post_6f1c",
    **BY,
    "type": "bug_report",
    "status": "open",
    "title": "The cart loses its rows",
    "body": "After going back.",
    "tags": [],
    "upvotes": 1,
    "downvotes": 0,
    "replyCount": 0,
}
REVIEW = {
    "reviewId": "review_6f1c",
    **BY,
    "overallRating": 4,
    "categoryRatings": {"accuracy": 4, "speed": 4, "easeOfUse": 4, "logic": 4},
    "summary": "Good",
    "painPoints": [],
    "suggestions": [],
    "sentiment": "positive",
}
RATE = "How would you rate the overall experience?"
ANSWER = {
    "answerId": "answer_6f1c",
    **BY,
    "questionId": "question_how_would_you_rate_the_overall_experience",
    "question": RATE,
    "answer": "Well.",
    "sentiment": "positive",
    "isHighlight": False,
}
EXPOSURE = {
    "exposureId": "exposure_6f1c",
    **{name: value for name, value in BY.items() if name != "provenance"},
    "experimentId": "checkout",
    "variantId": "b",
    "metadata": {},
}
SCORE = {
    "siteId": "acme-shop-a1B2c3",
    "day": "2026-01-31",
    "overall": 82.5,
    "dimensions": {
        "taskCompletion": 90.0,
        "efficiency": 71.0,
        "errorRecovery": 100.0,
        "accessibility": 80.0,
        "consistency": None,
    },
    "provisional": False,
    "totalVisits": 41,
    "topIssuesCount": 2,
    "criticalIssuesCount": 0,
    "visits": 3,
}
ANALYTICS = {
    "siteId": "acme-shop-a1B2c3",
    "totalVisits": 41,
    "successRate": 0.8,
    "avgSteps": 6.5,
    "avgDurationMs": 21_400.0,
    "visitsByDay": [{"date": "2026-01-31", "total": 3, "success": 2, "failure": 1, "partial": 0}],
    "pathTransitions": [{"from": "/", "to": "/cart", "count": 12}],
    "toolUsage": [{"tool": "click_element", "count": 120}],
}
