"""Text that needs no extraction: Markdown and prose as they are, source code in a fence."""

import re
from typing import Final

from tasks.fetching.extraction.filenames import url_name
from tasks.fetching.extraction.links import page_links, resolve
from tasks.fetching.extraction.reading import Reading
from tasks.fetching.extraction.sanitizing import clean, fence

_HEADING: Final = re.compile(r"^(?:#{1,3}[ \t]+(\S.*)|(\S.*)\n(?:={3,}|-{3,})[ \t]*)$", re.M)
_FENCED: Final = re.compile(r"^(`{3,}|~{3,}).*?^\1", re.M | re.S)
_INLINE_LINK: Final = re.compile(r"\]\(\s*<?([^)\s>]{1,2000})")
_BARE_LINK: Final = re.compile(r"https?://[^\s<>\"'`)\]}]{1,2000}")
_LANGUAGES: Final = {
    name: language
    for language, names in {
        "bash": "sh bash zsh",
        "c": "c h",
        "cpp": "cpp cc hpp",
        "csharp": "cs",
        "css": "css",
        "dart": "dart",
        "diff": "diff patch",
        "dockerfile": "dockerfile",
        "elixir": "ex",
        "go": "go",
        "groovy": "gradle",
        "haskell": "hs",
        "hcl": "tf",
        "ini": "ini cfg conf",
        "java": "java",
        "javascript": "js mjs",
        "json": "jsonl ndjson",
        "jsx": "jsx",
        "kotlin": "kt",
        "lua": "lua",
        "perl": "pl",
        "php": "php",
        "powershell": "ps1",
        "python": "py",
        "r": "r",
        "ruby": "rb",
        "rust": "rs",
        "scala": "scala",
        "scss": "scss",
        "sql": "sql",
        "swift": "swift",
        "text": "log",
        "toml": "toml",
        "tsx": "tsx",
        "typescript": "ts",
        "vue": "vue",
        "xml": "xml",
        "yaml": "yml yaml",
    }.items()
    for name in names.split()
}
_BY_TYPE: Final = {
    name: language
    for language, names in {
        "bash": "x-sh x-shellscript",
        "c": "x-c",
        "cpp": "x-c++",
        "css": "css",
        "diff": "x-diff x-patch",
        "go": "x-go",
        "java": "x-java-source",
        "javascript": "javascript x-javascript ecmascript",
        "json": "x-ndjson jsonl",
        "perl": "x-perl",
        "php": "x-httpd-php",
        "python": "x-python x-script.python",
        "ruby": "x-ruby",
        "rust": "x-rust",
        "sql": "sql",
        "text": "calendar vcard",
        "toml": "toml",
        "typescript": "typescript x-typescript",
        "yaml": "x-yaml yaml",
    }.items()
    for name in names.split()
}


def read_markdown(text: str, url: str) -> Reading:
    """The Markdown as it came, the first heading as title, its links resolved against `url`."""
    text = clean(text)
    targets = (resolve(target, url) for target in _INLINE_LINK.findall(_FENCED.sub("", text)))
    return Reading(markdown=text, title=_first_heading(text), links=page_links(targets, url))


def read_text(text: str, essence: str, url: str, file_name: str | None) -> Reading:
    """Prose as it came; code in a fence with its language; `.md` served as plain text as Markdown."""
    extension = (file_name or url_name(url) or "").rpartition(".")[2].lower()
    if extension in ("md", "markdown", "mdx"):
        return read_markdown(text, url)
    text = clean(text)
    language = _BY_TYPE.get(essence.partition("/")[2]) or _LANGUAGES.get(extension)
    links = page_links(_BARE_LINK.findall(text), url)
    if language is not None:
        return Reading(
            markdown=fence(text, language), links=links, visible_text=text, fields={"code": language}
        )
    return Reading(markdown=text, links=links)


def _first_heading(text: str) -> str | None:
    found = _HEADING.search(_FENCED.sub("", text[:20_000]))
    return (found.group(1) or found.group(2)).rstrip("# \t") or None if found else None
