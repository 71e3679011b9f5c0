"""Live streams of task logs, served in front of Django.

Reading path: `endpoint` (one request) → `access` (may it?) → `hub` (all streams of the process) → `follower`
(one stream's position) → `tail` (a log's newest events) and `log` (the rest of it).
"""
