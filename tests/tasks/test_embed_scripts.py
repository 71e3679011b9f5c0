"""How the embed script is served: to every origin, compressed, cached by version, and nothing else of the disk."""

import gzip
import re
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import Client

from tasks.v2 import bundle
from tasks.v2.scripts import scripts

YEAR = "public, max-age=31536000, immutable"
SHORT = "public, max-age=300"


def get(path: str, **headers: str) -> HttpResponse:
    found: HttpResponse = Client().get(path, headers=headers)  # type: ignore[assignment]
    return found


@pytest.mark.parametrize("path", ["/embed.js", f"/embed/{scripts().version}/main.js"])
def test_a_script_is_for_pages_of_every_origin(path: str) -> None:
    answer = get(path, origin="https://shop.example")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers
    assert not answer.cookies


@pytest.mark.parametrize(
    ("path", "caching"),
    [
        ("/embed.js", SHORT),
        ("/embed.js?v=", SHORT),
        ("/embed.js?v=0192f1a3-key", YEAR),
        (f"/embed/{scripts().version}/main.js", YEAR),
    ],
)
def test_what_never_changes_is_kept_for_a_year(path: str, caching: str) -> None:
    assert get(path).headers["Cache-Control"] == caching


def test_the_loader_names_the_version_of_its_modules() -> None:
    text = get("/embed.js").content.decode()

    assert f"embed/{scripts().version}/main.js" in text
    assert "@version@" not in text


def test_every_module_that_a_module_imports_is_there() -> None:
    for name, script in scripts().files.items():
        for found in re.findall(r"""(?:from|import\()\s*["'](\.[^"']+)["']""", script.body.decode()):
            folder = bundle.FOLDER
            target = (folder / name).parent.joinpath(found).resolve().relative_to(folder).as_posix()
            assert get(f"/embed/{scripts().version}/{target}").status_code == 200, (name, found)


@pytest.mark.parametrize(
    ("accept", "is_zipped"),
    [
        ("gzip, deflate, br", True),
        ("*", True),
        ("GZIP;q=0.5", True),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("", False),
    ],
)
def test_it_is_compressed_for_who_takes_that(accept: str, is_zipped: bool) -> None:
    answer = get("/embed.js", accept_encoding=accept)
    body = gzip.decompress(answer.content) if is_zipped else answer.content

    assert answer.headers.get("Content-Encoding") == ("gzip" if is_zipped else None)
    assert body == scripts().files["embed.js"].body
    assert "Accept-Encoding" in answer.headers["Vary"]


@pytest.mark.parametrize("form", ["{}", 'W/"other", {}', "*"])
def test_who_has_it_is_told_so(form: str) -> None:
    etag = get("/embed.js").headers["ETag"]

    answer = get("/embed.js", if_none_match=form.format(etag))

    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert get("/embed.js", if_none_match='"other"').status_code == 200


def test_a_page_with_an_earlier_loader_is_sent_to_the_modules_of_today() -> None:
    answer = get("/embed/0123456789abcdef/main.js")

    assert answer.status_code == 302
    assert answer.headers["Location"] == f"../{scripts().version}/main.js"
    assert answer.headers["Cache-Control"] == SHORT
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "name",
    [
        "nothing.js",
        "core/../../../../settings.py",
        "..%2f..%2f..%2fsettings.py",
        "observe/observe.d.ts",
        "embed.js",
        "core/",
        "/etc/passwd",
        "core\\run.js",
        "%00",
    ],
)
@pytest.mark.parametrize("version", [scripts().version, "old"])
def test_nothing_else_is_served(version: str, name: str) -> None:
    assert get(f"/embed/{version}/{name}").status_code in (404, 301)


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_scripts_are_only_read(method: str) -> None:
    assert getattr(Client(), method)("/embed.js").status_code == 405


def test_modules_without_a_bundle_are_sent_but_for_comments_and_indentation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "BUNDLED", tmp_path)
    for name, body in bundle.served().items():
        sent, file = body.decode().split("\n"), (bundle.FOLDER / name).read_text().split("\n")
        assert len(sent) == len(file), name
        for ours, theirs in zip(sent, file, strict=True):
            plain = theirs.strip()
            is_comment = plain.startswith("//") or (plain.startswith("/**") and plain.endswith("*/"))
            assert ours.rstrip() == ("" if is_comment else plain), name


def test_a_bundle_is_sent_while_it_is_of_the_modules_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "BUNDLED", tmp_path)
    mark = bundle.mark_of(bundle.sources())
    for name in ("embed.js", "main.js"):
        (tmp_path / name).write_text(f"{mark}\nbundled();")
    assert set(bundle.served()) == {"embed.js", "main.js"}

    (tmp_path / "main.js").write_text("/* rover embed 0123456789abcdef */\nbundled();")
    assert set(bundle.served()) == set(bundle.sources())


def test_the_bundle_in_the_repository_is_of_the_modules_as_they_are() -> None:
    assert set(bundle.served()) == {"embed.js", "main.js"}, "run `make embed`"


def test_the_loader_has_three_kib_and_all_of_it_forty_five() -> None:
    sizes = {name: len(script.zipped) for name, script in scripts().files.items()}

    assert sizes["embed.js"] <= 3 * 1024
    assert sum(sizes.values()) <= 45 * 1024
