"""The scripts for pages: a loader that each page asks for, and the modules that it fetches when needed.

    GET /embed.js, /roverbook.js          the loader; it names the version of its modules
    GET /embed/{version}/{path}.js        a module
    GET /roverbook/{version}/{path}.js

They are the files of the folder but for comments and indentation, line by line. They run in pages of any
site, so every origin may have them. A version is a digest over all files: what is
below it never changes. A page that still has a loader of an earlier version is sent to the modules of today.
"""

import gzip
import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotModified,
    HttpResponseRedirect,
)
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from django.views.decorators.http import require_safe

from tasks.v2.bundle import FOLDER, digest, served

VERSION_MARK = b"@version@"
"""Stands for the version in the file of the loader."""
SHORT = "public, max-age=300"
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Script:
    """One file as it is sent."""

    body: bytes
    zipped: bytes
    etag: str

    @classmethod
    def of(cls, body: bytes) -> "Script":
        """With its compressed form."""
        return cls(body, gzip.compress(body, 9, mtime=0), f'W/"{sha256(body).hexdigest()[:32]}"')


@dataclass(frozen=True, slots=True)
class Scripts:
    """All files of one version, by their paths in the folder."""

    version: str
    files: dict[str, Script]


@cache
def scripts(name: str = FOLDER.name) -> Scripts:
    """One of the scripts of this installation, read once."""
    files = served(FOLDER.with_name(name))
    version = digest(files)
    loader = loader_of(name)
    files[loader] = files[loader].replace(VERSION_MARK, version.encode())
    return Scripts(version, {name: Script.of(body) for name, body in files.items()})


def loader_of(name: str) -> str:
    """The file of a script's loader."""
    return f"{name}.js"


@require_safe
def loader(request: HttpRequest, script: str = FOLDER.name) -> HttpResponseBase:
    """`/embed.js`. With `?v=`, as installed pages ask, it is kept for a year."""
    found = scripts(script).files[loader_of(script)]
    return _sent(request, found, FOREVER if request.GET.get("v") else SHORT)


@require_safe
def module(request: HttpRequest, version: str, name: str, script: str = FOLDER.name) -> HttpResponseBase:
    """`/embed/{version}/{name}`; a redirect for a version that is not today's."""
    found = scripts(script)
    file = found.files.get(name)
    if file is None or name == loader_of(script):
        raise Http404
    if version == found.version:
        return _sent(request, file, FOREVER)
    # relative: this server may have a path before its own
    up = "../" * (name.count("/") + 1)
    return _open(HttpResponseRedirect(f"{up}{found.version}/{name}"), SHORT)


def _sent(request: HttpRequest, script: Script, caching: str) -> HttpResponseBase:
    held = parse_etags(request.headers.get("If-None-Match", ""))
    if held == ["*"] or script.etag.removeprefix("W/") in [one.removeprefix("W/") for one in held]:
        response: HttpResponse = HttpResponseNotModified()
    else:
        zips = _takes_gzip(request.headers.get("Accept-Encoding", ""))
        response = HttpResponse(
            script.zipped if zips else script.body, content_type="text/javascript; charset=utf-8"
        )
        if zips:
            response.headers["Content-Encoding"] = "gzip"
        response.headers["Content-Length"] = str(len(response.content))
    response.headers["ETag"] = script.etag
    patch_vary_headers(response, ["Accept-Encoding"])
    return _open(response, caching)


def _open(response: HttpResponse, caching: str) -> HttpResponse:
    """For pages of every origin, those that isolate themselves too."""
    response.headers["Cache-Control"] = caching
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _takes_gzip(accept: str) -> bool:
    """Whether gzip is among the encodings, and not with a weight of zero (RFC 9110 12.5.3)."""
    for entry in accept.lower().split(","):
        name, _, weight = entry.partition(";")
        if name.strip() in ("gzip", "*"):
            return not re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight)
    return False
