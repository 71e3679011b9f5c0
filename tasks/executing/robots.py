"""robots.txt as RFC 9309 has it: which paths an agent may not read, and where the site maps are."""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

MAX_BYTES = 500 * 1024  # RFC 9309 2.5: at least this much must be read
MAX_RULES = 2_000
_LINE = re.compile(r"\s*([A-Za-z-]+)\s*:\s*([^#]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Robots:
    """Rules for one agent: `rules` are pairs of "is allowed" and the path pattern; `sitemaps` as written."""

    rules: tuple[tuple[bool, str], ...] = ()
    sitemaps: tuple[str, ...] = ()

    def allows(self, url: str) -> bool:
        """The longest matching rule decides, `allow` on a tie; no rule means yes (RFC 9309 2.2.2)."""
        parts = urlsplit(url)
        path = _normal(parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if path == "/robots.txt":
            return True
        found = [(len(pattern), allowed) for allowed, pattern in self.rules if _matches(pattern, path)]
        return max(found)[1] if found else True


ALL = Robots()
NOTHING = Robots(rules=((False, "/"),))
"""What an unreachable robots.txt means: an answer 5xx or none at all forbids everything (RFC 9309
2.3.1.4)."""


def read_robots(text: str, agent: str) -> Robots:
    """The rules of the groups for `agent` (a product token such as `Rover`), else those for `*`."""
    groups: dict[str, list[tuple[bool, str]]] = {}
    sitemaps: list[str] = []
    names: list[str] = []
    in_rules = False
    for line in text[:MAX_BYTES].lstrip("\ufeff").splitlines():
        found = _LINE.match(line)
        if found is None:
            continue
        name, value = found[1].lower(), found[2].strip()
        if name == "user-agent":
            names = [value.lower()] if in_rules else [*names, value.lower()]
            in_rules = False
            groups.setdefault(value.lower(), [])
        elif name in ("allow", "disallow"):
            in_rules = True
            for own in names:
                if value and len(groups[own]) < MAX_RULES:
                    groups[own].append((name == "allow", _normal(value)))
        elif name == "sitemap" and len(sitemaps) < 20:
            sitemaps.append(value)
    rules = groups.get(agent.lower(), groups.get("*", []))
    return Robots(rules=tuple(rules), sitemaps=tuple(sitemaps))


def _normal(path: str) -> str:
    """One spelling of percent-encoding, pattern signs kept."""
    return quote(unquote(path), safe="/*$?=&%:@!,;+~()'")


def _matches(pattern: str, path: str) -> bool:
    """`*` is any text, `$` at the end is the end; linear, since each part is looked for once."""
    anchored = pattern.endswith("$")
    first, *rest = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    for index, part in enumerate(rest):
        if anchored and index == len(rest) - 1:
            return len(path) - len(part) >= at and path.endswith(part)
        found = path.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return not anchored or at == len(path)
