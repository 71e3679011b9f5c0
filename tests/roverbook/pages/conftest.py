"""A site, and the browser of its owner."""

import pytest
from django.test import Client

from tests.tasks.agents.owners_view import browser_of
from tests.tasks.agents.support import make_site
from workspace.models import Site


@pytest.fixture
def shop(db: None) -> Site:
    return make_site()


@pytest.fixture
def browser(shop: Site) -> Client:
    return browser_of(shop.owner)
