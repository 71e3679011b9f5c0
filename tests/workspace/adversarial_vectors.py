"""URLs and the score each must have: the figure of the base table, and ours beside it where a rule is better.

All targets are out of scope and nothing else is known about them (no allowed hosts, no page, no message).
"""

from dataclasses import dataclass

SITE = "https://example.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """One row. `base`: the figure of the base table of signals alone; `improvement`: the letter of the rule
    that moves `score` away from it:

    a  schemes count at the start of a URL or of a parameter value, not anywhere in the text
    b  /auth is a whole path segment
    d  IPv6, integer and hexadecimal addresses are IP addresses too; cloud metadata weighs more
    """

    url: str
    score: int
    base: int
    improvement: str = ""
    reasons: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return self.url[:60]


def _row(url: str, score: int, *reasons: str, base: int | None = None, improvement: str = "") -> Vector:
    return Vector(
        url=url,
        score=score,
        base=score if base is None else base,
        improvement=improvement,
        reasons=reasons,
    )


LISTED = (
    _row(f"{SITE}/", 0),
    _row(f"{SITE}/login", 1, "credential_path"),
    _row(f"{SITE}/account/login", 2, "multiple_credential_paths"),
    _row(f"{SITE}/oauth/authorize", 1, "credential_path", base=2, improvement="b"),
    _row("http://10.0.0.5/", 2, "ip_address_host"),
    _row("http://10.0.0.5:8080/", 3, "ip_address_host", "non_standard_port"),
    _row("http://10.0.0.5/login", 3, "ip_address_host", "credential_path"),
    _row("data:text/html,x", 3, "exfiltration_scheme"),
    _row(f"{SITE}/?u=data:abc", 3, "exfiltration_scheme"),
    _row("https://a.b.c.example.com/", 1, "excessive_subdomains"),
    _row(f"{SITE}/?token=1", 1, "sensitive_query_params"),
    _row(f"{SITE}/?token&session&cookie", 2, "sensitive_query_params"),
    _row(f"{SITE}/login?access_token=x", 2, "credential_path", "sensitive_query_params"),
    _row(f"{SITE}/verify/confirm?session=1", 3, "multiple_credential_paths", "sensitive_query_params"),
    _row(f"{SITE}:8443/", 1, "non_standard_port"),
    _row(f"{SITE}/".ljust(2020, "a"), 1, "excessive_url_length"),
    _row(f"{SITE}/{'%41' * 21}", 1, "excessive_encoding"),
    _row(f"{SITE}/{'%41' * 20}", 0),
    _row("http://[::1]/", 2, "ip_address_host", base=0, improvement="d"),
    _row(f"{SITE}/authors", 0, base=1, improvement="b"),
    _row(f"{SITE}:8443/login?token=a", 3, "credential_path", "sensitive_query_params", "non_standard_port"),
    _row("http://metadata:80/", 0, base=3, improvement="a"),
)

BOUNDARIES = (
    _row("not a url", 1, "invalid_url"),
    _row("", 1, "invalid_url"),
    _row("/login", 1, "invalid_url"),
    _row(f"{SITE}/\ud800", 1, "invalid_url"),
    _row("https://b.c.example.com/", 0),
    _row("https://b.c.d.example.com./", 1, "excessive_subdomains"),
    _row(f"{SITE}/".ljust(2000, "a"), 0),
    _row(f"{SITE}/".ljust(2001, "a"), 1, "excessive_url_length"),
    _row(f"{SITE}/".ljust(8192, "a"), 1, "excessive_url_length"),
    _row(f"{SITE}/".ljust(8193, "a"), 3, "excessive_url_length"),
    _row("http://example.com:443/", 0),
    _row("https://example.com:80/", 0),
    _row(f"{SITE}/LOGIN", 1, "credential_path"),
    _row(f"{SITE}/l%6fgin", 1, "credential_path"),
    _row(f"{SITE}/login/login", 1, "credential_path"),
    _row(f"{SITE}/help/2fa", 1, "credential_path"),
    _row(f"{SITE}/my-login", 0),
    _row(f"{SITE}/?Refresh_Token=1", 1, "sensitive_query_params"),
    _row(f"{SITE}/?sess%69on=1", 1, "sensitive_query_params"),
    _row(f"{SITE}/?a=token", 0),
)

# Ordinary places that people go to; none may be blocked at the usual threshold.
BENIGN = (
    "https://www.wikipedia.org/",
    "https://en.wikipedia.org/wiki/Phishing#Link_manipulation",
    "https://ja.wikipedia.org/wiki/フィッシング_(詐欺)",
    "https://www.google.com/search?q=how+to+reset+a+password&hl=en",
    "https://accounts.google.com/o/oauth2/auth?client_id=1&redirect_uri=https%3A%2F%2Fexample.com%2Fcb&state=x",
    "https://accounts.google.com/signin/v2/identifier?continue=https%3A%2F%2Fmail.google.com%2Fmail%2F",
    "https://github.com/login?return_to=%2Fdjango%2Fdjango",
    "https://github.com/django/django/security/policy",
    "https://appleid.apple.com/auth/authorize?response_type=code",
    "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id=1",
    "https://www.facebook.com/sharer/sharer.php?u=https%3A%2F%2Fexample.com%2Fnews",
    "https://l.facebook.com/l.php?u=https%3A%2F%2Fnews.test%2F",
    "https://twitter.com/intent/tweet?text=Look&url=https%3A%2F%2Fexample.com%2F",
    "https://www.linkedin.com/shareArticle?mini=true&url=https%3A%2F%2Fexample.com%2Fa",
    "https://wa.me/?text=Our%20data%3A%20see%20you",
    "https://maps.app.goo.gl/abcdef",
    "https://www.openstreetmap.org/#map=12/52.52/13.40",
    "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=42s",
    "https://docs.python.org/3/library/secrets.html#secrets.token_urlsafe",
    "https://docs.djangoproject.com/en/5.2/topics/auth/passwords/",
    "https://developer.mozilla.org/en-US/docs/Web/URI/Schemes/data",
    "https://web.archive.org/web/2020/https://example.com/",
    "https://translate.google.com/translate?sl=de&tl=en&u=https://example.com/",
    "https://www.paypal.com/checkoutnow?token=EC-12345",
    "https://checkout.stripe.com/c/pay/cs_test_123#fidkdWxOYHwnPyd1",
    "https://www.amazon.co.uk/gp/css/account/info?ref_=nav",
    "https://www.bbc.co.uk/sounds/play/live:bbc_radio_fourfm",
    "https://shop.news.example.co.uk/",
    "https://example.zendesk.com/hc/en-us/requests/new",
    "https://example.myshopify.com/account/login",
    "https://example.okta.com/login/default",
    "https://example.github.io/docs/",
    "https://example.org/about",
    "https://sample.com/",
    "https://münchen.de/rathaus",
    "https://xn--mnchen-3ya.de/rathaus",
    "https://東京タワー.jp/",
    "https://status.example.net:8443/",
    "https://news.ycombinator.com/item?id=1",
    "http://neverssl.com/",
    "https://cdn.jsdelivr.net/npm/vue@3/dist/vue.global.js",
    "https://www.gov.uk/log-in-register-hmrc-online-services",
    "https://bücher.example/?q=%C3%A4%C3%B6%C3%BC",
    "https://s3.eu-central-1.amazonaws.com/bucket/file.pdf?X-Amz-Signature=abc&X-Amz-Date=1",
)
