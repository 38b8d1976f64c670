"""Processes that are watched and ended together, and nothing of them left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from tools.demo import processes
from tools.demo.home import DemoHome
from tools.demo.processes import Supervisor, end_processes, find_processes, listens

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STUBBORN = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
#: A child in a session of its own, whose parent has ended; prints its number.
STRAY = """
import subprocess
print(subprocess.Popen(["sleep", "300"], start_new_session=True, stdout=subprocess.DEVNULL).pid)
"""


@pytest.fixture
def home(tmp_path: Path) -> DemoHome:
    made = DemoHome(tmp_path / "demo")
    made.make()
    return made


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """Honcho takes these two for itself."""
    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in former.items():
        signal.signal(number, handler)


def environment(home: DemoHome) -> dict[str, str]:
    return {**os.environ, "COUTURE_DEMO": str(home.folder)}


def wait_for_line(log: Path, line: str) -> None:
    deadline = time.monotonic() + 10
    while not (log.exists() and line in log.read_text()):
        assert time.monotonic() < deadline, f"{line!r} did not appear in {log}"
        time.sleep(0.02)


def test_one_that_ends_alone_ends_the_others(home: DemoHome) -> None:
    supervisor = Supervisor(home, lambda: None)
    supervisor.add("scheduler", ("sh", "-c", "echo last words; exit 3"), environment(home))
    supervisor.add("api-server", ("sleep", "300"), environment(home))
    begun = time.monotonic()
    assert supervisor.run() == 3
    assert time.monotonic() - begun < 10
    assert supervisor.ended_alone == {"scheduler": 3}
    assert supervisor.stopping.is_set()
    assert (home.logs / "scheduler.log").read_text() == "last words\n"
    assert "api-server stopped (rc=-15)" in (home.logs / "supervisor.log").read_text()
    assert find_processes(home) == []


def test_one_whose_children_hold_its_output_is_missed_all_the_same(home: DemoHome) -> None:
    supervisor = Supervisor(home, lambda: None)
    supervisor.add("scheduler", ("sh", "-c", "sleep 300 & kill -9 $$"), environment(home))
    supervisor.add("api-server", ("sleep", "300"), environment(home))
    begun = time.monotonic()
    supervisor.run()
    assert time.monotonic() - begun < 10
    assert supervisor.ended_alone == {"scheduler": -signal.SIGKILL}
    assert find_processes(home) == []


def test_a_held_one_begins_when_it_is_released(home: DemoHome) -> None:
    supervisor: Supervisor
    (home.pids / "released").touch()  # by a former demo

    def story() -> None:
        wait_for_line(home.logs / "api-server.log", "asked in vain")
        supervisor.release()
        wait_for_line(home.logs / "scheduler.log", "begun")
        supervisor.terminate()

    thread = threading.Thread(target=story)
    supervisor = Supervisor(home, thread.start)
    looks = f"sleep 1; [ -s {home.folder}/begun ] || echo asked in vain; exec sleep 300"
    supervisor.add("api-server", ("sh", "-c", looks), environment(home))
    begins = f"echo begun | tee {home.folder}/begun; exec sleep 300"
    supervisor.add("scheduler", ("sh", "-c", begins), environment(home), held=True)
    supervisor.run()
    thread.join()
    assert supervisor.ended_alone == {}
    assert (home.logs / "api-server.log").read_text() == "asked in vain\n"


def test_a_held_one_ends_with_the_others(home: DemoHome) -> None:
    supervisor = Supervisor(home, lambda: None)
    supervisor.add("api-server", ("sh", "-c", "sleep 1; exit 4"), environment(home))
    supervisor.add("scheduler", ("sh", "-c", "echo begun"), environment(home), held=True)
    assert supervisor.run() == 4
    assert supervisor.ended_alone == {"api-server": 4}
    assert (home.pids / "scheduler.pid").exists()
    assert not (home.logs / "scheduler.log").exists()
    assert find_processes(home) == []


def test_an_end_that_was_asked_for_blames_nobody(home: DemoHome) -> None:
    supervisor: Supervisor

    def story() -> None:
        wait_for_line(home.logs / "scheduler.log", "ready")
        supervisor.terminate()

    thread = threading.Thread(target=story)
    supervisor = Supervisor(home, thread.start)
    supervisor.add("scheduler", ("sh", "-c", "echo ready; sleep 300"), environment(home))
    supervisor.run()
    thread.join()
    assert supervisor.ended_alone == {}


def test_ctrl_c_ends_them_and_is_told_in_the_code(home: DemoHome) -> None:
    def story() -> None:
        wait_for_line(home.logs / "scheduler.log", "ready")
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=story)
    supervisor = Supervisor(home, thread.start)
    supervisor.add("scheduler", ("sh", "-c", "echo ready; exec sleep 300"), environment(home))
    assert supervisor.run() == 130
    thread.join()
    assert supervisor.ended_alone == {}
    assert find_processes(home) == []


def test_one_that_ignores_a_polite_end_is_killed(home: DemoHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PATIENCE_S", 0.5)
    supervisor: Supervisor

    def story() -> None:
        wait_for_line(home.logs / "scheduler.log", "ready")
        supervisor.terminate()

    thread = threading.Thread(target=story)
    supervisor = Supervisor(home, thread.start)
    supervisor.add("scheduler", ("sh", "-c", STUBBORN), environment(home))
    assert supervisor.run() == -signal.SIGKILL
    thread.join()
    assert find_processes(home) == []


def test_a_log_holds_the_last_start_alone_and_any_bytes(home: DemoHome) -> None:
    (home.logs / "scheduler.log").write_text("of the former start\n")
    supervisor = Supervisor(home, lambda: None)
    supervisor.add("scheduler", ("printf", "a\\377b\\n"), environment(home))
    assert supervisor.run() == 0
    assert (home.logs / "scheduler.log").read_bytes() == b"a\xffb\n"


def test_what_left_its_session_is_found_by_its_mark_and_killed(
    home: DemoHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "PATIENCE_S", 0.2)
    argv = [sys.executable, "-c", STRAY]
    stray = int(subprocess.run(argv, env=environment(home), stdout=subprocess.PIPE, check=True).stdout)
    assert [process.pid for process in find_processes(home)] == [stray]
    assert find_processes(DemoHome(tmp_path / "another demo")) == []
    assert end_processes(home) == 1
    assert find_processes(home) == []


def test_only_the_demos_own_listener_counts(home: DemoHome) -> None:
    listen = "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True)"
    argv = [sys.executable, "-c", f"{listen}; sys.stdin.read()"]
    marked, pipe = environment(home), subprocess.PIPE
    with (
        subprocess.Popen(argv, env=marked, stdin=pipe, stdout=pipe) as own,
        subprocess.Popen(argv, stdin=pipe, stdout=pipe) as strange,
    ):
        ports = [int(process.stdout.readline()) for process in (own, strange) if process.stdout]
        assert [listens(home, port) for port in ports] == [True, False]


def start_session(home: DemoHome) -> subprocess.Popen[bytes]:
    """A process without the mark that leads a session; its number stands in a file of the demo."""
    leader = subprocess.Popen(["sleep", "300"], start_new_session=True)
    (home.pids / "api-server.pid").write_text(f"{leader.pid}\n")
    return leader


def test_what_lost_its_environment_is_found_by_its_session(home: DemoHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PATIENCE_S", 0.2)
    with start_session(home) as leader:
        assert [process.pid for process in find_processes(home)] == [leader.pid]
        assert end_processes(home) == 1
        assert not psutil.pid_exists(leader.pid)


@pytest.mark.parametrize("written", ["before the last boot", "before the process began"])
def test_a_number_that_somebody_else_has_by_now_is_left_alone(home: DemoHome, written: str) -> None:
    with start_session(home) as leader:
        began = psutil.Process(leader.pid).create_time()
        moment = {"before the last boot": psutil.boot_time() - 10, "before the process began": began - 60}[written]
        os.utime(home.pids / "api-server.pid", (moment, moment))
        assert find_processes(home) == []
        leader.kill()
