"""Checks of the disks of a machine: space, and who may write into the cache."""

from __future__ import annotations

import os
import stat
import tempfile
from typing import TYPE_CHECKING

from config_store.wire import Finding
from couture_ops.class_archive import ClassArchives

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Free bytes below which a job hardly gets through, and below which it is time to look.
TOO_LITTLE, LITTLE = 100_000_000, 1_000_000_000

_CACHE, _DISK = "cache", "disk"


def check_cache(cache_dir: Path, user: int) -> list[Finding]:
    """Whether the user (a uid) alone writes below ``[couture] cache_dir``, and can.

    Another user who can write there could plant files that jobs run; who can read there sees Hadoop files.
    """
    if not cache_dir.exists():
        return [_not_made(cache_dir)]
    if not cache_dir.is_dir():
        advice = "Remove it, or name another folder in [couture] cache_dir."
        return [Finding.fault(_CACHE, str(cache_dir), "It is no directory.", advice)]
    findings = [*_owners(cache_dir, user)]
    if not findings and (reason := write_fault(cache_dir)):
        findings.append(_not_writable(cache_dir, reason))
    return findings or [Finding.ok(_CACHE, str(cache_dir), "It belongs to this user, who alone writes there.")]


def _not_made(cache_dir: Path) -> Finding:
    parent = existing(cache_dir)
    if reason := write_fault(parent):
        return _not_writable(parent, reason)
    return Finding.ok(_CACHE, str(cache_dir), f"The first task will make it in {parent}.")


def write_fault(directory: Path) -> str | None:
    """Why no folder can be made in a directory, in the system's words; None when it can.

    It makes one and removes it: of rights alone the system says yes to root also below /sys.
    """
    try:
        with tempfile.TemporaryDirectory(dir=directory, prefix=".couture-check-"):
            return None
    except OSError as error:
        return error.strerror or type(error).__name__


def _not_writable(directory: Path, reason: str) -> Finding:
    advice = "Give the user that runs tasks the right to write there, or name another folder in [couture] cache_dir."
    return Finding.fault(_CACHE, str(directory), f"This user can't write there: {reason}.", advice)


def _owners(cache_dir: Path, user: int) -> Iterator[Finding]:
    private = (cache_dir / "files", cache_dir / "tries")
    for directory in (cache_dir, *private, ClassArchives(cache_dir).root):
        if not directory.is_dir():
            continue
        status = directory.stat()
        mode = stat.S_IMODE(status.st_mode)
        if status.st_uid != user:
            yield _foreign(directory, status.st_uid, user)
        elif mode & (stat.S_IWGRP | stat.S_IWOTH):
            message = f"Others can write there (mode {mode:04o}), and so plant files that jobs run."
            yield Finding.fault(_CACHE, str(directory), message, f"chmod go-w {directory}")
        elif directory in private and mode & 0o077:
            message = f"Others can read there (mode {mode:04o}); Hadoop files may hold passwords."
            yield Finding.warning(_CACHE, str(directory), message, f"chmod 700 {directory}")


def _foreign(directory: Path, owner: int, user: int) -> Finding:
    message = f"It belongs to the user with the uid {owner}, and this check runs as uid {user}."
    if user == 0:
        advice = "Run the check as the user that runs tasks."
        return Finding.warning(_CACHE, str(directory), message, advice)
    advice = f"chown it to the user that runs tasks, or name another folder in [couture] cache_dir: {directory}"
    return Finding.fault(_CACHE, str(directory), message, advice)


def check_space(what: str, directory: Path, advice: str) -> Finding:
    """Whether the disk of a directory, made or not, has room and inodes left."""
    subject = f"{what} ({directory})"
    state = os.statvfs(existing(directory))
    free = state.f_bavail * state.f_frsize  # what is left to others than root
    if state.f_files and not state.f_favail:
        return Finding.fault(_DISK, subject, "No inodes are left: no file can be made.", advice)
    message = f"{size_text(free)} are free."
    if free >= LITTLE:
        return Finding.ok(_DISK, subject, message)
    return (Finding.fault if free < TOO_LITTLE else Finding.warning)(_DISK, subject, message, advice)


def existing(path: Path) -> Path:
    """The path itself, else the nearest of its parents that is there."""
    return next((place for place in (path, *path.parents) if place.exists()), path)


def size_text(size: int) -> str:
    """Bytes as people read them, in MB below a GB."""
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.1f} MB"
