"""The elements of a page that an installation consists of, as a browser would see them.

Read by libxml2 event by event, because that takes time in proportion to the page: a tree of a megabyte of
nested elements keeps other parsers busy for minutes. Comments and texts are no elements; what stands inside
template, noscript, svg and math is no script that a browser loads, and one without an end tag never runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import webencodings
from lxml import etree

INERT = frozenset({"template", "noscript", "svg", "math"})
JAVASCRIPT_TYPES = frozenset(
    {"", "module", "text/javascript", "application/javascript", "text/ecmascript", "application/ecmascript"}
)
MAX_SCRIPTS = 2_000
MAX_TEXT = 100_000
_END = "<!--end of page-->"
"""Fed after the page: a script element that was never closed takes it for its text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptTag:
    """A script element. `attributes`: names in lower case, the first of equal names, values as written.
    `text`: what stands inside, at most 100,000 characters."""

    attributes: Mapping[str, str]
    text: str

    def get(self, name: str) -> str:
        """An attribute without the white space around it; '' if it is not there."""
        return self.attributes.get(name, "").strip()

    @property
    def type(self) -> str:
        """Its type in lower case, without parameters."""
        return self.get("type").partition(";")[0].strip().lower()

    @property
    def is_javascript(self) -> bool:
        """Whether a browser runs it."""
        return self.type in JAVASCRIPT_TYPES


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTags:
    """What a page holds. `policies`: the contents of the Content-Security-Policy meta elements in its head.
    `base`: the href of its base element, '' without one. `n_elements`: of any kind."""

    scripts: tuple[ScriptTag, ...]
    policies: tuple[str, ...]
    base: str
    n_elements: int


def page_tags(body: bytes, content_types: Sequence[str] = ()) -> PageTags:
    """Reads HTML in any state. `content_types` are the values of that header, of which the first counts; a
    byte order mark wins over its charset, and without either the bytes are read as UTF-8, which is right for
    all that is looked for here. Never raises."""
    charset = _charset(content_types[0]) if content_types else None
    text, _ = webencodings.decode(body, charset or "utf-8", "replace")
    reader = _Reader()
    parser = etree.HTMLParser(target=reader, encoding="utf-8", no_network=True)
    try:
        parser.feed(text.encode("utf-8", "replace") + _END.encode())
        parser.close()
    except etree.LxmlError:
        pass  # a page that is empty, or broken beyond repair: what came before counts
    return reader.result()


def _charset(content_type: str) -> webencodings.Encoding | None:
    for part in content_type.split(";")[1:]:
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset":
            found: webencodings.Encoding | None = webencodings.lookup(value.strip(" \t\"'"))
            return found
    return None


@dataclass(slots=True)
class _Open:
    """The script element that is being read."""

    attributes: dict[str, str]
    parts: list[str] = field(default_factory=list)
    size: int = 0
    tail: str = ""


class _Reader:
    """Hears the events of the parser."""

    def __init__(self) -> None:
        self._n_inert = 0
        self._is_in_head = True
        self._script: _Open | None = None
        self._scripts: list[ScriptTag] = []
        self._policies: list[str] = []
        self._base = ""
        self._n_elements = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._n_elements += 1
        if tag in INERT:
            self._n_inert += 1
        elif tag == "body":
            self._is_in_head = False
        if self._n_inert:
            return
        if tag == "script" and len(self._scripts) < MAX_SCRIPTS:
            self._script = _Open({str(name): str(value) for name, value in attributes.items()})
        elif tag == "meta" and self._is_in_head:
            if attributes.get("http-equiv", "").strip().lower() == "content-security-policy":
                self._policies.append(attributes.get("content", ""))
        elif tag == "base" and not self._base:
            self._base = attributes.get("href", "").strip()

    def end(self, tag: str) -> None:
        if tag in INERT:
            self._n_inert -= 1
        elif tag == "script":
            self._end_script()

    def data(self, text: str) -> None:
        if (script := self._script) is None:
            return
        script.tail = (script.tail + text)[-len(_END) :]
        if script.size < MAX_TEXT:
            script.parts.append(text[:MAX_TEXT])
            script.size += len(text)

    def comment(self, text: str) -> None:
        """A comment holds no elements."""

    def close(self) -> None:
        """Everything was heard already."""

    def result(self) -> PageTags:
        return PageTags(
            scripts=tuple(self._scripts),
            policies=tuple(self._policies),
            base=self._base,
            n_elements=self._n_elements,
        )

    def _end_script(self) -> None:
        script, self._script = self._script, None
        if script is not None and script.tail != _END:
            text = "".join(script.parts)[:MAX_TEXT]
            self._scripts.append(ScriptTag(attributes=script.attributes, text=text))
