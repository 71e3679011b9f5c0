"""What a row of the audit log says has changed, member by member."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One member, named by its path ("roverPolicy.agentName", "shortcuts[checkout].label"). None: it was not
    there before, or is not any more."""

    field: str
    old: str | None
    new: str | None


class _Missing(Enum):
    MISSING = "missing"


MISSING: Final = _Missing.MISSING


def changes(before: object, after: object) -> list[Change]:
    """Every member that differs, by name. Objects are taken apart, and so are lists of objects that have an
    id; other lists are shown whole."""
    return sorted(_walk("", before, after), key=lambda change: change.field)


def _walk(path: str, old: Any, new: Any) -> Iterator[Change]:
    if _taken_apart(old, new, _is_object):
        for name in _union(old, new):
            yield from _walk(f"{path}.{name}" if path else name, _member(old, name), _member(new, name))
    elif _taken_apart(old, new, _has_ids):
        was, now = _by_id(old), _by_id(new)
        for name in _union(was, now):
            yield from _walk(f"{path}[{name}]", _member(was, name), _member(now, name))
        yield from _reordered(path, was, now)
    elif json.dumps(_or_none(old)) != json.dumps(_or_none(new)) or (old is MISSING) != (new is MISSING):
        yield Change(field=path or "value", old=_text(old), new=_text(new))


def _taken_apart(old: Any, new: Any, fits: Any) -> bool:
    """Whether both sides have this shape; one may be missing, if the other has members to show."""
    sides = [side for side in (old, new) if side is not MISSING]
    return bool(sides) and all(fits(side) for side in sides) and any(bool(side) for side in sides)


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)


def _has_ids(value: Any) -> bool:
    if not isinstance(value, list):
        return False
    names = [item.get("id") if isinstance(item, Mapping) else None for item in value]
    return all(isinstance(name, str) for name in names) and len(set(names)) == len(names)


def _by_id(value: Any) -> dict[str, Any]:
    return {} if value is MISSING else {item["id"]: item for item in value}


def _union(old: Any, new: Any) -> list[str]:
    """The names of both, in the order of their coming."""
    sides = [side for side in (old, new) if side is not MISSING]
    return list(dict.fromkeys(str(name) for side in sides for name in side))


def _member(side: Any, name: str) -> Any:
    return MISSING if side is MISSING else side.get(name, MISSING)


def _reordered(path: str, was: dict[str, Any], now: dict[str, Any]) -> Iterator[Change]:
    stayed = [name for name in was if name in now]
    order = [name for name in now if name in was]
    if stayed != order:
        yield Change(field=f"{path} in order", old=", ".join(stayed), new=", ".join(order))


def _or_none(value: Any) -> Any:
    return None if value is MISSING else value


def _text(value: Any) -> str | None:
    if value is MISSING:
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)
