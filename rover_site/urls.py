"""Every path of the server; the streams in front of Django are mounted in `rover_site.asgi`."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from rover_site.apidocs import apidocs
from rover_site.health import healthz, readyz
from rover_site.openapi import openapi
from rover_site.signin import sign_in
from tasks.v2.scripts import loader, module
from workspace.admin import site

admin.autodiscover()

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("favicon.ico", RedirectView.as_view(url="/static/rover/rover.svg", permanent=True)),
    path("healthz", healthz),
    path("readyz", readyz),
    path("sign-in/<str:token>", sign_in),
    path("embed.js", loader),
    path("embed/<str:version>/<path:name>", module),
    path("roverbook.js", loader, {"script": "roverbook"}),
    path("roverbook/<str:version>/<path:name>", module, {"script": "roverbook"}),
    path("openapi.json", openapi, name="openapi"),
    path("docs", apidocs, name="api-docs"),
    path("", include("workspace.api.urls")),
    path("", include("workspace.discovery.urls")),
    path("", include("roverbook.api.urls")),
    path("v1/", include("tasks.v1.urls")),
    path("v1/roverbook/", include("roverbook.api.collections_urls")),
    path("workspace/", site.urls),
]
handler404 = "rover_site.problems.not_found"
handler500 = "rover_site.problems.server_error"
