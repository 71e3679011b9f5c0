"""One conversation's way to the endpoint: bounded, patient where waiting helps, silent about the key."""

import asyncio
import json
import logging
import random
import time
from collections.abc import Mapping, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Final, Self

import httpx

from tasks.executing.model.endpoint import ModelEndpoint
from tasks.executing.model.errors import ModelInvalid, ModelRefused, ModelUnavailable
from tasks.executing.model.turns import Turn, complaint_of, read_turn
from tasks.fetching.dialing import shared_ssl_context
from tasks.fetching.retrying import (
    FIRST_BACKOFF_SECONDS,
    LONGEST_RETRY_AFTER_SECONDS,
    MAX_BACKOFF_SECONDS,
)

logger = logging.getLogger(__name__)

CONNECT_SECONDS: Final = 10.0
_COMPLAINT_BYTES: Final = 16 * 1024
_COMPLAINT_CHARS: Final = 300
_PASSING: Final = frozenset({httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_MANY_REQUESTS})


class _NotNow(Exception):
    """A try that failed for now. `status`: None without an answer; `retry_after` as the endpoint wrote it."""

    def __init__(self, *, status: int | None = None, retry_after: str = "") -> None:
        super().__init__(status)
        self.status = status
        self.retry_after = retry_after


class ChatClient:
    """Asks the endpoint; to be used as an async context manager, by one run."""

    def __init__(self, endpoint: ModelEndpoint, *, max_bytes: int, rng: random.Random | None = None) -> None:
        self._endpoint = endpoint
        self._max_bytes = max_bytes
        self._rng = rng or random.Random()  # noqa: S311 - jitter, no secret
        headers = {
            "User-Agent": "Rover",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
        }
        if endpoint.api_key:
            headers["Authorization"] = f"Bearer {endpoint.api_key}"
        self._http = httpx.AsyncClient(
            headers=headers,
            verify=shared_ssl_context(),
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(None, connect=min(CONNECT_SECONDS, endpoint.timeout)),
        )

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, trace)

    async def complete(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
    ) -> Turn:
        """What the model says next.

        Raises: ModelUnavailable, ModelRefused; ModelInvalid for an answer that is too long or no completion.
        """
        wanted = {
            "model": self._endpoint.model,
            "messages": list(messages),
            "tools": list(tools),
            "stream": False,
        }
        body = json.dumps(wanted, ensure_ascii=False).encode("utf-8", "replace")
        attempt = 1
        while True:
            try:
                return read_turn(await self._post(body))
            except _NotNow as failure:
                delay = self._delay(failure, attempt)
                if delay is None:
                    raise _unavailable(failure.status) from None
            await asyncio.sleep(delay)
            attempt += 1

    async def _post(self, body: bytes) -> bytes:
        try:
            async with (
                asyncio.timeout(self._endpoint.timeout),
                self._http.stream("POST", self._endpoint.url, content=body) as response,
            ):
                if response.is_success:
                    return await _read(response, self._max_bytes)
                raise await self._failure(response)
        except TimeoutError:
            # The model may still be at work; asking again would give it the same work twice.
            raise ModelUnavailable("The model did not answer in time.") from None
        except httpx.TransportError as error:
            logger.warning("model endpoint: %s", type(error).__name__)
            raise _NotNow from None
        except httpx.DecodingError:
            raise ModelInvalid("The model's answer could not be decoded.", reason="malformed") from None

    async def _failure(self, response: httpx.Response) -> Exception:
        status = response.status_code
        try:
            complaint = complaint_of(await _read(response, _COMPLAINT_BYTES))
        except ModelInvalid:
            complaint = "(a long answer)"
        if self._endpoint.api_key:
            complaint = complaint.replace(self._endpoint.api_key, "[key]")
        logger.warning("model endpoint: HTTP %d: %s", status, complaint[:_COMPLAINT_CHARS])
        if status in _PASSING or response.is_server_error:
            return _NotNow(status=status, retry_after=response.headers.get("retry-after", ""))
        return ModelRefused(f"The model endpoint refused the request (HTTP {status}).", http_status=status)

    def _delay(self, failure: _NotNow, attempt: int) -> float | None:
        """Seconds until the next try; None when there is none."""
        if attempt > self._endpoint.retries:
            return None
        base = min(FIRST_BACKOFF_SECONDS * 2.0 ** (attempt - 1), MAX_BACKOFF_SECONDS)
        backoff = base + self._rng.uniform(0, base / 2)
        asked = _seconds(failure.retry_after)
        if asked is None:
            return backoff
        return max(asked, backoff) if asked <= LONGEST_RETRY_AFTER_SECONDS else None


async def _read(response: httpx.Response, limit: int) -> bytes:
    parts, size = [], 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > limit:
            raise ModelInvalid("The model's answer is too long.", reason="too_long")
        parts.append(part)
    return b"".join(parts)


def _seconds(retry_after: str) -> float | None:
    """The seconds that a Retry-After asks for (RFC 9110 10.2.3): a number, or the distance to a date."""
    asked = retry_after.strip()
    if asked.isascii() and asked.isdigit():
        return float(asked[:9])
    try:
        moment = parsedate_to_datetime(asked)
    except (ValueError, TypeError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - time.time())


def _unavailable(status: int | None) -> ModelUnavailable:
    if status is None:
        return ModelUnavailable("The model endpoint could not be reached.")
    return ModelUnavailable(f"The model endpoint cannot answer now (HTTP {status}).", http_status=status)
