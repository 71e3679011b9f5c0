"""Guided creation: one page of questions, one to look at the answers, and the site is made."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from workspace.admin.frame import actor_of, caller, render_page, say
from workspace.admin.pages.launch_form import LaunchForm
from workspace.core.addresses import ADDRESS_MAX, Address, reaches, read_address, suggested_name
from workspace.core.business_types import BUSINESS_TEXTS
from workspace.core.errors import RoverError
from workspace.core.fields import InvalidFields
from workspace.services.guided import LaunchPlan, site_launch


def site_new(request: HttpRequest) -> HttpResponse:
    """GET asks, with `address` filled in beforehand. POST by `step`: review shows the answers, edit goes back
    to the questions, create makes the site and leads to its installation."""
    if request.method != "POST":
        return _questions(
            request, LaunchForm(initial={"address": request.GET.get("address", "")[:ADDRESS_MAX]})
        )
    form = LaunchForm(request.POST)
    step = request.POST.get("step")
    if step == "edit":
        return _questions(request, LaunchForm(initial={name: form[name].value() for name in form.fields}))
    if not form.is_valid():
        return _questions(request, form, status=422)
    if step == "create":
        return _create(request, form)
    return _review(request, form)


def address_check(request: HttpRequest) -> HttpResponse:
    """The part of the page that tells what an address means, for `launch.js` while somebody types."""
    typed = request.GET.get("address", "")
    context: dict[str, Any] = {"problem": "", "asked": bool(typed.strip())}
    try:
        context |= _about(read_address(typed), request.GET.get("reach", ""))
    except InvalidFields as invalid:
        context["problem"] = invalid.errors[0].message
    return TemplateResponse(request, "workspace/sites/reach.html", context)


def _questions(request: HttpRequest, form: LaunchForm, *, status: int = 200) -> HttpResponse:
    known = form.known_address()
    about = _about(known, str(form["reach"].value() or "")) if known else {"asked": False}
    return render_page(
        request,
        "workspace/sites/new.html",
        title="Add a site",
        section="sites",
        status=status,
        form=form,
        has_own=any(field.value() for pair in form.own_fields() for field in pair),
        **about,
    )


def _review(request: HttpRequest, form: LaunchForm) -> HttpResponse:
    plan = form.plan()
    return render_page(
        request,
        "workspace/sites/review.html",
        title="Look at it once more",
        section="sites",
        form=form,
        plan=plan,
        is_analytics=form.is_analytics(),
        business=BUSINESS_TEXTS[plan.business_type].label,
    )


def _create(request: HttpRequest, form: LaunchForm) -> HttpResponse:
    user = caller(request)
    try:
        made = site_launch(actor=actor_of(request), owner=user, plan=form.plan(), now=timezone.now())
    except InvalidFields as invalid:
        form.add_core_errors(invalid)
    except RoverError as refused:
        form.add_error(None, " ".join(filter(None, (refused.message, refused.next_action))))
    else:
        say(
            request,
            f"{made.site.name} is made, with {_keys_made(form.plan())}. Next: put the snippet on your pages.",
        )
        return redirect("admin:site_install", made.site.public_id)
    return _questions(request, form, status=422)


def _keys_made(plan: LaunchPlan) -> str:
    return "a development key" if plan.address.is_local else "a production key and a development key"


def _about(address: Address, reach: str) -> dict[str, Any]:
    """What the address means: hosts that may belong to it, the chosen one among them, and a name."""
    offered = reaches(address)
    chosen = next((one.value for one in offered if one.value == reach), offered[0].value)
    return {
        "asked": True,
        "known": address,
        "reaches": offered,
        "chosen": chosen,
        "suggested_name": suggested_name(address),
    }


PAGES: list[tuple[str, Callable[..., Any], str]] = [
    ("sites/new/", site_new, "site_new"),
    ("sites/new/address/", address_check, "site_new_address"),
]
