"""Moving artifacts: little memory, nothing half-written, a bar only for those who look."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.couture_ops.cli.couture_process import Couture
from tests.couture_ops.cli.store_server import Answer, StoreServer

MakeFile = Callable[[str, bytes], Path]
MEGABYTE = 1 << 20
#: Runs the client and then tells the peak of its memory. Not ru_maxrss: that starts with the parent's peak.
MEASURED = """
import atexit, sys
def tell():
    with open("/proc/self/status") as file:
        print(next(line for line in file if line.startswith("VmHWM")), file=sys.stderr)
atexit.register(tell)
from couture_ops.cli.main import main
main()
"""


def peak_memory(run: subprocess.CompletedProcess[str]) -> int:
    """The peak in bytes that a measured run told."""
    found = re.search(r"VmHWM:\s+(\d+) kB", run.stderr)
    assert found, run
    return int(found.group(1)) * 1024


def test_a_large_upload_costs_little_memory(couture: Couture, server: StoreServer) -> None:
    size = 300 * MEGABYTE
    with (couture.folder / "big.jar").open("wb") as file:
        file.truncate(size)
    couture.argv = [sys.executable, "-c", MEASURED]
    run = couture("artifacts", "upload", "dependencies", "big.jar")
    assert run.returncode == 0, run
    version = server.store.artifacts["dependencies", "big.jar"][0]
    assert (version["size"], server.asked[0].size) == (size, size)
    assert run.stdout == f"Uploaded big.jar version 1 (314.6 MB, sha256 {version['sha256']}).\n"
    assert peak_memory(run) < 64 * MEGABYTE


def test_a_large_download_costs_little_memory(couture: Couture, server: StoreServer) -> None:
    content = bytes(100 * MEGABYTE)
    sha256 = hashlib.sha256(content).hexdigest()
    server.store.bytes_of[sha256] = content
    server.store.add_version("dependencies", "big.jar", sha256, len(content))
    couture.argv = [sys.executable, "-c", MEASURED]
    run = couture("artifacts", "download", "dependencies", "big.jar")
    assert run.returncode == 0, run
    assert (couture.folder / "big.jar").stat().st_size == len(content)
    assert peak_memory(run) < 64 * MEGABYTE


@pytest.fixture
def damaged(server: StoreServer) -> StoreServer:
    """A store whose a.py is not what its digest says."""
    server.store.add_version("code", "a.py", "00" * 32, 3)
    server.store.bytes_of["00" * 32] = b"bad"
    return server


@pytest.mark.usefixtures("damaged")
def test_a_damaged_download_leaves_what_was_there(couture: Couture, make_file: MakeFile) -> None:
    make_file("a.py", b"mine")
    before = sorted(os.listdir(couture.folder))
    assert couture.error("artifacts", "download", "code", "a.py", "--force") == (
        f"Error: a.py arrived damaged: sha256 {hashlib.sha256(b'bad').hexdigest()}, expected {'00' * 32}. "
        "Run the command again.\n"
    )
    assert (couture.folder / "a.py").read_bytes() == b"mine"
    assert sorted(os.listdir(couture.folder)) == before


def test_a_download_that_breaks_leaves_nothing(couture: Couture, damaged: StoreServer) -> None:
    damaged.break_at = "GET /artifacts/code/a.py/versions/1/content"
    before = sorted(os.listdir(couture.folder))
    assert couture.error("artifacts", "download", "code", "a.py") == (
        f"Error: The connection to {damaged.url} broke (Server disconnected without sending a response.).\n"
        "  Nothing was changed: run the command again.\n"
    )
    assert sorted(os.listdir(couture.folder)) == before


def test_a_download_that_ends_too_soon_leaves_nothing(couture: Couture, damaged: StoreServer) -> None:
    damaged.answers["GET /artifacts/code/a.py/versions/1/content"] = Answer(
        200, b"ba", "application/octet-stream", {"Content-Length": "9", "Connection": "close"}
    )
    before = sorted(os.listdir(couture.folder))
    assert couture.error("artifacts", "download", "code", "a.py") == (
        f"Error: The connection to {damaged.url} broke "
        "(peer closed connection without sending complete message "
        "body (received 2 bytes, expected 9)).\n"
        "  Nothing was changed: run the command again.\n"
    )
    assert sorted(os.listdir(couture.folder)) == before


@pytest.fixture
def good(server: StoreServer) -> StoreServer:
    """A store with a.py."""
    sha256 = hashlib.sha256(b"job").hexdigest()
    server.store.add_version("code", "a.py", sha256, 3)
    server.store.bytes_of[sha256] = b"job"
    return server


@pytest.mark.usefixtures("good")
def test_a_downloaded_file_has_the_modes_of_any_new_file(couture: Couture, make_file: MakeFile) -> None:
    couture.ok("artifacts", "download", "code", "a.py")
    usual = make_file("usual", b"").stat().st_mode
    assert stat.filemode((couture.folder / "a.py").stat().st_mode) == stat.filemode(usual)


@pytest.mark.usefixtures("good")
def test_a_file_that_exists_is_replaced_when_told_to(couture: Couture, make_file: MakeFile) -> None:
    mine = make_file("a.py", b"mine")
    assert couture.error("artifacts", "download", "code", "a.py") == (
        "Error: a.py exists already; nothing was downloaded. Give `--force` to replace it, or another name by `-o`.\n"
    )
    assert mine.read_bytes() == b"mine"
    couture.ok("artifacts", "download", "code", "a.py", "--force")
    assert mine.read_bytes() == b"job"


@pytest.mark.usefixtures("good")
def test_a_link_stays_a_link(couture: Couture, make_file: MakeFile) -> None:
    target = make_file("target.py", b"old")
    (couture.folder / "a.py").symlink_to(target)
    couture.ok("artifacts", "download", "code", "a.py", "--force")
    assert (couture.folder / "a.py").is_symlink()
    assert target.read_bytes() == b"job"


@pytest.mark.usefixtures("good")
def test_a_pipe_is_written_to_and_stays_a_pipe(couture: Couture) -> None:
    pipe = couture.folder / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    couture.ok("artifacts", "download", "code", "a.py", "-o", "pipe")
    reader.join()
    assert read == [b"job"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.usefixtures("good")
def test_a_bar_for_those_who_look(couture: Couture, make_file: MakeFile) -> None:
    make_file("ratings.py", b"x" * 1000)
    upload = couture.at_terminal("artifacts", "upload", "code", "ratings.py")
    assert upload.returncode == 0
    assert "Upload ratings.py" in upload.screen
    assert upload.stdout.startswith("Uploaded ratings.py version 1 (1.0 kB")
    download = couture.at_terminal("artifacts", "download", "code", "a.py", "--output", "json")
    assert "Download a.py" in download.screen
    assert download.stdout.startswith("{\n")
