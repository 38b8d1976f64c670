"""The watch sees what the processes of a session take, also when they give it back."""

from __future__ import annotations

import subprocess
import sys

from tools.bench.memory import MemoryWatch

MB = 1_000_000
#: Says when it is ready, takes 80 MB when told to, gives them back, and says so.
GROWING = "print(flush=True); input(); block = bytearray(80_000_000); del block; print(flush=True); input()"


def test_the_peak_is_seen() -> None:
    argv = (sys.executable, "-c", GROWING)
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        with MemoryWatch(process.pid) as watch:
            process.stdin.write(b"\n")
            process.stdin.flush()
            process.stdout.readline()
        process.stdin.write(b"\n")
    assert watch.before > MB
    assert watch.peak - watch.before > 20 * MB  # the end of the block may have come between two looks
