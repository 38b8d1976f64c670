"""The files of an import on their way to the server: read from a folder or a tar.gz, judged by the server alone."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from couture_ops.cli.errors import TreeError

#: What belongs to an export in a folder; whatever lies beside it is somebody else's.
ROOTS = ("couture.yaml", "artifacts.yaml", "groups", "artifacts")
ARTIFACTS = "artifacts/"
OPTIONS = "request.json"
#: The server takes no more; read into memory before it is sent.
MAX_TEXT_BYTES = 100_000_000
_MAX_FILES = 20_000
MAX_HEADER_BYTES = 1_000_000
_HEADERS = (b"x", b"g", b"X", b"L", b"K")  # of POSIX, Solaris and GNU


@dataclass
class Tree:
    """``members`` are the text's, as they came; ``carried`` says where the bytes of each digest begin to be read."""

    source: Path
    members: list[tuple[tarfile.TarInfo, bytes]] = field(default_factory=list)
    carried: list[str] = field(default_factory=list)

    def pack(self, options: dict[str, Any]) -> bytes:
        """The body of a request: the text with the options beside it."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            for info, content in self.members:
                tar.addfile(info, io.BytesIO(content))
            body = json.dumps(options).encode()
            info = tarfile.TarInfo(OPTIONS)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
        return packed.getvalue()

    def send_artifacts(self, wanted: set[str], send: Callable[[str, int, BinaryIO], None]) -> None:
        """Calls ``send(sha256, size, file)`` for each wanted digest."""
        if self.source.is_dir():
            for name in sorted(wanted):
                path = self.source / ARTIFACTS / name
                with path.open("rb") as file:
                    send(name, path.stat().st_size, file)
            return
        with _opened(self.source) as tar:
            for info in tar:
                sha256 = artifact_of(info.name)
                if sha256 in wanted and (content := tar.extractfile(info)):
                    send(str(sha256), info.size, cast("BinaryIO", content))


def read_tree(source: Path) -> Tree:
    """The tree in a folder or a tar.gz; raises TreeError."""
    return _read_folder(source) if source.is_dir() else _read_archive(source)


def artifact_of(name: str) -> str | None:
    """What stands behind ``artifacts/`` in a path, None for another path."""
    path = name.removeprefix("./")
    return path.removeprefix(ARTIFACTS) if path.startswith(ARTIFACTS) and path != ARTIFACTS else None


def _read_archive(source: Path) -> Tree:
    tree = Tree(source)
    left = MAX_TEXT_BYTES
    with _opened(source) as tar:
        for number, info in enumerate(tar):
            if number >= _MAX_FILES:
                raise TreeError(source, f"holds more than {_MAX_FILES:,} files")
            if info.isreg() and (sha256 := artifact_of(info.name)):
                tree.carried.append(sha256)
                continue
            left -= info.size
            if left < 0:
                raise TreeError(source, f"holds more than {MAX_TEXT_BYTES:,} bytes of text")
            content = tar.extractfile(info) if info.isreg() else None
            body = content.read() if content else b""
            info.size = len(body)
            tree.members.append((info, body))
    return tree


class _Member(tarfile.TarInfo):
    """A member whose extension headers, which the standard library reads whole, stay small."""

    def _proc_member(self, tar: tarfile.TarFile) -> Any:
        if self.type in _HEADERS and self.size > MAX_HEADER_BYTES:
            raise tarfile.ReadError(f"it has a header of {self.size:,} bytes")
        return super()._proc_member(tar)  # type: ignore[misc]


@contextmanager
def _opened(source: Path) -> Iterator[tarfile.TarFile]:
    try:
        with gzip.open(source) as unpacked, tarfile.open(fileobj=unpacked, mode="r|", tarinfo=_Member) as tar:
            yield tar
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError, RecursionError) as error:
        raise TreeError(source, f"is no tar.gz that can be read: {error}") from error


def _read_folder(source: Path) -> Tree:
    tree = Tree(source)
    left = MAX_TEXT_BYTES
    for path in _files_of(source):
        name = path.relative_to(source).as_posix()
        if sha256 := artifact_of(name):
            tree.carried.append(sha256)
            continue
        content = path.read_bytes()
        left -= len(content)
        if left < 0:
            raise TreeError(source, f"holds more than {MAX_TEXT_BYTES:,} bytes of text")
        info = tarfile.TarInfo(name)
        info.size = len(content)
        tree.members.append((info, content))
    if not tree.members:
        raise TreeError(source, f"holds none of {', '.join(ROOTS[:3])}: it is no export")
    return tree


def _files_of(source: Path) -> Iterator[Path]:
    """The files of the export in a folder; a link may lead within the folder, and nowhere else."""
    inside = source.resolve()
    count = 0
    for root in ROOTS:
        for path in _walk(source / root):
            count += 1
            if count > _MAX_FILES:
                raise TreeError(source, f"holds more than {_MAX_FILES:,} files")
            name = path.relative_to(source)
            if not path.resolve().is_relative_to(inside):
                raise TreeError(source, f"{name} is a link that leads out of the folder")
            if not path.is_file():
                raise TreeError(source, f"{name} is no plain file")
            yield path


def _walk(path: Path) -> Iterator[Path]:
    """The path itself, or all below it; what begins with a dot is nobody's, and no link to a folder is followed."""
    if not os.path.lexists(path):
        return
    if not path.is_dir() or path.is_symlink():
        yield path
        return
    for child in sorted(path.iterdir()):
        if not child.name.startswith("."):
            yield from _walk(child)


_PATH = re.compile(r"(couture\.yaml|artifacts\.yaml|groups/[^/]+(/[^/]+)?|artifacts/[0-9a-f]{64})")


def unpack(archive: BinaryIO, folder: Path) -> None:
    """Writes the export that a server sends into a new folder; raises TreeError for anything but plain files in it."""
    try:
        with tarfile.open(fileobj=archive, mode="r|gz") as tar:
            for info in tar:
                if not info.isreg() or not _PATH.fullmatch(info.name) or ".." in info.name.split("/"):
                    raise TreeError(folder, f"the server sent {info.name!r}, which has no place in an export")
                _write(tar, info, folder / info.name)
    except (tarfile.TarError, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise TreeError(folder, f"what the server sent is no whole tar.gz: {error}") from error


#: What the next export of the same folder replaces; anything else there is somebody's own.
_EXPORTED = re.compile(
    r"couture\.yaml|artifacts\.yaml|groups/[^/]+\.yaml|groups/[^/]+/([^/]+\.xml|krb5\.conf)|artifacts/[0-9a-f]{64}"
)


def copy_others(source: Path, target: Path) -> None:
    """Copy what lies among the files of an export and is none of them, such as a README beside the groups."""
    for root in ROOTS:
        folder = source / root
        paths = sorted(folder.rglob("*")) if folder.is_dir() and not folder.is_symlink() else []
        for path in paths:
            name = path.relative_to(source)
            if (path.is_file() or path.is_symlink()) and not _EXPORTED.fullmatch(name.as_posix()):
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, target / name, follow_symlinks=False)


def _write(tar: tarfile.TarFile, info: tarfile.TarInfo, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = tar.extractfile(info)
    with path.open("xb") as file:  # two names that a file system takes for one must not become one
        while content and (block := content.read(1 << 20)):
            file.write(block)
