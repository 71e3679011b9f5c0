"""One server for all documented examples."""

from collections.abc import Iterator

import pytest

from tests.contract.world import World, running_world


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running_world(tmp_path_factory.mktemp("examples")) as started:
        yield started
