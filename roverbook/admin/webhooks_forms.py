"""The forms of webhooks."""

from collections.abc import Mapping
from typing import Any

from django import forms

from roverbook.admin.webhooks_words import EVENT_WORDS
from roverbook.core.happenings import Happening
from roverbook.core.webhooks.subscriptions import DESCRIPTION_MAX, EVERY_EVENT, HEADERS_MAX, VEIL
from roverbook.models import WebhookEndpoint
from roverbook.selectors.webhook_secrets import readable_target
from workspace.admin.forms import CoreForm, NoteField
from workspace.core.field_types import URL_MAX

EVENTS = [(event.value, f"{event.value} – {words}") for event, words in EVENT_WORDS.items()]
OFFERED = [choice for choice in EVENTS if choice[0] != Happening.WEBHOOK_TEST]
SPANS = {"1": "the last hour", "24": "the last 24 hours", "168": "the last 7 days", "720": "the last 30 days"}


class WebhookForm(CoreForm):
    """A webhook, new or as it is. The names of its fields are the contract's."""

    core_names = {"url": "url", "events": "events", "description": "description", "headers": "headers"}

    url = forms.CharField(
        label="Address",
        max_length=URL_MAX,
        help_text="An https address. Rover posts JSON to it.",
        widget=forms.TextInput(attrs={"inputmode": "url", "spellcheck": "false", "autocapitalize": "off"}),
    )
    description = forms.CharField(
        required=False, max_length=DESCRIPTION_MAX, help_text="For you, so that you know whom it tells."
    )
    every = forms.BooleanField(label="Every event, also those that later versions add", required=False)
    events = forms.MultipleChoiceField(
        label="Or these events", choices=OFFERED, required=False, widget=forms.CheckboxSelectMultiple
    )
    headers = forms.CharField(
        label="Headers to send along",
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "class": "rv-mono"}),
        help_text=f"One a line, Name: value; at most {HEADERS_MAX}. Values are sealed, and shown as {VEIL}.",
    )
    note = NoteField()
    ticket = forms.CharField(widget=forms.HiddenInput, required=False, max_length=300)

    def clean(self) -> dict[str, Any]:
        """The headers, taken apart."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        lines = [line for line in cleaned.get("headers", "").splitlines() if line.strip()]
        pairs = [line.partition(":") for line in lines]
        if any(not colon for _, colon, _ in pairs):
            self.add_error("headers", "Each line must read Name: value.")
        cleaned["pairs"] = {name.strip(): value.strip() for name, _, value in pairs}
        return cleaned

    def contract(self) -> dict[str, Any]:
        """The webhook as the contract writes it; the form must be valid."""
        said = self.cleaned_data
        return {
            "url": said["url"],
            "description": said["description"],
            "events": [EVERY_EVENT] if said["every"] else said["events"],
            "headers": said["pairs"],
        }

    @classmethod
    def of(cls, endpoint: WebhookEndpoint) -> "WebhookForm":
        """The form filled with what is stored."""
        every = EVERY_EVENT in endpoint.events
        initial: Mapping[str, Any] = {
            "url": endpoint.url,
            "description": endpoint.description,
            "every": every,
            "events": [] if every else endpoint.events,
            "headers": "\n".join(f"{name}: {VEIL}" for name in readable_target(endpoint).headers),
        }
        return cls(initial=dict(initial))


class TestForm(forms.Form):
    """Which event to try."""

    event = forms.ChoiceField(choices=EVENTS, initial=Happening.WEBHOOK_TEST)


class ReplayForm(forms.Form):
    """Since when."""

    hours = forms.ChoiceField(label="that failed in", choices=list(SPANS.items()), initial="24")


class LogForm(forms.Form):
    """The filter of the deliveries, read from the address of the page."""

    status = forms.ChoiceField(
        required=False,
        choices=[("", "Any"), ("pending", "pending"), ("delivered", "delivered"), ("failed", "failed")],
    )
    event = forms.ChoiceField(
        required=False, choices=[("", "Any"), *((event.value, event.value) for event in Happening)]
    )
    older = forms.UUIDField(required=False, widget=forms.HiddenInput)


class QuestionsForm(CoreForm):
    """What agents are asked when they leave."""

    core_names = {"interviewQuestions": "questions"}

    questions = forms.CharField(
        label="One question a line",
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="At most 20 of at most 300 characters. Answers to a question stay while its text stays.",
    )

    def lines(self) -> list[str]:
        """The questions; the form must be valid."""
        return [line.strip() for line in self.cleaned_data["questions"].splitlines() if line.strip()]
