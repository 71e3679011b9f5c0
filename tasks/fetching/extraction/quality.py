"""How much of a page was kept, and what kind of page it really is.

Every rule looks for a phrase of a known kind *and* a second sign (little text, a password field, a vendor's
marker), so that an article about captchas or logins is not taken for one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tasks.fetching.extraction.document import Flag

SHORT_CHARS: Final = 250
_THIN_CHARS: Final = 1_200
_BLANKS: Final = (" ", "\n", "\t", "\xa0")
_LINK_TARGET: Final = re.compile(r"\]\((?:<[^<>\n]*>|[^()\s]*)\)")
_CHALLENGE_MARKUP: Final = re.compile(
    r"/cdn-cgi/challenge-platform/|_cf_chl_opt|cf-browser-verification|challenges\.cloudflare\.com/turnstile"
    r"|captcha-delivery\.com|px-captcha|_Incapsula_Resource|awsWafCookieDomainList|aws-waf-token|g-recaptcha"
    r"|h-captcha|hcaptcha\.com/1/api|anubis_challenge|sec-if-cpt-container",
    re.I,
)
_CHALLENGE_TEXT: Final = re.compile(
    r"just a moment\.\.\.|checking your browser"
    r"|verify(?:ing)? (?:that )?you are (?:a |not a )?(?:human|robot)"
    r"|are you (?:human|a robot)|unusual traffic from your|attention required!|complete the security check"
    r"|press & hold to confirm|enable javascript and cookies to continue|access to this page has been denied"
    r"|making sure you.re not a bot|request unsuccessful\. incapsula",
    re.I,
)
_NEEDS_SCRIPT: Final = re.compile(
    r"(?:enable|activate|turn on|requires?|need|without|allow)[\w\s]{0,30}\bjava\s?script\b"
    r"|javascript[\w\s]{0,25}(?:disabled|required|not enabled|to be enabled|must be enabled)"
    r"|javascript[\w\s]{0,25}(?:nicht aktiviert|deaktiviert|désactivé)",
    re.I,
)
_APP_ROOT: Final = re.compile(
    r"<(?:div|main)[^<>]*\bid=[\"']?(?:root|app|__next|__nuxt|___gatsby|svelte|q-app)[\"'\s>]|<app-root[\s>]",
    re.I,
)
_LOGIN: Final = re.compile(
    r"\b(?:log|sign)(?:ging|ing)?[\s-]?in\b|\bmembers only\b|\banmelden\b|\beinloggen\b|\bse connecter\b"
    r"|\biniciar sesi[oó]n\b",
    re.I,
)
_PAYWALL_TEXT: Final = re.compile(
    r"subscribe (?:now )?to (?:continue|keep|read|unlock)|already a subscriber\?|for subscribers only"
    r"|(?:this|the full) (?:article|story|content) is (?:only |exclusively )?(?:available )?"
    r"(?:for|to|reserved for) (?:paying |premium |our )?(?:subscribers|members)"
    r"|to continue reading,? (?:please )?(?:subscribe|become|log|sign)"
    r"|(?:reached|used) (?:your|the) (?:monthly )?limit of (?:free )?articles"
    r"|unlock (?:this|the full) (?:article|story)",
    re.I,
)
_PAYWALL_MARKUP: Final = re.compile(
    r"\"isAccessibleForFree\"\s*:\s*\"?false|content_tier[\"']\s+content=[\"'](?:locked|metered)", re.I
)
_NOT_FOUND: Final = re.compile(
    r"\b404\b|\bnot found\b|(?:page|site|article|document|content|product|item) "
    r"(?:(?:was|is|could|can|you)[\w\s]{0,25})?"
    r"(?:not be found|no longer (?:available|exists?)|do(?:es)?(?: not|n.t) exist)"
    r"|seite (?:wurde )?nicht gefunden|page introuvable|p[aá]gina no encontrada"
    r"|页面不存在|ページが見つかりません",
    re.I,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFacts:
    """What the rules look at. `text` is the visible text, `markup` the page as it came."""

    markup: str
    text: str
    title: str
    noscript: str
    has_password_field: bool


def dense_length(text: str) -> int:
    """Characters that are no blank, tab, line end or no-break space."""
    return len(text) - sum(map(text.count, _BLANKS))


def ratio(markdown: str, visible_chars: int) -> float:
    """Non-blank characters of the text in `markdown` (link targets left out) over those visible, 0..1."""
    if visible_chars <= 0:
        return 0.0
    return min(1.0, dense_length(_LINK_TARGET.sub("]", markdown)) / visible_chars)


def score(kept: float, *, has_title: bool, has_metadata: bool) -> float:
    """`kept` plus 0.05 for a title and 0.10 for any metadata, at most 1, with four decimals."""
    return round(min(1.0, kept + 0.05 * has_title + 0.10 * has_metadata), 4)


def page_flags(facts: PageFacts) -> Iterator[Flag]:
    """The kinds of page that `facts` speak for; an ordinary page gives none."""
    chars = dense_length(facts.text)
    thin = chars < _THIN_CHARS
    start = f"{facts.title}\n{facts.text[:4_000]}"
    challenged = thin and _is_challenge(facts, start)
    if challenged:
        yield Flag.CHALLENGE
    elif chars < SHORT_CHARS * 2 and _needs_script(facts):
        yield Flag.JS_REQUIRED
    if thin and facts.has_password_field and _LOGIN.search(start):
        yield Flag.LOGIN_WALL
    if _is_paywall(facts, chars):
        yield Flag.PAYWALL
    if not challenged and _is_soft_404(facts, chars):
        yield Flag.SOFT_404


def _is_challenge(facts: PageFacts, start: str) -> bool:
    says = _CHALLENGE_TEXT.search(f"{start}\n{facts.noscript}") is not None
    carries = _CHALLENGE_MARKUP.search(facts.markup) is not None
    return (
        (says and carries)
        or (says and dense_length(facts.text) < 2 * SHORT_CHARS)
        or (carries and dense_length(facts.text) < SHORT_CHARS // 2)
    )


def _needs_script(facts: PageFacts) -> bool:
    if _NEEDS_SCRIPT.search(facts.noscript) or _NEEDS_SCRIPT.search(facts.text):
        return True
    return dense_length(facts.text) < SHORT_CHARS // 5 and _APP_ROOT.search(facts.markup) is not None


def _is_paywall(facts: PageFacts, chars: int) -> bool:
    # Plain substring tests first: this rule runs on every page, whatever its size.
    if "isAccessibleForFree" in facts.markup or "content_tier" in facts.markup:
        return _PAYWALL_MARKUP.search(facts.markup) is not None
    return chars < 4 * _THIN_CHARS and _PAYWALL_TEXT.search(facts.text) is not None


def _is_soft_404(facts: PageFacts, chars: int) -> bool:
    if chars < _THIN_CHARS and _NOT_FOUND.search(facts.title):
        return True
    return chars < 2 * SHORT_CHARS and _NOT_FOUND.search(facts.text[:400]) is not None
