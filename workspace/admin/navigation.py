"""The side bar: where am I, where can I go."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.http import HttpRequest
from django.urls import reverse

from workspace.admin.contributions import SiteLink, contributed_groups, with_contributed_links


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One entry; `section` is the name that pages give as theirs."""

    section: str
    text: str
    url: str


@dataclass(slots=True, kw_only=True)
class Group:
    """Entries under one heading, '' for none."""

    heading: str = ""
    links: list[Link] = field(default_factory=list)


SITE_LINKS = (
    ("site", "Overview", "admin:site"),
    ("install", "Install", "admin:site_install"),
    ("trial", "Try it", "admin:site_trial"),
    ("keys", "Keys", "admin:site_keys"),
    ("policy", "Policy", "admin:site_policies"),
    ("shortcuts", "Shortcuts", "admin:site_shortcuts"),
    ("assistant", "Assistant", "admin:site_assistant"),
    ("ai-access", "AI access", "admin:site_ai"),
    ("members", "Members", "admin:site_members"),
    ("site-audit", "Audit log", "admin:site_audit"),
    ("site-settings", "Settings", "admin:site_settings"),
)
OWNER_LINKS = (
    ("overview", "Overview", "admin:index"),
    ("sites", "Sites", "admin:sites"),
    ("tasks", "Background work", "admin:tasks_task_changelist"),
    ("tokens", "API tokens", "admin:tokens"),
    ("audit", "Audit log", "admin:audit"),
    ("api", "API", "api-docs"),
)
ADMINISTRATOR_LINKS = (
    ("owners", "Owners", "admin:workspace_user_changelist"),
    ("all-sites", "All sites", "admin:workspace_site_changelist"),
    ("all-tokens", "All tokens", "admin:workspace_ownertoken_changelist"),
    ("health", "Health", "admin:health"),
)


def navigation(request: HttpRequest) -> list[Group]:
    """The groups for the person who asks. The group of the site at hand is added by its page's frame."""
    if not (request.user.is_authenticated and request.user.is_staff):
        return []
    groups = [Group(links=_links(OWNER_LINKS))]
    if request.user.is_superuser:
        groups.append(Group(heading="Administration", links=_links(ADMINISTRATOR_LINKS)))
    return groups


def site_navigation(name: str, public_id: str) -> list[Group]:
    """The pages of one site, also those of other apps."""
    own = Group(heading=name, links=_site_links(with_contributed_links(SITE_LINKS), public_id))
    return [
        own,
        *(
            Group(heading=each.heading, links=_site_links(each.links, public_id))
            for each in contributed_groups()
        ),
    ]


def _site_links(entries: Iterable[SiteLink], public_id: str) -> list[Link]:
    return [
        Link(section=section, text=text, url=reverse(url, args=[public_id])) for section, text, url in entries
    ]


def _links(entries: tuple[tuple[str, str, str], ...]) -> list[Link]:
    return [Link(section=section, text=text, url=reverse(url)) for section, text, url in entries]
