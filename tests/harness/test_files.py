"""Files are written whole, all or none, and folders that were made for them do not stay behind."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from unbond.files import made, write_files

if TYPE_CHECKING:
    from collections.abc import Iterator


def contents(folder: Path) -> dict[str, str | None]:
    """Everything in a folder; None is another folder."""
    return {
        str(path.relative_to(folder)): None if path.is_dir() else path.read_text()
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def places(tmp_path: Path) -> list[Path]:
    """The places of three files, the first of which is there."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "first").write_text("as it was")
    return [tmp_path / "first", tmp_path / "deep" / "second", tmp_path / "third"]


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file can grow beyond ten bytes, as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_all_are_written_and_nothing_else(tmp_path: Path, places: list[Path]) -> None:
    write_files({path: path.name.encode() for path in places})
    assert contents(tmp_path) == {
        "deep": None,
        "deep/second": "second",
        "first": "first",
        "third": "third",
    }


@pytest.mark.parametrize(
    ("obstacle", "reason"),
    [
        ("a folder in its place", "Is a directory"),
        ("a folder beside it", "Is a directory"),
        ("no folder around it", "No such file or directory"),
    ],
)
@pytest.mark.parametrize("number", [0, 1, 2])
def test_where_one_cannot_be_written_none_is(
    tmp_path: Path, places: list[Path], number: int, obstacle: str, reason: str
) -> None:
    path = places[number]
    if obstacle == "a folder in its place":
        path.unlink(missing_ok=True)
        path.mkdir()
    elif obstacle == "a folder beside it":
        path.with_name(f"{path.name}.new").mkdir()
    else:
        path = places[number] = tmp_path / "nowhere" / path.name
    before = contents(tmp_path)
    with pytest.raises(OSError, match=reason) as error:
        write_files(dict.fromkeys(places, b"new"))
    assert (error.value.strerror, error.value.filename) == (reason, str(path))
    assert contents(tmp_path) == before


def test_on_a_full_disk_all_stay_as_they_were(
    tmp_path: Path, places: list[Path], request: pytest.FixtureRequest
) -> None:
    before = contents(tmp_path)
    request.getfixturevalue("full_disk")
    with pytest.raises(OSError, match="File too large") as error:
        write_files(dict(zip(places, (b"new", b"much too long", b"new"), strict=True)))
    assert error.value.filename == str(places[1])
    assert contents(tmp_path) == before


def test_an_interrupted_write_leaves_nothing(
    tmp_path: Path, places: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    before = contents(tmp_path)
    monkeypatch.setattr("os.fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_files(dict.fromkeys(places, b"new"))
    assert contents(tmp_path) == before


def test_a_folder_is_made_for_what_is_written(tmp_path: Path) -> None:
    with made(tmp_path / "one" / "two"):
        write_files({tmp_path / "one" / "two" / "file": b"text"})
    assert contents(tmp_path) == {"one": None, "one/two": None, "one/two/file": "text"}


def test_folders_for_nothing_are_gone_again_and_others_stay(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    with pytest.raises(OSError, match="No such file"), made(tmp_path / "one" / "two" / "three"):
        write_files({tmp_path / "nowhere" / "file": b"text"})
    assert contents(tmp_path) == {"one": None}
    (tmp_path / "one" / "file").write_text("")
    with pytest.raises(NotADirectoryError), made(tmp_path / "one" / "file" / "two"):
        pass
    assert contents(tmp_path) == {"one": None, "one/file": ""}
