"""The cast of the tests of the projector."""

import pytest

from tests.roverbook.projecting.world import World
from tests.tasks.agents.support import make_site
from workspace.models import SiteKey


@pytest.fixture
def world(db: None) -> World:
    """`shop.example`, where agents come and go."""
    site = make_site()
    return World(site=site, key=SiteKey.objects.get(site=site))
