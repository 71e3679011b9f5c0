"""Settings that stop a start, and those that only warn."""

from pathlib import Path

import pytest
from django.core.checks import ERROR, CheckMessage

from rover_site.checks import consistency_problems, exposure_problems
from rover_site.conf import RoverConf, read

GOOD_KEY = "Vh3kq0ZtN7sYw1Lr9XcE5uJb2GfTmA8dPoRi4QyK"
EXPOSED = {"BIND": "0.0.0.0", "PUBLIC_URL": "https://rover.example.com", "SECRET_KEY": GOOD_KEY}


def conf(tmp_path: Path, **settings: str) -> RoverConf:
    return read({"ROVER_DATA_DIR": str(tmp_path), **{f"ROVER_{key}": text for key, text in settings.items()}})


def errors(found: list[CheckMessage]) -> list[str | None]:
    return [message.id for message in found if message.level >= ERROR]


def warnings(found: list[CheckMessage]) -> list[str | None]:
    return [message.id for message in found if message.level < ERROR]


def test_a_safe_exposed_server_has_no_problem(tmp_path: Path) -> None:
    assert exposure_problems(conf(tmp_path, **EXPOSED)) == []


@pytest.mark.parametrize(
    ("change", "identity"),
    [
        ({"PUBLIC_URL": ""}, "rover.E001"),
        ({"PUBLIC_URL": "http://rover.example.com"}, "rover.E002"),
        ({"SECRET_KEY": "short"}, "rover.E003"),
        ({"SECRET_KEY": "a" * 60}, "rover.E003"),
        ({"ALLOWED_HOSTS": "a.example,*"}, "rover.E005"),
        ({"SSRF_LEVEL": "none"}, "rover.E006"),
    ],
)
def test_an_unsafe_setting_of_an_exposed_server_is_an_error(
    tmp_path: Path, change: dict[str, str], identity: str
) -> None:
    found = exposure_problems(conf(tmp_path, **EXPOSED | change))
    assert errors(found) == [identity]
    assert all(message.hint for message in found)


def test_a_kept_secret_key_that_everyone_can_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text(GOOD_KEY)
    (tmp_path / "secret_key").chmod(0o644)
    assert errors(exposure_problems(conf(tmp_path, **EXPOSED | {"SECRET_KEY": ""}))) == ["rover.E004"]


@pytest.mark.parametrize("url", ["http://192.168.1.5:8000", "http://rover.lan", "http://rover"])
def test_plain_http_in_a_private_network_only_warns(tmp_path: Path, url: str) -> None:
    found = exposure_problems(conf(tmp_path, **EXPOSED | {"PUBLIC_URL": url}))
    assert (errors(found), warnings(found)) == ([], ["rover.W001"])


@pytest.mark.parametrize("level", ["loopback", "project", "lan"])
def test_fetches_into_the_own_network_from_an_exposed_server_warn(tmp_path: Path, level: str) -> None:
    assert warnings(exposure_problems(conf(tmp_path, **EXPOSED | {"SSRF_LEVEL": level}))) == ["rover.W002"]


def test_a_data_directory_whose_sockets_would_not_fit_is_an_error(tmp_path: Path) -> None:
    assert errors(consistency_problems(conf(tmp_path / ("x" * 100)))) == ["rover.E007"]


@pytest.mark.parametrize(
    ("settings", "identity"),
    [
        ({"SSRF_PROJECT_ROOT": "/srv/pages"}, "rover.W003"),
        ({"CACHE_TTL_SECONDS": "900", "CACHE_MAX_TTL_SECONDS": "60"}, "rover.W004"),
        ({"DATABASE_URL": "postgres://rover@127.0.0.1/rover"}, "rover.W005"),
    ],
)
def test_a_contradiction_warns(tmp_path: Path, settings: dict[str, str], identity: str) -> None:
    assert warnings(consistency_problems(conf(tmp_path, **settings))) == [identity]


def test_the_defaults_have_no_problem(tmp_path: Path) -> None:
    assert consistency_problems(conf(tmp_path)) == []
