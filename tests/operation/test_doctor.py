"""`rover doctor`."""

from pathlib import Path

import pytest

from tests.operation.harness import rover

pytestmark = pytest.mark.processes


def test_a_fresh_machine_fails_and_nothing_is_made(tmp_path: Path) -> None:
    answer = rover(tmp_path / "data", "doctor")
    assert answer.returncode == 1
    assert "FAIL" in answer.stdout
    assert not (tmp_path / "data").exists()


def test_a_misspelt_setting_is_found(tmp_path: Path) -> None:
    answer = rover(tmp_path / "data", "doctor", wrkers="3")
    assert answer.returncode == 1
    assert "ROVER_WORKERS" in answer.stdout


def test_a_database_of_an_older_version_fails(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rover.db").touch()
    answer = rover(tmp_path / "data", "doctor")
    assert answer.returncode == 1
    assert "are missing" in answer.stdout
