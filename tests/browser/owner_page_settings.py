"""The server's settings, with the small web of `owner_page_reader`."""

from rover_site.settings import *  # noqa: F403

WEB_READER = "tests.browser.owner_page_reader.read"
