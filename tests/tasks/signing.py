"""Signing requests by hand, so that what is signed comes from the standard and not from the code under test.

The keys are those of RFC 8032 section 7.1, whose private halves everybody knows.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tasks.core.http_signatures import SignedRequest
from tasks.core.signature_keys import thumbprint

KEY = Ed25519PrivateKey.from_private_bytes(
    bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
)
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(
    bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
)
KEYID = thumbprint(KEY.public_key())
AGENT = "https://bot.example"
CREATED = 1_790_000_000
BODY = b'{"url":"https://www.example.com","prompt":"get the latest blog post"}'
WHOLE_REQUEST = ('"@method"', '"@authority"', '"@path"', '"content-digest"', '"signature-agent";key="sig1"')


def jwk(key: Ed25519PrivateKey = KEY, **more: Any) -> dict[str, Any]:
    """The public half as a JWK."""
    raw = key.public_key().public_bytes_raw()
    x = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    return {"kty": "OKP", "crv": "Ed25519", "x": x, **more}


def digest(body: bytes) -> str:
    """The Content-Digest of a body (RFC 9530)."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


@dataclass(frozen=True, kw_only=True)
class Signer:
    """A client that signs its requests; `values` replaces what it takes a component to be.

    `parameters`: of the signature, in their order, each as it is serialised; None leaves a default one out.
    """

    key: Ed25519PrivateKey = KEY
    label: str = "sig1"
    method: str = "POST"
    url: str = "https://rover.test/v1/tasks"
    body: bytes = BODY
    agent: str | None = f'sig1="{AGENT}"'
    covered: Sequence[str] = WHOLE_REQUEST
    parameters: Mapping[str, str | None] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)

    def but(self, **changes: Any) -> "Signer":
        """The same client with other habits."""
        return replace(self, **changes)

    def input(self) -> str:
        """The value of @signature-params."""
        parameters = {
            "created": str(CREATED),
            "expires": str(CREATED + 300),
            "keyid": f'"{thumbprint(self.key.public_key())}"',
            "alg": '"ed25519"',
            "nonce": '"MDEyMzQ1Njc4OWFiY2RlZg=="',
            "tag": '"web-bot-auth"',
            **self.parameters,
        }
        ending = "".join(f";{name}={value}" for name, value in parameters.items() if value is not None)
        return f"({' '.join(self.covered)}){ending}"

    def base(self) -> str:
        """The signature base of RFC 9421 section 2.5, from what this client knows of its request."""
        rest = self.url.partition("://")[2]
        authority, slash, target = rest.partition("/")
        path, mark, query = (slash + target).partition("?")
        known = {
            '"@method"': self.method,
            '"@authority"': authority,
            '"@path"': path,
            '"@query"': mark + query,
            '"@target-uri"': self.url,
            '"@request-target"': path + mark + query,
            '"content-digest"': digest(self.body),
            '"signature-agent"': self.agent or "",
            '"signature-agent";key="sig1"': f'"{AGENT}"',
            **self.values,
        }
        lines = [f"{name}: {known[name]}" for name in self.covered]
        return "\n".join([*lines, f'"@signature-params": {self.input()}'])

    def request(self) -> SignedRequest:
        """The signed request."""
        signature = base64.b64encode(self.key.sign(self.base().encode())).decode()
        fields = [
            ("Host", "10.0.0.7:8000"),
            ("Content-Type", "application/json"),
            ("Signature-Input", f"{self.label}={self.input()}"),
            ("Signature", f"{self.label}=:{signature}:"),
        ]
        if self.body:
            fields.append(("Content-Digest", digest(self.body)))
        if self.agent is not None:
            fields.append(("Signature-Agent", self.agent))
        return SignedRequest(method=self.method, url=self.url, headers=tuple(fields), body=self.body)


def with_field(request: SignedRequest, name: str, value: str) -> SignedRequest:
    """The request with another value for one field, as somebody on the way would change it."""
    kept = tuple((found, old) for found, old in request.headers if found.lower() != name.lower())
    return replace(request, headers=(*kept, (name, value)))
