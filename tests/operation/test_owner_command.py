"""`rover owner`, as a person or a script calls it."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.utils import timezone

from rover_site.cli import main
from workspace.core.tokens import Scope
from workspace.models import OwnerToken, User
from workspace.selectors.owners import owner_token_live
from workspace.services.owners import owner_create

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str


Call = Callable[..., Answer]


@pytest.fixture
def rover(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs a command line in this process, on the database of the test."""
    monkeypatch.setenv("ROVER_DATA_DIR", str(tmp_path / "data"))

    def call(*arguments: str, text: str = "") -> Answer:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        code = main(["owner", *arguments])
        said = capsys.readouterr()
        return Answer(code=code, out=said.out, err=said.err)

    return call


@pytest.fixture
def mara() -> User:
    return owner_create(username="mara", password=None)


def test_the_password_comes_from_standard_input(rover: Call) -> None:
    assert rover("create", "mara", text=f"{PASSWORD}\n").code == 0
    assert User.objects.get(username="mara").check_password(PASSWORD)


def test_an_owner_without_a_password_cannot_sign_in_by_one(rover: Call) -> None:
    assert rover("create", "mara", "--no-password").code == 0
    assert not User.objects.get(username="mara").has_usable_password()


def test_only_a_superuser_administers_everything(rover: Call) -> None:
    rover("create", "mara", "--no-password")
    rover("create", "root", "--no-password", "--superuser")
    rights = dict(User.objects.values_list("username", "is_superuser"))
    assert rights == {"mara": False, "root": True}


@pytest.mark.parametrize("text", ["", "\n", "short\n", "password123\n", "nils-nils-nils\n"])
def test_a_missing_or_weak_password_is_refused(rover: Call, text: str) -> None:
    answer = rover("create", "nils-nils-nils", text=text)
    assert answer.code == 2
    assert not User.objects.exists()


def test_a_name_with_a_blank_is_refused(rover: Call) -> None:
    assert rover("create", "two words", "--no-password").code == 2


def test_a_name_that_is_taken_is_refused(rover: Call, mara: User) -> None:
    answer = rover("create", "mara", "--no-password")
    assert (answer.code, answer.out) == (1, "")
    assert "there is an owner mara already" in answer.err


def test_a_token_is_printed_alone_and_works(rover: Call, mara: User) -> None:
    answer = rover("token", "mara")
    token = owner_token_live(token=answer.out.removesuffix("\n"), now=timezone.now())
    assert answer.code == 0
    assert token is not None
    assert (token.owner, token.scopes, token.expires_at) == (mara, ["fetch", "read"], None)


def test_scopes_name_and_end_of_a_token_are_as_asked(rover: Call, mara: User) -> None:
    rover("token", "mara", "--scope", "manage", "--scope", "read", "--name", "cron", "--days", "7")
    token = OwnerToken.objects.get()
    assert (token.name, token.scopes) == ("cron", [Scope.MANAGE, Scope.READ])
    assert token.expires_at is not None
    assert (token.expires_at - token.created_at).days == 7


@pytest.mark.parametrize("action", ["token", "link"])
def test_an_unknown_owner_brings_a_suggestion(rover: Call, mara: User, action: str) -> None:
    answer = rover(action, "maro")
    assert (answer.code, answer.out) == (4, "")
    assert "Did you mean mara?" in answer.err


def test_a_link_leads_to_this_server(rover: Call, mara: User) -> None:
    answer = rover("link", "mara")
    assert answer.code == 0
    assert answer.out.startswith("http://127.0.0.1:8000/sign-in/")


def test_the_list_shows_rights_live_tokens_and_the_last_sign_in(rover: Call, mara: User) -> None:
    rover("token", "mara")
    owner_create(username="root", password=None, is_superuser=True)
    assert rover("list").out.splitlines() == [
        "mara\towner\t1\tnever signed in",
        "root\tsuperuser\t0\tnever signed in",
    ]
