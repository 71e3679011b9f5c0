"""docs/operating.md lists the settings as they are."""

import re

import pytest
from pydantic import SecretStr

from rover_site.conf import PREFIX, RoverConf
from tests.operation.harness import ROOT

ROW = re.compile(r"^\| `ROVER_([A-Z_]+)` \| (.+?) \| (.+) \|$", re.MULTILINE)
DOCUMENTED = {
    name: (default, meaning)
    for name, default, meaning in ROW.findall((ROOT / "docs" / "operating.md").read_text())
}


def test_every_setting_is_documented_and_no_other() -> None:
    assert list(DOCUMENTED) == [name.upper() for name in RoverConf.model_fields]


@pytest.mark.parametrize("name", RoverConf.model_fields)
def test_the_documented_meaning_is_that_of_the_code(name: str) -> None:
    assert DOCUMENTED[name.upper()][1] == RoverConf.model_fields[name].description, f"{PREFIX}{name.upper()}"


@pytest.mark.parametrize("name", sorted(set(RoverConf.model_fields) - {"data_dir"}))
def test_the_documented_default_is_that_of_the_code(name: str) -> None:
    default = RoverConf.model_fields[name].default
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    shown = str(default).lower() if isinstance(default, bool) else str(default)
    assert DOCUMENTED[name.upper()][0] == ("empty" if default in ("", (), None) else f"`{shown}`")
