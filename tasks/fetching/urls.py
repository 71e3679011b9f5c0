"""One reading of a URL for the policy check, the cache key and the dial (WHATWG URL standard, by `ada_url`).

Two parsers that disagree about one text are the classic way around an address policy, so nothing else in the
fetch path takes URLs apart. Stricter than the standard in these points, all refused with `InvalidUrl`:
control characters inside the text (the standard drops tabs and line breaks), host names with empty labels,
labels over 63 or names over 253 characters (RFC 1035 2.3.4), labels that only look like punycode, and more
than `MAX_URL_BYTES`. One trailing dot of a host name is dropped, so that a host has one spelling.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import unquote_plus

import ada_url

from tasks.fetching.errors import InvalidUrl

MAX_URL_BYTES = 8192
"""Limit of the UTF-8 text given and of the serialised URL, each."""

MASK = "***"

_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}
_C0_AND_SPACE = "".join(map(chr, range(0x21)))
_CONTROL = re.compile(r"[\x00-\x1f]")
_NO_HOST = re.compile(r"(?i:https?):[/\\]*+(?:[^/\\?#]*@)?(?::[0-9]*)?(?:[/\\?#]|\Z)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Url:
    """One parsed URL.

    `href`: the whole in ASCII, without userinfo and fragment. `scheme`: lower-case, no colon. `host`: what
    the resolver gets: lower-case ASCII name without trailing dot, dotted IPv4, or IPv6 without brackets; ''
    for none. `port`: the effective one, 0 for none. `target`: path and query as on the request line.
    `origin`: scheme://netloc, or 'null' for a scheme without one (WHATWG URL 4.7). `fragment`: without '#'.
    `had_userinfo`: a user name or password was given; it is kept nowhere.
    """

    href: str
    scheme: str
    host: str
    port: int
    target: str
    origin: str
    fragment: str
    had_userinfo: bool

    @property
    def address(self) -> IPv4Address | IPv6Address | None:
        """The address literal that the host is, None for a name."""
        try:
            return ip_address(self.host)
        except ValueError:
            return None

    @property
    def netloc(self) -> str:
        """host[:port] with the port only if it is not the scheme's default; the `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        explicit = self.port != _DEFAULT_PORTS.get(self.scheme, 0)
        return f"{host}:{self.port}" if explicit else host


def parse(text: str, base: str | None = None) -> Url:
    """Returns the URL that `text` means, relative to `base` if given (WHATWG URL 4.4).

    Raises: InvalidUrl; `data.reason` is `no_host` for an http(s) URL without a host, else `invalid_url`.
    """
    parsed = _read(text, base)
    _settle_host(parsed)
    had_userinfo = bool(parsed.username or parsed.password)
    if had_userinfo:
        parsed.username = parsed.password = ""
    href, _, fragment = parsed.href.partition("#")  # the first one begins the fragment (WHATWG URL 4.5)
    _refuse_long(href)
    return _url(parsed, href=href, fragment=fragment, had_userinfo=had_userinfo)


def _read(text: str, base: str | None) -> ada_url.URL:
    _refuse_long(text)
    if _CONTROL.search(text.strip(_C0_AND_SPACE)):
        raise InvalidUrl("The URL holds a control character.", reason="invalid_url")
    try:
        return ada_url.URL(text, base)
    except ValueError:
        pass
    if _NO_HOST.match(text.strip(_C0_AND_SPACE)):
        raise InvalidUrl("The URL has no host.", reason="no_host")
    raise InvalidUrl("The text is not a valid URL.", reason="invalid_url")


def _refuse_long(text: str) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:  # a lone surrogate: half of a character
        raise InvalidUrl("The URL is not valid Unicode text.", reason="invalid_url") from error
    if size > MAX_URL_BYTES:
        raise InvalidUrl(f"The URL is longer than {MAX_URL_BYTES} bytes.", reason="invalid_url")


def _settle_host(parsed: ada_url.URL) -> None:
    """Drops the trailing dot of a host name and refuses names that DNS could not hold."""
    name = parsed.hostname
    if not name or parsed.host_type != ada_url.HostType.DEFAULT:
        return
    absolute, name = name, name.removesuffix(".")
    if len(name) > 253 or not all(map(_is_label, name.split("."))):
        raise InvalidUrl("The URL has a host name that cannot exist.", reason="invalid_url")
    if name != absolute:
        parsed.hostname = name


def _is_label(label: str) -> bool:
    if not 0 < len(label) <= 63:
        return False
    # The parser checks punycode only in hosts that also hold Unicode; an undecodable label comes back as is.
    return not (label.startswith("xn--") and ada_url.idna_to_unicode(label).startswith("xn--"))


def _url(parsed: ada_url.URL, *, href: str, fragment: str, had_userinfo: bool) -> Url:
    scheme = parsed.protocol.removesuffix(":")
    has_origin, port = scheme in _DEFAULT_PORTS, parsed.port
    prefix = f"{scheme}://{parsed.host}"
    return Url(
        href=href,
        scheme=scheme,
        host=parsed.hostname.removeprefix("[").removesuffix("]"),
        port=int(port) if port else _DEFAULT_PORTS.get(scheme, 0),
        # Cut from the whole: the parts do not tell "/?" from "/".
        target=href.removeprefix(prefix) if has_origin else parsed.pathname + parsed.search,
        origin=prefix if has_origin else "null",
        fragment=fragment,
        had_userinfo=had_userinfo,
    )


_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")
# After a "%" that starts no escape the next two characters stay as they are: "%%30a" decoded would be "%0a".
_ESCAPE_OR_STRAY = re.compile("%[0-9A-Fa-f]{2}|%(?:[0-9A-Fa-f]|%[0-9A-Fa-f]{2}){0,2}")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def cache_key(url: Url) -> str:
    """Returns the text under which equal resources meet (RFC 3986 6.2.2); the order of the query is kept.

    Case, default port, dot segments, userinfo and fragment were settled by `parse`; here escapes of
    unreserved characters are decoded and all others get upper-case digits. That is a rule for the web's
    schemes: elsewhere an escape may stand in the host, and the key is the URL as it is.
    """
    if url.scheme not in ("http", "https"):
        return url.href
    return _ESCAPE_OR_STRAY.sub(_normal_escape, url.href)


def _normal_escape(match: re.Match[str]) -> str:
    text = match[0]
    if not _ESCAPE.match(text):
        return _ESCAPE.sub(lambda escape: escape[0].upper(), text)
    character = chr(int(text[1:], 16))
    return character if character in _UNRESERVED else text.upper()


_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_USERINFO = re.compile(r"^(\s*(?:https?|wss?|ftp):[/\\]*)[^/\\?#]*@", re.IGNORECASE)
_PARAMETER_BREAK = re.compile("([?#&;])")
_SECRET_PARTS = ("apikey", "token", "secret", "password", "passwd", "signature", "access")
_SECRET_NAMES = frozenset({"sig", "pwd", "auth", "jwt"})


def mask_secrets(href: str) -> str:
    """Returns the URL for logs and events: *** instead of userinfo and of the values of secret parameters.

    Parameters are looked for in query and fragment. A name is secret if it contains api_key, apikey, token,
    secret, password, passwd, signature or access in any case, escaped or not, or is sig, pwd, auth or jwt.
    Accepts any text; a text without secrets comes back unchanged, except that half a character (a lone
    surrogate, which UTF-8 cannot hold) becomes U+FFFD.
    """
    whole = _HALF_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", href)
    address, *pieces = _PARAMETER_BREAK.split(_USERINFO.sub(rf"\1{MASK}@", whole))
    kept = [address]
    in_parameters = in_secret = False
    for mark, piece in zip(pieces[::2], pieces[1::2], strict=True):
        in_parameters = in_parameters or mark in "?#"
        if mark in "&#":
            in_secret = False
        if in_secret:
            continue
        name, equals, _ = piece.partition("=")
        in_secret = in_parameters and bool(equals) and _is_secret(name)
        kept.append(f"{mark}{name}={MASK}" if in_secret else f"{mark}{piece}")
    return "".join(kept)


def _is_secret(name: str) -> bool:
    plain = re.sub(r"[-_.\s]", "", unquote_plus(name)).casefold()
    return plain in _SECRET_NAMES or any(part in plain for part in _SECRET_PARTS)
