"""Edits of a site's list of shortcuts: each takes the stored list and gives the whole list anew.

The list is stored in any order; what people see is `ordered_shortcuts`. None of these functions changes what
it is given, and none checks values: `validated_shortcuts` does, when the result is stored.
"""

import re
import unicodedata
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workspace.core.refusals import ShortcutNotFound
from workspace.core.shortcuts import ordered_shortcuts

ID_MAX = 80
LABEL_MAX = 80
_PROPOSED_MAX = 60
_FALLBACK = "shortcut"
_ENDING = re.compile(r"-\d+$")

Shortcuts = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One shortcut that both lists have: `fields` are the contract's names of what differs."""

    id: str
    label: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a new list does to an old one. `reordered`: those that both have come in another order."""

    added: tuple[Mapping[str, Any], ...]
    changed: tuple[Change, ...]
    removed: tuple[Mapping[str, Any], ...]
    reordered: bool

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not (self.added or self.changed or self.removed or self.reordered)


def index_of(shortcuts: Shortcuts, shortcut_id: str) -> int:
    """Where it is stored, from 0. Raises ShortcutNotFound."""
    for index, shortcut in enumerate(shortcuts):
        if shortcut["id"] == shortcut_id:
            return index
    raise ShortcutNotFound("This site has no shortcut with this id.")


def moved(shortcuts: Shortcuts, shortcut_id: str, position: int) -> list[dict[str, Any]]:
    """One shortcut at `position`, counted from 1 in the order that people see; beyond the ends is the end.

    Afterwards the list itself is the order and no shortcut has an `order`: with both, the next one that is
    moved would jump. A move to where it is leaves everything as it was. Raises ShortcutNotFound.
    """
    seen = ordered_shortcuts(shortcuts)
    start = index_of(seen, shortcut_id)
    end = min(max(position, 1), len(seen)) - 1
    if start == end:
        return [dict(shortcut) for shortcut in shortcuts]
    seen.insert(end, seen.pop(start))
    return [{name: value for name, value in shortcut.items() if name != "order"} for shortcut in seen]


def replaced(shortcuts: Shortcuts, shortcut_id: str, entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`entry` in the place of one shortcut. Raises ShortcutNotFound."""
    index = index_of(shortcuts, shortcut_id)
    return [dict(entry if at == index else shortcut) for at, shortcut in enumerate(shortcuts)]


def without(shortcuts: Shortcuts, shortcut_id: str) -> list[dict[str, Any]]:
    """The others. Raises ShortcutNotFound."""
    index = index_of(shortcuts, shortcut_id)
    return [dict(shortcut) for at, shortcut in enumerate(shortcuts) if at != index]


def inserted(shortcuts: Shortcuts, index: int, entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """With `entry` stored at `index`, from 0; behind the end is the end."""
    changed = [dict(shortcut) for shortcut in shortcuts]
    changed.insert(index, dict(entry))
    return changed


def duplicated(shortcuts: Shortcuts, shortcut_id: str) -> tuple[list[dict[str, Any]], str]:
    """A copy behind one shortcut, switched off until somebody has changed it, and the copy's id.

    Raises ShortcutNotFound.
    """
    index = index_of(shortcuts, shortcut_id)
    original = shortcuts[index]
    ids = {shortcut["id"] for shortcut in shortcuts}
    new_id = _numbered(_ENDING.sub("", original["id"]), ids)
    ending = " (copy)"
    label = original["label"][: LABEL_MAX - len(ending)] + ending
    return inserted(
        shortcuts, index + 1, {**original, "id": new_id, "label": label, "enabled": False}
    ), new_id


def proposed_id(label: str, taken: Container[str]) -> str:
    """An id that says what the label says and is not taken: "Track my order" gives "track-my-order".

    Lower-case ASCII letters, digits and hyphens; a label without any gives "shortcut".
    """
    decomposed = unicodedata.normalize("NFKD", label[: LABEL_MAX * 4]).casefold()
    letters = "".join(char for char in decomposed if not unicodedata.combining(char))
    words = re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:_PROPOSED_MAX].strip("-")
    stem = words or _FALLBACK
    return stem if stem not in taken else _numbered(stem, taken)


def compared(before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]) -> Comparison:
    """What changes from one list to another; shortcuts are the same when their ids are."""
    old = {shortcut["id"]: shortcut for shortcut in ordered_shortcuts(before)}
    new = {shortcut["id"]: shortcut for shortcut in ordered_shortcuts(after)}
    differing = {name: _differing(old[name], new[name]) for name in new if name in old}
    return Comparison(
        added=tuple(new[name] for name in new if name not in old),
        changed=tuple(
            Change(id=name, label=new[name]["label"], fields=fields)
            for name, fields in differing.items()
            if fields
        ),
        removed=tuple(old[name] for name in old if name not in new),
        reordered=[name for name in old if name in new] != [name for name in new if name in old],
    )


def merged(before: Shortcuts, more: Shortcuts) -> list[dict[str, Any]]:
    """Those of `more` in the place of those with their ids, the others behind."""
    news = {shortcut["id"]: dict(shortcut) for shortcut in more}
    kept = [news.pop(shortcut["id"], dict(shortcut)) for shortcut in before]
    return [*kept, *news.values()]


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[str, ...]:
    names = [*one, *(name for name in other if name not in one)]
    return tuple(name for name in names if one.get(name) != other.get(name))


def _numbered(stem: str, taken: Container[str]) -> str:
    """The stem with the first number from 2 on that is free."""
    number = 2
    while (name := f"{stem[: ID_MAX - len(str(number)) - 1]}-{number}") in taken:
        number += 1
    return name
