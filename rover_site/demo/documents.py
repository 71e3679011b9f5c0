"""The demo site's written pages, read from the content folder."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path

CONTENT = Path(__file__).with_name("content")


class Section(StrEnum):
    """Which part of the site a page belongs to; also its folder."""

    PAGES = "pages"
    BLOG = "blog"
    DOCS = "docs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One page in Markdown. `published` counts for articles only; `order` sorts a section's list."""

    section: Section
    path: str
    title: str
    description: str
    body: str
    author: str = "The editors"
    published: date = date.min
    image: str = "/images/tower.svg"
    tags: tuple[str, ...] = ()
    order: int = 0

    @property
    def words(self) -> int:
        return len(self.body.split())


@cache
def documents(section: Section) -> tuple[Document, ...]:
    """The pages of one section: articles newest first, the others by their `order`."""
    found = [_read(section, path) for path in sorted((CONTENT / section).glob("*.md"))]
    if section is Section.BLOG:
        found.sort(key=lambda document: document.published, reverse=True)
    else:
        found.sort(key=lambda document: document.order)
    return tuple(found)


def _read(section: Section, path: Path) -> Document:
    match = re.match(r"---\n(.*?)\n---\n(.*)", path.read_text(encoding="utf-8"), re.DOTALL)
    if not match:
        raise ValueError(f"{path.name} has no front matter")
    fields = dict(line.split(": ", 1) for line in match[1].splitlines())
    folder = "" if section is Section.PAGES else f"/{section}"
    return Document(
        section=section,
        path=fields.get("path", f"{folder}/{path.stem}"),
        title=fields["title"],
        description=fields["description"],
        body=match[2].strip(),
        author=fields.get("author", "The editors"),
        published=date.fromisoformat(fields["published"]) if "published" in fields else date.min,
        image=fields.get("image", "/images/tower.svg"),
        tags=tuple(fields["tags"].split(", ")) if "tags" in fields else (),
        order=int(fields.get("order", "0")),
    )
