"""A migrated data directory, made once and copied for each server."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.operation.harness import ROOT, environment, insert_token


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder, and a token of the owner in its database."""
    folder = tmp_path_factory.mktemp("template") / "data"
    subprocess.run(
        [sys.executable, "-m", "rover_site.operation.preparing"],
        cwd=ROOT,
        env=environment(folder),
        stdout=subprocess.DEVNULL,
        timeout=90,
        check=True,
    )
    return folder, insert_token(folder / "rover.db")


@pytest.fixture
def data_dir(template: tuple[Path, str], tmp_path: Path) -> Path:
    """A copy of the template."""
    return Path(shutil.copytree(template[0], tmp_path / "data"))


@pytest.fixture
def token(template: tuple[Path, str]) -> str:
    """The token that is good in every copy."""
    return template[1]
