"""An OpenID Connect issuer on loopback: real keys, a real HTTP server that counts, and ways to misbehave."""

import base64
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

AUDIENCE = "rover-test"
DISCOVERY = "/.well-known/openid-configuration"
KEYS = "/keys"
KID_OF = {"RS256": "rsa", "RS384": "rsa", "RS512": "rsa", "ES256": "p256", "ES384": "p384", "EdDSA": "ed"}

Handler = BaseHTTPRequestHandler
Misbehave = Callable[[Handler], None]


@cache
def private_key(name: str) -> Any:
    """A key by name, made once: `rsa…`, `small` (RSA of 1024 bits), `p256…`, `p384…`, `ed…`."""
    if name.startswith(("rsa", "small")):
        size = 1024 if name == "small" else 2048
        return rsa.generate_private_key(public_exponent=65537, key_size=size)
    if name.startswith("p"):
        return ec.generate_private_key(ec.SECP256R1() if name.startswith("p256") else ec.SECP384R1())
    return ed25519.Ed25519PrivateKey.generate()


def public_jwk(name: str, **members: Any) -> dict[str, Any]:
    """The published form of a key; a member None is left out."""
    key = private_key(name).public_key()
    algorithm: Any = RSAAlgorithm if name.startswith(("rsa", "small")) else ECAlgorithm
    if name.startswith("ed"):
        algorithm = OKPAlgorithm
    jwk = algorithm.to_jwk(key, as_dict=True) | {"kid": name, "use": "sig"} | members
    return {name: value for name, value in jwk.items() if value is not None and name != "key_ops"} | {
        name: value for name, value in members.items() if name == "key_ops"
    }


def part(value: object) -> str:
    """A part of a JWT, base64url without padding; text and bytes as they are."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class LoopbackIssuer:
    """`published` are the keys now; `misbehave` answers instead of the issuer while it is set."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.published = [public_jwk(name) for name in ("rsa", "p256", "p384", "ed")]
        self.discovered: dict[str, Any] = {}
        self.misbehave: Misbehave | None = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = False  # so that closing waits for them
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def jwks_url(self) -> str:
        return self.url + KEYS

    @property
    def n_key_requests(self) -> int:
        return self.requests[KEYS]

    def claims(self, now: datetime, **changes: Any) -> dict[str, Any]:
        """Good claims for an hour; a change to None leaves a claim out."""
        good = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "subject-1",
            "iat": now.timestamp(),
            "exp": now.timestamp() + 3600,
        }
        return {name: value for name, value in (good | changes).items() if value is not None}

    def sign(self, claims: dict[str, Any], *, alg: str = "RS256", key: str = "", **header: Any) -> str:
        """A JWT by the key named `key`, which is also its kid, unless the header says another."""
        name = key or KID_OF[alg]
        return jwt.encode(claims, private_key(name), algorithm=alg, headers={"kid": name} | header)

    def serve(self) -> threading.Thread:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        return thread

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.requests[self.path] += 1
                if issuer.misbehave is not None:
                    issuer.misbehave(self)
                elif self.path == DISCOVERY:
                    good = {"issuer": issuer.url, "jwks_uri": issuer.jwks_url}
                    say(self, good | issuer.discovered)
                elif self.path == KEYS:
                    say(self, {"keys": issuer.published})
                else:
                    say(self, {}, status=404)

            def log_message(self, *args: Any) -> None:
                pass

        return Answer


def say(handler: Handler, body: object, *, status: int = 200, **headers: str) -> None:
    """Answer with JSON, or with bytes as they are. Headers by their name with underscores."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    handler.send_response(status)
    for name, value in ({"Content_Length": str(len(data))} | headers).items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(data)


@contextmanager
def loopback_issuer() -> Iterator[LoopbackIssuer]:
    issuer = LoopbackIssuer()
    thread = issuer.serve()
    try:
        yield issuer
    finally:
        issuer.close()
        thread.join()
