"""Every address of the server, found by asking the server."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

from workspace.admin import site

PUBLIC = "/discovery/"
"""Below it everybody reads what an owner publishes; a site of the estate does."""
PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Route:
    """An address; `path` has its parameters as `{name}`. `model` is that of a model page."""

    path: str
    name: str = ""
    model: type[Model] | None = None

    @property
    def parameters(self) -> list[str]:
        return PARAMETER.findall(self.path)

    @property
    def is_public(self) -> bool:
        """Whether it is there for everybody to read about a site."""
        return self.path.startswith(PUBLIC)

    def at(self, **values: object) -> str:
        """The path with its parameters filled in."""
        return PARAMETER.sub(lambda found: str(values[found[1]]), self.path)


def routes() -> list[Route]:
    """Everything that Django answers."""
    return list(_walk(get_resolver().url_patterns, "/"))


def front_routes() -> list[Route]:
    """What the server answers in front of Django."""
    from rover_site.asgi import application

    router = application.application_mapping["http"]
    return [Route("/" + _of_regex(str(route.pattern))) for route in router.routes if str(route.pattern)]


def _walk(patterns: Iterable[Any], before: str) -> Iterator[Route]:
    for entry in patterns:
        path = before + _path_of(entry)
        if isinstance(entry, URLResolver):
            yield from _walk(entry.url_patterns, path)
        else:
            yield Route(path, entry.name or "", _model_of(path))


def _path_of(entry: URLPattern | URLResolver) -> str:
    text = str(entry.pattern)
    if isinstance(entry.pattern, RoutePattern):
        return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", text)
    return _of_regex(text)


def _of_regex(text: str) -> str:
    filled = re.sub(r"\(\?P<(\w+)>[^()]*\)", r"{\1}", text)
    plain = re.sub(r"^\^|\$$|\\Z$", "", filled).replace(r"\.", ".")
    assert not re.search(r"[\\^$()?*+|]", plain), f"teach the walker to read the pattern {text!r}"
    return plain


def _model_of(path: str) -> type[Model] | None:
    """The model below whose list a page lies."""
    pages = {f"/workspace/{one._meta.app_label}/{one._meta.model_name}/": one for one in site._registry}
    return next((model for beginning, model in pages.items() if path.startswith(beginning)), None)
