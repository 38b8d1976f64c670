"""Free ports of the loopback, of which no two processes that ask here get the same."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from functools import cache
from pathlib import Path

HOST = "127.0.0.1"
#: Below the ports that systems give to connections and to who asks for any: Linux begins at 32,768, others at 49,152.
#: One of those may be gone again before a server that takes 20 s to start comes to listen on it.
RANGE = range(15_000, 32_000)
OWNER_ONLY = 0o600

_claimed: set[int] = set()


def free_port() -> int:
    """A port that nobody listens on, for this process and those it starts, as long as this process lives."""
    while True:
        port = random.choice(RANGE)  # noqa: S311  # chance keeps processes apart, no secret
        if port not in _claimed and claim_port(port):
            return port


def claim_port(port: int) -> bool:
    """Keep other processes from a port that is free; False when somebody listens there, or has claimed it before."""
    if not _is_free(port):
        return False
    # A lock of POSIX: it is not inherited, and goes with this process however that ends
    try:
        fcntl.lockf(_claims(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    _claimed.add(port)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        # as a server does it: a port whose connections are still closing is free
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError:
            return False
        return True


@cache
def _claims() -> int:
    """The file whose n-th byte is locked by who has port n; closing it anywhere would give up all of ours."""
    path = Path(tempfile.gettempdir()) / f"couture-ports-{os.getuid()}"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, OWNER_ONLY)
