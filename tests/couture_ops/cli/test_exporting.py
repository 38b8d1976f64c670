"""An export into a folder that holds one: the new as a whole, or the old as it was."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from couture_ops.cli import exporting
from couture_ops.cli.errors import ExportTargetError
from tests.admin_views.archives import packed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from couture_ops.cli.connection import Api

BLOB = "artifacts/" + "0" * 64
OLD = {
    "couture.yaml": b"format: 1\n",
    "groups/old.yaml": b"{}\n",
    f"artifacts/{'0' * 64}": b"old",
    "README.md": b"mine",
}
NEW = {"couture.yaml": b"format: 1\n", "groups/new.yaml": b"{}\n", "artifacts.yaml": b"{}\n"}
#: Two names of the old go aside and get new ones, one comes, one goes.
MOVES = 6


class SentExport:
    """All of the API that an export asks."""

    @contextmanager
    def download(self, *names: str, params: dict[str, Any]) -> Iterator[Iterator[bytes]]:
        """The new export."""
        yield iter([packed(cast("dict[str, bytes | str]", NEW))])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the old export and a file of somebody else's."""
    for name, content in OLD.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


def export(folder: Path) -> None:
    exporting._to_folder(cast("Api", SentExport()), folder, {}, whole=True)


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def break_moves(monkeypatch: pytest.MonkeyPatch, first: int, last: int, error: BaseException) -> list[Path]:
    """Let the moves of those numbers fail; answers what was moved."""
    moved: list[Path] = []

    def replace(self: Path, target: Path) -> None:
        moved.append(self)
        if first <= len(moved) <= last:
            raise error
        os.replace(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    return moved


def test_the_new_export_takes_the_place_of_the_old(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = break_moves(monkeypatch, 0, 0, OSError())
    export(folder)
    assert files_of(folder) == {**NEW, "README.md": b"mine"}
    assert len(moved) == MOVES
    assert not list(folder.glob(".couture*"))


def test_what_lies_among_the_groups_and_is_no_export_stays(folder: Path) -> None:
    own = {"groups/README.md": b"ours", "groups/old/notes/why.txt": b"because", "artifacts/.gitkeep": b""}
    for name, content in {**own, "groups/old/core-site.xml": b"<configuration/>"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "groups/link").symlink_to("README.md")
    export(folder)
    assert files_of(folder) == {**NEW, **own, "README.md": b"mine", "groups/link": b"ours"}
    assert (folder / "groups/link").is_symlink()


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), KeyboardInterrupt()])
@pytest.mark.parametrize("move", range(1, MOVES + 1))
def test_an_export_that_breaks_half_way_leaves_the_old_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch, move: int, error: BaseException
) -> None:
    break_moves(monkeypatch, move, move, error)
    with pytest.raises(type(error)):
        export(folder)
    assert files_of(folder) == OLD
    assert not list(folder.glob(".couture*"))


def test_what_cannot_be_put_back_is_kept_and_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    break_moves(monkeypatch, 2, 99, OSError(5, "Input/output error"))
    with pytest.raises(ExportTargetError, match="is half exported") as told:
        export(folder)
    (kept,) = folder.glob(".couture-old-*")
    assert str(told.value) == (
        f"{folder}: is half exported ([Errno 5] Input/output error); what was there lies in {kept}"
    )
    assert files_of(kept) == {"couture.yaml": OLD["couture.yaml"]}
