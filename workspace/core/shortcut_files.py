"""Shortcuts as a file: what an export writes and an import reads."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from workspace.core.fields import shown
from workspace.core.json_lines import UnreadableJson

FILE_MAX_BYTES = 1024 * 1024


def shortcuts_file(shortcuts: Iterable[Mapping[str, Any]]) -> str:
    """The file: an object with the list, in the order that it is given."""
    return json.dumps({"shortcuts": list(shortcuts)}, ensure_ascii=False, indent=2) + "\n"


def read_shortcuts_file(content: bytes) -> object:
    """What stands in the place of the list of shortcuts; whether it is a good list is for
    `validated_shortcuts` to say.

    Read are UTF-8 (with or without a mark at its beginning) of at most 1 MiB, JSON by RFC 8259, in it a list,
    an object with `shortcuts`, or an export of a whole site, which has them in `siteConfig`.

    Raises:
        UnreadableJson: too large, another encoding, no JSON, a name given twice, or no list where it should
            be. Its message names line and character.
    """
    if len(content) > FILE_MAX_BYTES:
        raise UnreadableJson("The file is larger than 1 MiB.")
    try:
        value = json.loads(
            content.decode("utf-8-sig"), parse_constant=_refused, object_pairs_hook=_without_twice
        )
    except UnicodeDecodeError:
        raise UnreadableJson("The file is no UTF-8 text.") from None
    except json.JSONDecodeError as exc:
        raise UnreadableJson(
            f"The file is no JSON: line {exc.lineno}, character {exc.colno}: {exc.msg}.", exc.lineno
        ) from None
    except RecursionError:
        raise UnreadableJson("The file is nested too deeply.") from None
    except ValueError:
        raise UnreadableJson("The file holds a number that cannot be read.") from None
    return _list_in(value)


def _list_in(value: object) -> object:
    found = value
    if isinstance(value, Mapping):
        holder = value if "shortcuts" in value else value.get("siteConfig")
        found = holder.get("shortcuts") if isinstance(holder, Mapping) else None
    if not isinstance(found, list):
        raise UnreadableJson('The file has no list of shortcuts: {"shortcuts": [ … ]} is expected.')
    return found


def _without_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise UnreadableJson(f"The file gives {shown(name)} twice in one object.")
        members[name] = value
    return members


def _refused(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
