"""What the REST framework negotiates: nothing."""

from collections.abc import Iterable
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser, JSONParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.utils.mediatypes import media_type_matches


class BoundedJSONParser(JSONParser):
    """JSON whose nesting Python can follow; deeper is malformed, not an error of ours."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """The value. Raises: ParseError."""
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as exc:
            raise ParseError("the JSON is nested too deeply") from exc


class JsonOnly(BaseContentNegotiation):
    """Answers JSON whatever is asked for. What a client may choose between is negotiated in front of Django,
    by quality values, which the framework's own negotiation ignores."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """The parser of the request's media type, or None for a 415."""
        content_type = request.content_type or "application/json"
        return next((p for p in parsers if media_type_matches(p.media_type or "", content_type)), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """JSON."""
        return JSONRenderer(), "application/json"
