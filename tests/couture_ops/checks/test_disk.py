"""The disks of a machine: room, and who may write into the cache."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from config_store.wire import Finding, Verdict
from couture_ops.checks.disk import check_cache, check_space, size_text

ME = os.geteuid()


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache as tasks make it."""
    root = tmp_path / "cache"
    for directory in (root, root / "files", root / "tries"):
        directory.mkdir(mode=0o700)
    return root


def test_a_cache_as_tasks_make_it(cache: Path) -> None:
    fine = Finding.ok("cache", str(cache), "It belongs to this user, who alone writes there.")
    assert check_cache(cache, ME) == [fine]
    cache.chmod(0o755)
    assert check_cache(cache, ME) == [fine]


def test_a_cache_that_is_not_there_yet(tmp_path: Path) -> None:
    wanted = tmp_path / "not" / "yet"
    assert check_cache(wanted, ME) == [Finding.ok("cache", str(wanted), f"The first task will make it in {tmp_path}.")]
    assert not wanted.exists()
    (tmp_path / "file").touch()
    [found] = check_cache(tmp_path / "file" / "cache", ME)
    assert (found.verdict, found.subject) == (Verdict.FAULT, str(tmp_path / "file"))


def test_a_file_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    [found] = check_cache(tmp_path / "cache", ME)
    assert (found.verdict, found.message) == (Verdict.FAULT, "It is no directory.")


def test_others_can_write_there(cache: Path) -> None:
    cache.chmod(0o777)
    (cache / "files").chmod(0o770)
    assert check_cache(cache, ME) == [
        Finding.fault(
            "cache",
            str(cache),
            "Others can write there (mode 0777), and so plant files that jobs run.",
            f"chmod go-w {cache}",
        ),
        Finding.fault(
            "cache",
            str(cache / "files"),
            "Others can write there (mode 0770), and so plant files that jobs run.",
            f"chmod go-w {cache / 'files'}",
        ),
    ]


def test_others_can_write_class_archives(cache: Path) -> None:
    archives = cache / "class-archives"
    archives.mkdir()
    archives.chmod(0o755)
    assert [finding.verdict for finding in check_cache(cache, ME)] == [Verdict.OK]
    archives.chmod(0o775)
    assert check_cache(cache, ME) == [
        Finding.fault(
            "cache",
            str(archives),
            "Others can write there (mode 0775), and so plant files that jobs run.",
            f"chmod go-w {archives}",
        )
    ]


def test_others_can_read_there(cache: Path) -> None:
    (cache / "tries").chmod(0o755)
    assert check_cache(cache, ME) == [
        Finding.warning(
            "cache",
            str(cache / "tries"),
            "Others can read there (mode 0755); Hadoop files may hold passwords.",
            f"chmod 700 {cache / 'tries'}",
        )
    ]


def test_another_users_cache(cache: Path) -> None:
    findings = check_cache(cache, ME + 50_000)
    assert [finding.subject for finding in findings] == [str(cache), str(cache / "files"), str(cache / "tries")]
    assert findings[0].verdict is Verdict.FAULT
    assert findings[0].message == (
        f"It belongs to the user with the uid {ME}, and this check runs as uid {ME + 50_000}."
    )


def test_root_looks_at_the_cache_of_a_user(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = SimpleNamespace(st_uid=50_000, st_mode=0o40700)
    monkeypatch.setattr("pathlib.Path.stat", lambda _path, **_more: owner)
    found = check_cache(cache, 0)[0]
    assert (found.verdict, found.advice) == (Verdict.WARNING, "Run the check as the user that runs tasks.")


NO_RIGHT = "Give the user that runs tasks the right to write there, or name another folder in [couture] cache_dir."


def test_a_cache_that_this_user_can_not_write(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "mkdir", refuse)  # to root every directory is open
    said = "This user can't write there: Permission denied."
    assert check_cache(cache, ME) == [Finding.fault("cache", str(cache), said, NO_RIGHT)]
    assert check_cache(cache / "new", ME) == [Finding.fault("cache", str(cache), said, NO_RIGHT)]


@pytest.mark.skipif(ME != 0 or not os.path.isdir("/sys/kernel"), reason="only root has the rights below /sys")
@pytest.mark.parametrize("below", ["", "/couture/cache"])
def test_a_folder_where_rights_alone_say_yes(below: str) -> None:
    [found] = check_cache(Path(f"/sys/kernel{below}"), ME)
    assert (found.verdict, found.subject, found.advice) == (Verdict.FAULT, "/sys/kernel", NO_RIGHT)
    assert found.message.startswith("This user can't write there: ")


def test_the_trial_leaves_nothing_behind(cache: Path) -> None:
    before = sorted(cache.iterdir())
    check_cache(cache, ME)
    assert sorted(cache.iterdir()) == before


@pytest.mark.parametrize(
    ("free", "verdict", "told"),
    [
        (5_000_000_000, Verdict.OK, "5.0 GB are free."),
        (999_999_999, Verdict.WARNING, "1,000.0 MB are free."),
        (99_999_999, Verdict.FAULT, "100.0 MB are free."),
        (0, Verdict.FAULT, "0.0 MB are free."),
    ],
)
def test_room_on_a_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, verdict: Verdict, told: str
) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_files=0, f_favail=0, f_bavail=free, f_frsize=1))
    found = check_space("things", tmp_path / "not" / "yet", "Free some.")
    assert (found.verdict, found.message) == (verdict, told)
    assert found.subject == f"things ({tmp_path / 'not' / 'yet'})"
    assert found.advice == ("" if verdict is Verdict.OK else "Free some.")


def test_no_inodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_files=10, f_favail=0, f_bavail=10**9, f_frsize=4096))
    found = check_space("things", tmp_path, "Free some.")
    assert (found.verdict, found.message) == (Verdict.FAULT, "No inodes are left: no file can be made.")


def test_the_disk_of_this_machine(tmp_path: Path) -> None:
    assert check_space("things", tmp_path, "").message.endswith("B are free.")
    assert size_text(12_345_678_901) == "12.3 GB"
