"""Agents that are known by their User-Agent. A table of facts that their operators publish.

It names, it proves nothing: a User-Agent is text that anybody can send.
"""

import re
from dataclasses import dataclass

_SCANNED_CHARS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAgent:
    """What is known of the sender of a User-Agent; `version` is what follows the token and a slash."""

    name: str
    vendor: str | None = None
    version: str | None = None


# token in the User-Agent, name, vendor
_TABLE: tuple[tuple[str, str, str], ...] = (
    ("ChatGPT-User", "ChatGPT", "OpenAI"),
    ("OAI-SearchBot", "OAI-SearchBot", "OpenAI"),
    ("GPTBot", "GPTBot", "OpenAI"),
    ("Claude-User", "Claude", "Anthropic"),
    ("Claude-SearchBot", "Claude-SearchBot", "Anthropic"),
    ("Claude-Web", "Claude", "Anthropic"),
    ("ClaudeBot", "ClaudeBot", "Anthropic"),
    ("anthropic-ai", "anthropic-ai", "Anthropic"),
    ("Perplexity-User", "Perplexity", "Perplexity"),
    ("PerplexityBot", "PerplexityBot", "Perplexity"),
    ("MistralAI-User", "Le Chat", "Mistral AI"),
    ("Google-CloudVertexBot", "Google-CloudVertexBot", "Google"),
    ("Google-NotebookLM", "NotebookLM", "Google"),
    ("GoogleOther", "GoogleOther", "Google"),
    ("Googlebot", "Googlebot", "Google"),
    ("bingbot", "Bingbot", "Microsoft"),
    ("Amazonbot", "Amazonbot", "Amazon"),
    ("Applebot", "Applebot", "Apple"),
    ("meta-externalagent", "meta-externalagent", "Meta"),
    ("meta-externalfetcher", "meta-externalfetcher", "Meta"),
    ("facebookexternalhit", "facebookexternalhit", "Meta"),
    ("DuckAssistBot", "DuckAssistBot", "DuckDuckGo"),
    ("DuckDuckBot", "DuckDuckBot", "DuckDuckGo"),
    ("cohere-ai", "cohere-ai", "Cohere"),
    ("YouBot", "YouBot", "You.com"),
    ("Bytespider", "Bytespider", "ByteDance"),
    ("CCBot", "CCBot", "Common Crawl"),
    ("AI2Bot", "AI2Bot", "Ai2"),
    ("Diffbot", "Diffbot", "Diffbot"),
    ("PetalBot", "PetalBot", "Huawei"),
    ("YandexBot", "YandexBot", "Yandex"),
    ("Baiduspider", "Baiduspider", "Baidu"),
    ("LinkedInBot", "LinkedInBot", "LinkedIn"),
    ("Slackbot", "Slackbot", "Slack"),
    ("Discordbot", "Discordbot", "Discord"),
    ("Twitterbot", "Twitterbot", "X"),
)
_NAMES = {token.lower(): (name, vendor) for token, name, vendor in _TABLE}
_KNOWN = re.compile(
    r"(?<![A-Za-z0-9_-])(" + "|".join(re.escape(token) for token, _, _ in _TABLE) + r")(?![A-Za-z0-9_])"
    r"(?:/([A-Za-z0-9._-]{1,40}))?",
    re.IGNORECASE,
)
_PRODUCT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9!#$%&'*+.^_`|~-]{0,79})(?:/([A-Za-z0-9._+-]{1,40}))?")
_COMPATIBLE = re.compile(r"compatible;\s*([A-Za-z0-9][A-Za-z0-9._-]{0,79})(?:/([A-Za-z0-9._+-]{1,40}))?")
# the product that a browser is, in the order in which they claim to be each other
_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)


def recognise(user_agent: str) -> KnownAgent | None:
    """Who a User-Agent names: an agent of the table, else its product token; None for text without one.

    Of a browser, whose product token is always `Mozilla`, it is what the comment calls compatible, or the
    browser's own name, without a version.
    """
    text = user_agent[:_SCANNED_CHARS]
    if (known := _KNOWN.search(text)) is not None:
        name, vendor = _NAMES[known.group(1).lower()]
        return KnownAgent(name=name, vendor=vendor, version=known.group(2))
    product = _PRODUCT.match(text)
    if product is None:
        return None
    if product.group(1).lower() != "mozilla":
        return KnownAgent(name=product.group(1), version=product.group(2))
    if (named := _COMPATIBLE.search(text)) is not None and named.group(1) != "MSIE":
        return KnownAgent(name=named.group(1), version=named.group(2))
    return KnownAgent(name=next((name for sign, name in _BROWSERS if sign in text), "Browser"))
