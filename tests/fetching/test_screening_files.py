from pathlib import Path

import pytest

from tasks.fetching.screening import Level, SsrfPolicy, Verdict, resolve_file, screen_url
from tasks.fetching.urls import parse
from tests.fetching.ssrf_vectors import make_project


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("files"))


def screen_file(root: Path | None, address: str, level: Level = Level.PROJECT) -> Verdict:
    return screen_url(SsrfPolicy(level=level, project_root=root), parse(address))


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("a.html", "file"),
        ("inner-link", "file"),
        ("n%C3%A4me%201.html", "file"),
        ("a.html?query#fragment", "file"),
        ("folder/../a.html", "file"),
        ("folder/..%2fa.html", "file"),
        ("folder/%2e%2e/%2e%2e/outside/secret.txt", "file_outside_root"),
        ("folder/..%2f..%2foutside/secret.txt", "file_outside_root"),
        ("dangling", "file_outside_root"),
        ("../outside/nothing", "file_outside_root"),
        ("../root-2/a.html", "file_outside_root"),
        ("circle", "file_unresolvable"),
        ("a.html%00", "file_unresolvable"),
        ("a.html/x", "file_unresolvable"),
        ("pipe", "file_not_allowed"),
        ("folder", "file_not_allowed"),
        ("", "file_not_allowed"),
    ],
)
def test_a_local_file_must_be_a_regular_one_below_the_root(path: str, reason: str, root: Path) -> None:
    assert screen_file(root, f"file://{root}/{path}").reason == reason


@pytest.mark.parametrize("level", [Level.PROJECT, Level.LAN, Level.NONE])
def test_without_a_project_root_no_file_is_allowed(level: Level, root: Path) -> None:
    assert screen_file(None, f"file://{root}/a.html", level).reason == "file_not_allowed"


@pytest.mark.parametrize(
    "address", ["file://server.test/share", "file:////server/share", "file://127.0.0.1/x"]
)
def test_a_file_on_another_machine_is_refused(address: str, root: Path) -> None:
    assert screen_file(root, address).reason == "file_remote_host"


def test_the_root_may_be_given_by_a_symlink(root: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(root)
    assert screen_file(tmp_path / "alias", f"file://{tmp_path}/alias/a.html").reason == "file"


def test_moving_the_link_to_the_root_later_changes_nothing(root: Path, tmp_path: Path) -> None:
    alias = tmp_path / "alias"
    alias.symlink_to(root)
    policy = SsrfPolicy(level=Level.PROJECT, project_root=alias)
    alias.unlink()
    alias.symlink_to(root.parent / "outside")
    assert screen_url(policy, parse(f"file://{alias}/secret.txt")).reason == "file_outside_root"


def test_the_path_to_open_has_no_symlinks_left(root: Path) -> None:
    policy = SsrfPolicy(level=Level.PROJECT, project_root=root)
    assert resolve_file(policy, parse(f"file://{root}/inner-link")) == (root / "a.html").resolve()


def test_a_redirect_never_leads_to_a_file(root: Path) -> None:
    policy = SsrfPolicy(level=Level.NONE, project_root=root)
    verdict = screen_url(policy, parse(f"file://{root}/a.html"), hop=1)
    assert verdict.reason == "scheme_not_allowed"
