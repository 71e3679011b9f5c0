"""The server's addresses, and some careless ones that the walker must find."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone

from rover_site.urls import handler404, handler500
from rover_site.urls import urlpatterns as real_urlpatterns
from workspace.core.doors import Door
from workspace.models import AuditEntry, Site, SiteKey, User
from workspace.services.audit import Actor, Subject, record

__all__ = ["handler404", "handler500", "urlpatterns"]


def shows(request: HttpRequest, site_id: str) -> HttpResponse:
    return HttpResponse(Site.objects.get(public_id=site_id).name)


def publishes(request: HttpRequest, site_id: str) -> HttpResponse:
    site = Site.objects.get(public_id=site_id)
    return HttpResponse(f"{site.name}, {site.config.content['shortcuts']}")


def hints(request: HttpRequest, site_id: str) -> HttpResponse:
    return HttpResponse(headers={"Location": Site.objects.get(public_id=site_id).host})


def changes(request: HttpRequest, site_id: str) -> HttpResponse:
    if request.method == "PATCH":
        Site.objects.filter(public_id=site_id).update(host="stolen.example")
    return HttpResponse("fine")


def logs_late(request: HttpRequest, site_id: str) -> HttpResponse:
    site = Site.objects.get(public_id=site_id)
    Site.objects.filter(pk=site.pk).update(host="moved.example")
    record(
        actor=Actor(user=cast(User, request.user), door=Door.WORKSPACE),
        action="site.edited",
        subject=Subject(kind="site", id=site_id),
        now=timezone.now(),
    )
    return HttpResponse("fine")


def takes(request: HttpRequest) -> HttpResponse:
    if request.POST.get("key"):
        SiteKey.objects.filter(pk=request.POST["key"]).update(label="stolen")
    return HttpResponse("fine")


def finds(request: HttpRequest) -> HttpResponse:
    if name := request.GET.get("owner__username__startswith"):
        return HttpResponse(
            str(list(AuditEntry.objects.filter(actor__username__startswith=name).values("site_name")))
        )
    return HttpResponse("fine")


def breaks(request: HttpRequest, site_id: str) -> HttpResponse:
    raise ValueError("a page that fails")


def repeats(request: HttpRequest, site_id: str) -> HttpResponse:
    return HttpResponse(f"There is no {site_id}.", status=404)


urlpatterns = [
    path("careless/shows/<slug:site_id>/", shows),
    path("discovery/<slug:site_id>/careless", publishes),
    path("careless/hints/<slug:site_id>/", hints),
    path("careless/changes/<slug:site_id>/", changes),
    path("careless/logs-late/<slug:site_id>/", logs_late),
    path("careless/takes/", takes),
    path("careless/finds/", finds),
    path("careless/breaks/<slug:site_id>/", breaks),
    path("careful/<slug:site_id>/", repeats),
    *real_urlpatterns,
]
