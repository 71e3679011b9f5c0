"""The files over HTTP: for everybody, from every origin; whatever is not published has the same refusal."""

from hashlib import sha256
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseNotModified
from django.utils import timezone
from django.utils.http import parse_etags
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from workspace.core.discovery.artefacts import AGENT_CARD, Artefact
from workspace.core.discovery.tags import link_header
from workspace.selectors.discoveries import published_offer

CACHE_SECONDS = 300
PREFLIGHT_SECONDS = 86_400


class ArtefactView(APIView):
    """`/discovery/{siteId}/…`. Nobody is asked who they are, so nothing here depends on a cookie; refusals
    have the shape that all have (`rover_site.problems`)."""

    artefact: Artefact = AGENT_CARD
    authentication_classes = ()
    permission_classes = ()
    http_method_names = ["get", "head", "options"]

    def get(self, request: Request, site_id: str) -> HttpResponse:
        """The file as it is now; 304 for who has it, 404 for a site that publishes nothing or is none."""
        offer = published_offer(site_id, now=timezone.now())
        if offer is None:
            raise Http404
        body = self.artefact.write(offer).encode()
        etag = f'"{sha256(body).hexdigest()[:32]}"'
        is_held = _names(request.headers.get("If-None-Match", ""), etag)
        fresh = HttpResponse(body, content_type=self.artefact.content_type)
        response = HttpResponseNotModified() if is_held else fresh
        response.headers["ETag"] = etag
        response.headers["Cache-Control"] = f"public, max-age={CACHE_SECONDS}"
        response.headers["Link"] = link_header(offer.served)
        return response

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """What a browser asks before it lets a script of another site send a conditional request."""
        headers = {
            "Access-Control-Allow-Methods": ", ".join(self.allowed_methods),
            "Access-Control-Allow-Headers": "If-None-Match",
            "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
        }
        return Response(status=204, headers=headers)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Scripts of every origin may read every answer, refusals too; a refusal is not kept, so that a site
        that opens is found at once."""
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = "ETag, Link"
        response.headers.setdefault("Cache-Control", "no-store")
        return super().finalize_response(request, response, *args, **kwargs)


def _names(if_none_match: str, etag: str) -> bool:
    """Whether the header names the validator: by the weak comparison, or as any (RFC 9110 13.1.2)."""
    held = parse_etags(if_none_match)
    return held == ["*"] or etag in [one.removeprefix("W/") for one in held]
