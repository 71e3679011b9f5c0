"""What a call acts on, as the gates need to know it: found in the page that the server itself saw."""

from tasks.core.runtime.gates import ActedOn, is_secret
from tasks.core.runtime.tools import ToolCall
from tasks.executing.in_page.forms import SeenForm, form_of, is_search_form
from tasks.executing.in_page.page import MASK, SeenNode, SeenPage


def acted_on(page: SeenPage, call: ToolCall) -> ActedOn | None:
    """The element of `call`; None when it names none, or one that the page does not have."""
    node = page.element(call.element_id)
    if node is None:
        return None
    form = form_of(page, node)
    return ActedOn(
        role=node.role,
        words=" ".join(filter(None, (node.name, node.text, node.prop("placeholder")))),
        kind=node.prop("type"),
        field=node.prop("name"),
        url=node.url,
        is_private=is_private(node),
        is_search=form is not None and is_search_form(form),
        sends=form is not None and node in form.buttons,
        has_secrets=form is not None and has_secrets(form),
    )


def has_secrets(form: SeenForm) -> bool:
    """Whether the form asks for a password, a means of payment or a code."""
    return any(is_secret_field(field) for field in form.fields)


def is_secret_field(node: SeenNode) -> bool:
    """Whether only a person may fill the field."""
    words = f"{node.name} {node.prop('placeholder')}"
    return is_private(node) or is_secret(kind=node.prop("type"), field=node.prop("name"), words=words)


def is_private(node: SeenNode) -> bool:
    """Whether what the field holds, or what it is called, was kept back in the page."""
    return MASK in (node.prop("value"), node.name)
