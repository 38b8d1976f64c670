"""The stored login: one JSON file that its owner alone can read."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from couture_ops.cli.errors import CredentialsUnreadableError


@dataclass(frozen=True)
class Login:
    """What ``couture login`` leaves behind. ``url`` has no slash at its end."""

    url: str
    token: str
    username: str = ""


def credentials_path() -> Path:
    """``$COUTURE_CONFIG_DIR/credentials.json``, else below XDG_CONFIG_HOME, else below ``~/.config``."""
    if folder := os.environ.get("COUTURE_CONFIG_DIR"):
        return Path(folder) / "credentials.json"
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "couture" / "credentials.json"


def read_login() -> Login | None:
    """The stored login, or None. Raises CredentialsUnreadableError when the file holds something else."""
    path = credentials_path()
    try:
        return Login(**json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise CredentialsUnreadableError(path) from error


def write_login(login: Login) -> Path:
    """Stores the login in place of the former one: written beside it with mode 0600, then renamed."""
    path = credentials_path()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp gives mode 0600 from the first byte on.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".credentials-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(login), file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path


def remove_login() -> bool:
    """Removes the stored login; False when there was none."""
    try:
        credentials_path().unlink()
    except FileNotFoundError:
        return False
    return True
