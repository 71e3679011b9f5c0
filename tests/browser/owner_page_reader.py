"""A web with one site that stands on loopback: bakery.example, on the port of the environment variable
OWNER_PAGE_PORT. The page is read as every page is."""

import os
from dataclasses import replace
from urllib.parse import urlsplit

from tasks.services import web_reader
from workspace.core.web_answers import WebAnswer, WebRefused

HOST = "bakery.example"


def read(url: str, *, max_bytes: int, seconds: float) -> WebAnswer:
    """A reader for the setting WEB_READER."""
    parts = urlsplit(url)
    if parts.hostname != HOST:
        raise WebRefused("no such name", fetch_code="dns_failed", fetch_message="no such name")
    inside = f"http://127.0.0.1:{os.environ['OWNER_PAGE_PORT']}{parts.path}"
    return replace(web_reader.read(inside, max_bytes=max_bytes, seconds=seconds), url=url, final_url=url)
