"""What can go wrong with one fetch.

    FetchError
    ├── InvalidUrl           the text is no URL that can be fetched
    ├── SsrfDenied           policy refuses the scheme, port, host or address
    ├── DnsFailed            the name gave no answer
    ├── ConnectFailed        no connection, or it broke before an answer
    ├── TlsFailed            the certificate or the hand-shake is bad
    ├── FetchTimeout         a phase, or the whole call, took too long
    ├── HttpStatus           the answer is not a success
    ├── Gone                 404 or 410: the page is not there
    ├── TooManyRedirects     more hops than allowed
    ├── RedirectLoop         the same URL twice in one chain
    ├── HeaderTooLarge       more header bytes or fields than allowed
    ├── BodyTooLarge         more body bytes than allowed, on the wire or decoded
    ├── DecodeFailed         the body does not match its Content-Encoding
    ├── Truncated            the body ended early
    ├── ProtocolError        the peer does not speak HTTP
    ├── UnsupportedContent   a type that holds no text for us
    └── ExtractFailed        the extractor failed, was too slow or died

`family` is the coarse code that older clients know for the same failure.
"""

from typing import ClassVar

from workspace.core.errors import ErrorKind, RoverError


class FetchError(RoverError):
    """A fetch that did not give a page. `retryable` says whether the same request may work later."""

    kind = ErrorKind.UPSTREAM
    family: ClassVar[str] = "fetch_failed"


class InvalidUrl(FetchError):
    code = "invalid_url"
    kind = ErrorKind.INVALID
    family = "invalid_url"


class SsrfDenied(FetchError):
    """`data`: reason, level, host, hop (0 = the given URL). The address never leaves the process."""

    code = "ssrf_denied"
    kind = ErrorKind.FORBIDDEN
    family = "ssrf_denied"


class DnsFailed(FetchError):
    code = "dns_failed"
    retryable = True


class ConnectFailed(FetchError):
    code = "connect_failed"
    retryable = True


class TlsFailed(FetchError):
    code = "tls_failed"


class FetchTimeout(FetchError):
    """`data`: phase, one of dns, connect, first_byte, idle, total."""

    code = "timeout"
    retryable = True


class HttpStatus(FetchError):
    """`data`: http_status. Raised with `retryable=True` for 408, 425, 429 and 5xx only."""

    code = "http_status"


class Gone(HttpStatus):
    """404 and 410: authoritative, so a stored copy must not be served in its place."""

    code = "gone"


class TooManyRedirects(FetchError):
    code = "too_many_redirects"


class RedirectLoop(FetchError):
    code = "redirect_loop"


class HeaderTooLarge(FetchError):
    code = "response_header_too_large"


class BodyTooLarge(FetchError):
    """`data`: bytes_seen, limit_bytes, what (wire, decoded or ratio)."""

    code = "body_too_large"


class DecodeFailed(FetchError):
    code = "decode_failed"


class Truncated(FetchError):
    code = "truncated"
    retryable = True


class ProtocolError(FetchError):
    code = "protocol_error"


class UnsupportedContent(FetchError):
    """`data`: content_type, size_bytes."""

    code = "unsupported_content"
    kind = ErrorKind.UNPROCESSABLE
    family = "extract_failed"


class ExtractFailed(FetchError):
    """`data`: reason, one of crashed, timeout, error."""

    code = "extract_failed"
    kind = ErrorKind.UNPROCESSABLE
    family = "extract_failed"
