"""One page looked at for one site: which of its tags is Rover's, and which key it carries."""

import re
from dataclasses import dataclass
from functools import cached_property

import ada_url

from workspace.core.installation import Installation, KeyFacts, snippet
from workspace.core.page_tags import PageTags, ScriptTag, page_tags
from workspace.core.web_answers import WebAnswer

_ANY_KEY = re.compile(r"pk_site_[A-Za-z0-9_-]{1,100}")


@dataclass(frozen=True)
class Look:
    """The page and the site, and what follows from both."""

    page: WebAnswer
    installation: Installation

    @cached_property
    def tags(self) -> PageTags:
        """The page's elements."""
        return page_tags(self.page.body, self.page.values("content-type"))

    @cached_property
    def tag(self) -> ScriptTag | None:
        """The tag that is meant to be Rover's: of several the one with most that is right."""
        best = max(self.tags.scripts, key=self._likeness, default=None)
        return best if best is not None and self._likeness(best) else None

    @cached_property
    def source(self) -> str:
        """The absolute address of that tag's script without its query, '' if it has none to be read."""
        return self._resolved(self.tag) if self.tag else ""

    @cached_property
    def key(self) -> KeyFacts | None:
        """The site's key that the tag carries; without attributes, that of a boot call in the page."""
        if self.tag is None:
            return None
        given = {self.tag.get("data-public-key")} - {""} or set(_ANY_KEY.findall(self.boot_text))
        return next((key for key in self.installation.keys if key.public_key in given), None)

    @cached_property
    def boot_text(self) -> str:
        """Inline script that boots Rover by a call instead of attributes."""
        inline = (each.text for each in self.tags.scripts if each.is_javascript and not each.get("src"))
        return "\n".join(text for text in inline if "rover" in text and "boot" in text)

    @cached_property
    def key_to_paste(self) -> KeyFacts | None:
        """The key found if it works, else the newest that does."""
        if self.key and self.key.is_live:
            return self.key
        return next((key for key in self.installation.keys if key.is_live), None)

    @cached_property
    def snippet(self) -> str | None:
        """The tag as it should be; None without a working key."""
        return snippet(self.installation, self.key_to_paste) if self.key_to_paste else None

    def _likeness(self, tag: ScriptTag) -> int:
        where = self._resolved(tag)
        is_ours = where == self.installation.embed_url
        has_data = bool(tag.get("data-site-id") and (tag.get("data-public-key") or is_ours))
        if not (is_ours or has_data or where.endswith("/embed.js")):
            return 0
        points = 1 + 2 * is_ours + has_data + tag.is_javascript
        points += 2 * (tag.get("data-site-id") == self.installation.site_id)
        return points + 2 * any(
            tag.get("data-public-key") == key.public_key for key in self.installation.keys
        )

    def _resolved(self, tag: ScriptTag) -> str:
        source = tag.get("src")
        if not source:
            return ""
        try:
            base = ada_url.URL(self.tags.base, self.page.final_url).href
            parsed = ada_url.URL(source, base)
        except ValueError:
            return ""
        parsed.search = ""
        del parsed.hash
        return str(parsed.href)
