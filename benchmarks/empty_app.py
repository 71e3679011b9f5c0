"""The least Django application: one async view that answers an empty object, under the same server."""

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="nothing is signed here",
    MIDDLEWARE=[],
    LOGGING_CONFIG=None,
)
django.setup()


async def empty(request: HttpRequest) -> JsonResponse:
    """Nothing, as JSON."""
    return JsonResponse({})


urlpatterns = [path("empty", empty)]
application = get_asgi_application()
