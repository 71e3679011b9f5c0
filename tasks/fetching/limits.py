"""How much one fetch may take: seconds, bytes, fields, hops."""

from dataclasses import dataclass

MAX_HEADER_BYTES = 96 * 1024  # the HTTP parser below us gives up at 100 KiB of unparsed input


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of one fetch; each has a typed error of its own when it is passed.

    `first_byte_seconds` runs from the request being written to the first byte of the answer, `idle_seconds`
    between two reads after that, `total_seconds` over all hops (waiting for a gate not counted).
    `wire_bytes` counts the body as sent, chunk framing included; `decoded_bytes` the body without its coding.
    `ratio` bounds decoded : wire, and is looked at only once more than `ratio_floor_bytes` are decoded.

    Raises: ValueError when a bound is not positive, or `header_bytes` is more than the parser can hold.
    """

    connect_seconds: float = 5.0
    first_byte_seconds: float = 15.0
    idle_seconds: float = 15.0
    total_seconds: float = 60.0
    wire_bytes: int = 10 * 1024 * 1024
    decoded_bytes: int = 20 * 1024 * 1024
    ratio: int = 100
    ratio_floor_bytes: int = 1024 * 1024
    header_bytes: int = 64 * 1024
    header_fields: int = 100
    interim_responses: int = 10
    redirects: int = 10

    def __post_init__(self) -> None:
        seconds = (self.connect_seconds, self.first_byte_seconds, self.idle_seconds, self.total_seconds)
        sizes = (self.wire_bytes, self.decoded_bytes, self.ratio, self.header_bytes, self.header_fields)
        counts = (self.ratio_floor_bytes, self.interim_responses, self.redirects)
        if min(seconds) <= 0 or min(sizes) <= 0 or min(counts) < 0:
            raise ValueError("a limit must be positive")
        if self.header_bytes > MAX_HEADER_BYTES:
            raise ValueError(f"header_bytes can be at most {MAX_HEADER_BYTES}")
