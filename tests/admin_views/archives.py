"""Archives as an import sends them, made by hand."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

from config_store.transfer.archive import Entry, write_archive


def packed(files: dict[str, bytes | str], **options: Any) -> bytes:
    """A tar.gz of the files, with the options of the request where some are given."""
    if options:
        files = {**files, "request.json": json.dumps(options)}
    contents = {path: content.encode() if isinstance(content, str) else content for path, content in files.items()}
    return b"".join(write_archive(Entry(path, len(content), [content]) for path, content in contents.items()))


def tar_gz(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """A tar.gz of the members as they are."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        for info, content in members:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return file.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    """The header of a member."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info
