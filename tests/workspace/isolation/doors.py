"""Every way to change something, found by opening the pages and sending what is on them."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from importlib import import_module
from inspect import getmembers, isfunction, signature
from pkgutil import walk_packages
from types import ModuleType
from typing import Any

from django.db import connection
from django.test import Client

import roverbook.services
import workspace.services
from tests.workspace.isolation.forms import Fields, Form, forms_in
from tests.workspace.isolation.walker import Ask, send

FOLLOWED = 2
"""So many pages deep are forms sent that come as the answer to a form."""
OPTIONS_TRIED = 3
Service = Callable[..., Any]


@dataclass(frozen=True)
class Outcome:
    """What a request answered."""

    status: int
    forms: list[Form]


@dataclass
class Door:
    """A browser or a script that sends requests; each begins with the session it had."""

    client: Client
    token: str = ""
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cookies = {name: morsel.value for name, morsel in self.client.cookies.items()}
        self.client.raise_request_exception = False

    def send(self, ask: Ask) -> Outcome:
        self.client.cookies.clear()
        for name, value in self.cookies.items():
            self.client.cookies[name] = value
        answer = send(self.client, ask, self.token)
        content = answer.getvalue().decode("utf-8", "replace")
        is_page = answer.get("Content-Type", "").startswith("text/html")
        return Outcome(answer.status_code, forms_in(content, ask.path) if is_page else [])


def filled(form: Form, words: list[str]) -> Iterator[Fields]:
    """The form as it is; with each of `words` in its empty fields; with each field changed that has a choice; and
    with something added to whatever is typed. Each with every button."""
    base = {name: _first_choice(form, name) for name in form.fields}
    for fields in _variants(form, base, words):
        yield fields
        for name, value in form.buttons:
            yield {**fields, name: [value]}


def _variants(form: Form, base: Fields, words: list[str]) -> Iterator[Fields]:
    yield base
    empty = [name for name in base if name not in form.chosen and base[name] in ([], [""])]
    typed = [name for name in base if name not in form.chosen and name not in empty]
    for word in words if empty else ():
        yield {**base, **{name: [word] for name in empty}}
    for name in typed:
        yield {**base, name: [f"{value} 2" for value in base[name]]}
    for name in form.choices:
        for value in [one for one in form.choices[name] if [one] != base[name]][:OPTIONS_TRIED]:
            yield {**base, name: [value]}
        if len(base[name]) > 1:
            yield {**base, name: base[name][:1]}


def _first_choice(form: Form, name: str) -> list[str]:
    """What is chosen; when the page leaves it open, the first that can be."""
    given = form.fields[name]
    if given in ([], [""]) and name in form.choices and name not in form.checks:
        return [value for value in form.choices[name] if value][:1]
    return given


def service_modules() -> list[ModuleType]:
    """The modules whose functions change the workspace and RoverBook."""
    names = [
        found.name
        for package in (workspace.services, roverbook.services)
        for found in walk_packages(package.__path__, f"{package.__name__}.")
    ]
    return [import_module(name) for name in sorted(names)]


def services() -> dict[str, Service]:
    """The public functions of those modules, as `module.name`; of RoverBook as `roverbook.….name`."""
    return {
        f"{_short(module.__name__)}.{name}": function
        for module in service_modules()
        for name, function in getmembers(module, isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }


def _short(module: str) -> str:
    return module.removeprefix("workspace.services.").replace("roverbook.services.", "roverbook.")


def acting_services() -> dict[str, Service]:
    """Those that are told who acts."""
    return {name: one for name, one in services().items() if "actor" in signature(one).parameters}


@contextmanager
def counted(functions: dict[str, Service]) -> Iterator[set[str]]:
    """Collects the names of the functions that were called, by whoever imported them before."""
    called: set[str] = set()
    changed: list[tuple[dict[str, Any], str, Service]] = []
    wrapped = {id(function): _noting(function, name, called) for name, function in functions.items()}
    for module in list(sys.modules.values()):
        for name, value in list(getattr(module, "__dict__", {}).items()):
            if id(value) in wrapped:
                changed.append((vars(module), name, value))
                vars(module)[name] = wrapped[id(value)]
    try:
        yield called
    finally:
        for namespace, name, value in changed:
            namespace[name] = value


def _noting(function: Service, name: str, called: set[str]) -> Service:
    @wraps(function)
    def noting(*args: Any, **kwargs: Any) -> Any:
        called.add(name)
        return function(*args, **kwargs)

    return noting


@contextmanager
def broken_audit_log() -> Iterator[None]:
    """The database refuses every new row of the log, until the transaction is rolled back."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "CREATE TRIGGER no_audit BEFORE INSERT ON workspace_auditentry"
                " BEGIN SELECT RAISE(ABORT, 'the audit log is broken'); END"
            )
        else:
            cursor.execute("ALTER TABLE workspace_auditentry ADD CONSTRAINT no_audit CHECK (false) NOT VALID")
    yield
