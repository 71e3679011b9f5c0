"""Content Security Policies and what browsers make of them. Asked of our own reading in test_csp.py, and of
Chromium in tests/browser/test_installation.py."""

from dataclasses import dataclass

ROVER = "https://rover.example"
SCRIPT = f"{ROVER}/embed.js"
PAGE = "https://shop.example/"
SCRIPT_BODY = "window.ran = true;"
INTEGRITY = "sha256-9OqpFbZ3hGTNGXfQ8qfXGVmJZgqL2BPI/bk3xuR9Aq0="  # of SCRIPT_BODY
OTHER_HASH = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


@dataclass(frozen=True, kw_only=True)
class ScriptCase:
    """May the script element at `url`, with these attributes, run on `page` under the policies?"""

    name: str
    headers: tuple[str, ...] = ()
    metas: tuple[str, ...] = ()
    url: str = SCRIPT
    page: str = PAGE
    nonce: str = ""
    integrity: str = ""
    answer: str


@dataclass(frozen=True, kw_only=True)
class RequestCase:
    """May the page ask for `url` by the means that `directive` governs?"""

    name: str
    policy: str
    directive: str
    url: str
    page: str = PAGE
    answer: str


def _script(name: str, policy: str, answer: str, **others: str) -> ScriptCase:
    return ScriptCase(name=name, headers=(policy,), answer=answer, **others)  # type: ignore[arg-type]


SCRIPT_CASES = [
    ScriptCase(name="no policy", answer="allowed"),
    _script("another directive only", "img-src 'none'", "allowed"),
    _script("the origin", f"script-src {ROVER}", "allowed"),
    _script("the host without scheme", "script-src rover.example", "allowed"),
    _script("upper case", "SCRIPT-SRC HTTPS://ROVER.EXAMPLE", "allowed"),
    _script("self alone", "script-src 'self'", "blocked"),
    _script("self on the same origin", "script-src 'self'", "allowed", url=f"{PAGE}embed.js"),
    _script("none", "script-src 'none'", "blocked"),
    _script("none beside others is ignored", f"script-src 'none' {ROVER}", "allowed"),
    _script("no sources are none", "script-src", "blocked"),
    _script("fallback to default-src", "default-src 'self'", "blocked"),
    _script("default-src lists it", f"default-src {ROVER}", "allowed"),
    _script("script-src wins over default-src", f"default-src 'none'; script-src {ROVER}", "allowed"),
    _script("script-src-elem wins over script-src", f"script-src {ROVER}; script-src-elem 'self'", "blocked"),
    _script("script-src-elem alone", f"script-src-elem {ROVER}; default-src 'none'", "allowed"),
    _script("the first of equal directives", f"script-src 'self'; script-src {ROVER}", "blocked"),
    _script("the scheme", "script-src https:", "allowed"),
    _script("another scheme", "script-src data: blob:", "blocked"),
    _script("http is open to https", "script-src http:", "allowed"),
    _script("an http host is open to https", "script-src http://rover.example", "allowed"),
    _script("a star", "script-src *", "allowed"),
    _script("a star below a domain", "script-src *.example", "allowed"),
    _script("a star is not the domain itself", "script-src *.rover.example", "blocked"),
    _script("a longer name with the same end", "script-src over.example", "blocked"),
    _script("another port", f"script-src {ROVER}:8443", "blocked"),
    _script("a port is needed", f"script-src {ROVER}", "blocked", url=f"{ROVER}:8443/embed.js"),
    _script("the port", f"script-src {ROVER}:8443", "allowed", url=f"{ROVER}:8443/embed.js"),
    _script("any port", f"script-src {ROVER}:*", "allowed", url=f"{ROVER}:8443/embed.js"),
    _script("port 80 of http is open to 443", "script-src http://rover.example:80", "allowed"),
    _script("port 80 of a page by https is not", "script-src rover.example:80", "blocked"),
    _script("the path", f"script-src {ROVER}/embed.js", "allowed"),
    _script("another path", f"script-src {ROVER}/other.js", "blocked"),
    _script("a path without slash is exact", f"script-src {ROVER}/a", "blocked", url=f"{ROVER}/a/embed.js"),
    _script("below a path with slash", f"script-src {ROVER}/a/", "allowed", url=f"{ROVER}/a/embed.js"),
    _script("an escaped path", f"script-src {ROVER}/%65mbed.js", "allowed"),
    _script("unsafe-inline is for inline code", "script-src 'unsafe-inline'", "blocked"),
    _script("a nonce that the tag has", "script-src 'nonce-abc123'", "conditional", nonce="abc123"),
    _script("a nonce that the tag lacks", "script-src 'nonce-abc123'", "blocked"),
    _script("another nonce", "script-src 'nonce-abc123'", "blocked", nonce="ABC123"),
    _script("a nonce and the host", f"script-src 'nonce-abc123' {ROVER}", "allowed"),
    _script("a hash of the integrity", f"script-src '{INTEGRITY}'", "conditional", integrity=INTEGRITY),
    _script("another hash", f"script-src '{OTHER_HASH}'", "blocked", integrity=INTEGRITY),
    _script("a hash without integrity", f"script-src '{INTEGRITY}'", "blocked"),
    _script("strict-dynamic ignores hosts", f"script-src 'strict-dynamic' 'nonce-x1' {ROVER}", "blocked"),
    _script(
        "strict-dynamic with the nonce", "script-src 'strict-dynamic' 'nonce-x1'", "conditional", nonce="x1"
    ),
    ScriptCase(
        name="two headers must both allow",
        headers=(f"script-src {ROVER}", "script-src 'self'"),
        answer="blocked",
    ),
    ScriptCase(
        name="two policies in one header",
        headers=(f"script-src {ROVER}, default-src 'none'",),
        answer="blocked",
    ),
    ScriptCase(name="a meta element", metas=("script-src 'self'",), answer="blocked"),
    ScriptCase(
        name="header and meta must both allow",
        headers=(f"script-src {ROVER}",),
        metas=("default-src 'self'",),
        answer="blocked",
    ),
    ScriptCase(
        name="header and meta both allow",
        headers=("script-src https:",),
        metas=("script-src *",),
        answer="allowed",
    ),
    _script("odd white space", f"  script-src\t{ROVER} ;;; ", "allowed"),
    _script("nonsense is no source", "script-src rover.example! 'sel f' [::1] https://", "blocked"),
]

CALL = f"{ROVER}/v2/rover/session/open"
BLOB = "blob:"
IMAGE = f"{ROVER}/rover.svg"


def _request(name: str, policy: str, directive: str, url: str, answer: str) -> RequestCase:
    return RequestCase(name=name, policy=policy, directive=directive, url=url, answer=answer)


REQUEST_CASES = [
    _request("connect-src lists it", f"connect-src {ROVER}", "connect-src", CALL, "allowed"),
    _request("connect-src self", "connect-src 'self'", "connect-src", CALL, "blocked"),
    _request("connect falls back to default-src", "default-src 'self'", "connect-src", CALL, "blocked"),
    _request("connect does not fall back to script-src", "script-src 'none'", "connect-src", CALL, "allowed"),
    _request("a path of calls", f"connect-src {ROVER}/v2/", "connect-src", CALL, "allowed"),
    _request("another path of calls", f"connect-src {ROVER}/v1/", "connect-src", CALL, "blocked"),
    _request("connect star", "connect-src *", "connect-src", CALL, "allowed"),
    _request("worker-src blob", "worker-src blob:", "worker-src", BLOB, "allowed"),
    _request("worker-src self", "worker-src 'self'", "worker-src", BLOB, "blocked"),
    _request("worker-src star is not blob", "worker-src *", "worker-src", BLOB, "blocked"),
    _request(
        "worker falls back to child-src", "child-src 'none'; script-src blob:", "worker-src", BLOB, "blocked"
    ),
    _request("worker falls back to script-src", f"script-src {ROVER}", "worker-src", BLOB, "blocked"),
    _request("worker falls back to default-src", "default-src blob:", "worker-src", BLOB, "allowed"),
    _request("worker-src wins", "worker-src blob:; default-src 'none'", "worker-src", BLOB, "allowed"),
    _request("img-src lists it", f"img-src {ROVER}", "img-src", IMAGE, "allowed"),
    _request("img-src data only", "img-src data:", "img-src", IMAGE, "blocked"),
    _request("img falls back to default-src", "default-src 'none'", "img-src", IMAGE, "blocked"),
]
