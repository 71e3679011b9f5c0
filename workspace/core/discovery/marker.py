"""The marker: a script element that holds data, which tells who reads a page's source that it takes tasks."""

import json

MARKER_TYPE = "application/agent+json"


def marker(task_endpoint: str) -> str:
    """The least that an agent needs: where tasks are made."""
    return data_script({"task": task_endpoint})


def data_script(value: object) -> str:
    """Any JSON value as the content of the marker."""
    return f'<script type="{MARKER_TYPE}">{script_json(value)}</script>'


def script_json(value: object) -> str:
    """JSON that may stand inside a script element: no `<`, `>` or `&`, and no line ends that old scripts
    take for the end of a statement."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
