"""Drivers that are real processes: their log, their end, and that nothing of them stays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from couture_ops import guardian
from couture_ops.errors import DriverNotStarted, SparkSubmitMissing, SupervisorGone, UnfitForProcess
from couture_ops.launch import DriverEnd, DriverProcess, driver_environment, run_driver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="subreapers and /proc are Linux's")

ROOT = Path(__file__).parents[2]
PATH = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}

#: Says that it is ready, then sleeps. With "deaf": takes no signal but SIGKILL. With "stubborn": is deaf in a
#: session of its own.
SLEEPER = """
import os, signal, sys, time
if "stubborn" in sys.argv:
    os.setsid()
if "stubborn" in sys.argv or "deaf" in sys.argv:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
print("ready", flush=True)
while True:
    time.sleep(600)
"""
#: Ends in its own way when it is asked to.
TIDY = """
import signal, sys
def tidy(*_):
    print("tidied")
    sys.exit(143)
signal.signal(signal.SIGTERM, tidy)
print("ready", flush=True)
while True:
    signal.pause()
"""
#: A driver like spark-submit: starts the sleeper as a child and waits for it.
PARENT = """
import subprocess, sys
subprocess.run([sys.executable, *sys.argv[1:]])
"""
#: A task process: runs a driver and writes down how that went.
TASK = """
import sys
from pathlib import Path
from couture_ops.launch import run_driver
result, grace_s, *command = sys.argv[1:]
try:
    end = run_driver(command, {}, Path("/"), lambda block: print(block, flush=True), grace_s=float(grace_s))
    Path(result).write_text(repr(end))
except BaseException as error:
    Path(result).write_text(f"{type(error).__name__}: {error}")
"""
#: As TASK, but a fork of the task process lives on, with all its pipes.
FORKING_TASK = """
import os, sys, time
from pathlib import Path
from couture_ops.launch import run_driver
fork_pid, *command = sys.argv[1:]
def on_started(pids):
    pid = os.fork()
    if pid == 0:
        time.sleep(600)
    Path(fork_pid).write_text(str(pid))
run_driver(command, {}, Path("/"), lambda block: print(block, flush=True), on_started)
"""


class Scripts:
    """Scripts in a directory whose path marks every process that runs one of them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        for name, text in {"sleeper.py": SLEEPER, "parent.py": PARENT, "task.py": TASK}.items():
            (directory / name).write_text(text)

    def path(self, name: str) -> str:
        return str(self.directory / name)

    def write(self, name: str, text: str) -> str:
        (self.directory / name).write_text(text)
        (self.directory / name).chmod(0o755)
        return self.path(name)

    def sleeper(self, *words: str) -> list[str]:
        return [sys.executable, self.path("sleeper.py"), *words]

    def parent_of_sleeper(self, *words: str) -> list[str]:
        return [sys.executable, self.path("parent.py"), self.path("sleeper.py"), *words]

    def alive(self) -> list[str]:
        """The command lines of the living processes that name this directory, guardians included."""
        found = (command_line(process.pid) for process in guardian.processes())
        return [line for line in found if str(self.directory) in line]

    def gone_within(self, seconds: float) -> bool:
        return happens(lambda: not self.alive(), seconds)


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def happens(condition: Callable[[], bool], seconds: float) -> bool:
    """Polls until the condition holds; False when it does not within the time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def scripts(tmp_path: Path) -> Iterator[Scripts]:
    """Kills what a failed test leaves behind."""
    scripts = Scripts(tmp_path)
    yield scripts
    for process in guardian.processes():
        if str(tmp_path) in command_line(process.pid):
            os.kill(process.pid, signal.SIGKILL)


class Log:
    """A task log that remembers, and says when a word has come."""

    def __init__(self, word: str = "ready", then: Callable[[], None] = lambda: None) -> None:
        self.blocks: list[str] = []
        self.came = threading.Event()
        self._word, self._then = word, then

    def __call__(self, block: str) -> None:
        self.blocks.append(block)
        if self._word in block and not self.came.is_set():
            self.came.set()
            self._then()

    def lines(self) -> list[str]:
        return "\n".join(self.blocks).split("\n")


@contextmanager
def on_usr1(act: Callable[[], None]) -> Iterator[None]:
    """Acts in a signal handler of the main thread, as Airflow calls on_kill, whenever SIGUSR1 comes."""
    former = signal.signal(signal.SIGUSR1, lambda *_: act())
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, former)


def run(*argv: str, environment: dict[str, str] | None = None) -> tuple[DriverEnd, list[str]]:
    """A driver's end and its log's lines."""
    log = Log()
    end = run_driver(argv, PATH if environment is None else environment, Path("/"), log)
    return end, log.lines()


# What a driver is started with


def test_the_environment_is_the_given_one_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "of the worker")
    given = {"NAME": "größer", "EMPTY": "", "EQUALS": "a=b=c", "BLANKS": " a  b ", "LONG": "x" * 100_000}

    _, lines = run("/usr/bin/env", environment=given)

    assert lines == ["NAME=größer", "EMPTY=", "EQUALS=a=b=c", "BLANKS= a  b ", "LONG=" + "x" * 100_000]


def test_an_empty_environment_is_empty() -> None:
    end, lines = run("/usr/bin/env", environment={})

    assert (end.exit_code, lines) == (0, [""])


def test_an_environment_larger_than_a_pipe_arrives() -> None:
    given = {f"NAME{number}": "x" * 100_000 for number in range(5)}

    _, lines = run("/usr/bin/env", environment=given)

    assert lines == [f"{name}={value}" for name, value in given.items()]


def test_arguments_arrive_as_they_are() -> None:
    arguments = ["", " a b ", 'it\'s "quoted"', "two\nlines", "größer 🙂", "$HOME %s \\n", "--", "-h"]
    show = "import json, sys; print(json.dumps(sys.argv[1:]))"

    _, lines = run(sys.executable, "-c", show, *arguments)

    assert json.loads(lines[0]) == arguments


def test_the_driver_runs_in_its_working_directory(tmp_path: Path) -> None:
    log = Log()

    run_driver(["pwd"], PATH, tmp_path, log)

    assert log.lines() == [str(tmp_path)]


def test_the_program_may_be_relative_to_the_working_directory(scripts: Scripts) -> None:
    scripts.write("submit", "#!/bin/sh\necho here\n")
    log = Log()

    end = run_driver(["./submit"], PATH, scripts.directory, log)

    assert (end.exit_code, log.lines()) == (0, ["here"])


def test_standard_input_is_empty() -> None:
    end, lines = run("sh", "-c", "cat; echo done")

    assert (end.exit_code, lines) == (0, ["done"])


#: Signals 32 and 33, which no program can set: the C library keeps them to itself.
OF_THE_C_LIBRARY = 0b11 << 31


def test_no_signal_is_ignored_or_blocked() -> None:
    _, lines = run("grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status")

    masks = {name: int(mask, 16) & ~OF_THE_C_LIBRARY for name, mask in (line.split(":\t") for line in lines)}
    assert masks == {"SigBlk": 0, "SigIgn": 0}


def test_the_driver_has_three_descriptors() -> None:
    _, lines = run("sh", "-c", "ls /proc/$$/fd")

    assert lines == ["0", "1", "2"]


def test_driver_and_guardian_are_a_session_of_their_own() -> None:
    started: list[tuple[int, ...]] = []
    show = "import os; print(os.getpid(), os.getpgrp(), os.getsid(0))"
    log = Log()

    run_driver([sys.executable, "-c", show], PATH, Path("/"), log, started.append)

    [(driver_pid, guardian_pid)] = started
    assert log.lines() == [f"{driver_pid} {driver_pid} {guardian_pid}"]
    assert guardian_pid != os.getsid(0)


# How a driver ends


@pytest.mark.parametrize("exit_code", [0, 1, 101, 137, 255])
def test_the_exit_code_is_passed_through(exit_code: int) -> None:
    end, _ = run("sh", "-c", f"echo last words; exit {exit_code}")

    assert end == DriverEnd(exit_code=exit_code, signal=None, last_lines="last words")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_the_signal_that_ended_a_driver_is_told(number: signal.Signals) -> None:
    end, _ = run("sh", "-c", f"echo last words; kill -{number} $$")

    assert end == DriverEnd(exit_code=None, signal=number, last_lines="last words")


@pytest.mark.parametrize("program", ["couture-no-such-program", "/no/such/spark-submit"])
def test_a_missing_program_is_refused_before_anything_starts(program: str) -> None:
    with pytest.raises(SparkSubmitMissing) as refused:
        run(program)

    assert str(refused.value) == (
        f"Cannot start the driver: '{program}' was not found on this worker, or may not be executed. "
        "Install Spark there, or point SPARK_HOME or [couture] spark_homes to it."
    )


def test_a_program_that_may_not_be_executed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "spark-submit").write_text("#!/bin/sh\n")

    with pytest.raises(SparkSubmitMissing) as refused:
        run(str(tmp_path / "spark-submit"))

    assert refused.value.path == str(tmp_path / "spark-submit")


def test_a_script_without_its_interpreter_ends_with_127(scripts: Scripts) -> None:
    submit = scripts.write("submit", "#!/no/such/bash\n")

    end, _ = run(submit)

    assert end == DriverEnd(127, None, f"{submit}: No such file or directory")


def test_a_file_that_is_no_program_ends_with_126(scripts: Scripts) -> None:
    submit = scripts.write("submit", "\x7fELF but not really")

    end, _ = run(submit)

    assert end == DriverEnd(126, None, f"{submit}: Exec format error")


def test_a_missing_working_directory_is_told() -> None:
    with pytest.raises(DriverNotStarted) as refused:
        run_driver(["/bin/true"], PATH, Path("/no/such/directory"), Log())

    assert str(refused.value) == (
        "Cannot start the driver '/bin/true' in '/no/such/directory': No such file or directory. Look at "
        "that directory, at the length of the command, at free memory and at the limit of processes "
        "(ulimit -u)."
    )


def test_a_command_that_is_too_long_is_told() -> None:
    with pytest.raises(DriverNotStarted) as refused:
        run("/bin/true", "x" * 200_000)

    assert refused.value.reason == "Argument list too long"


@pytest.mark.parametrize(("name", "value"), [("", "x"), ("A=B", "x"), ("A", "x\0y"), ("A\0B", "x")])
def test_an_environment_that_no_process_can_have_is_refused(name: str, value: str) -> None:
    with pytest.raises(UnfitForProcess) as refused:
        run("/bin/true", environment={name: value})

    assert refused.value.where == f"The environment variable {name!r}"


# The log


def test_both_outputs_are_one_log_in_order() -> None:
    _, lines = run("sh", "-c", "echo out; echo '  err' >&2; echo out again")

    assert lines == ["out", "  err", "out again"]


def test_bytes_that_are_not_utf8_are_shown_as_escapes() -> None:
    end, lines = run("printf", r"caf\303\251 \351\377\n")

    assert lines == [r"café \xe9\xff"]
    assert end.last_lines == r"café \xe9\xff"


def test_a_line_arrives_within_a_second_while_the_driver_runs(scripts: Scripts) -> None:
    go_on = scripts.directory / "go on"
    wait = f"date +%s.%N; while [ ! -e '{go_on}' ]; do sleep 0.05; done; echo over"
    ages: list[float] = []

    def emit(block: str) -> None:
        if not ages:  # the driver says no more before it has seen the file
            ages.append(time.time() - float(block))
            go_on.touch()

    end = run_driver(["sh", "-c", wait], PATH, Path("/"), emit)

    assert end.exit_code == 0
    assert ages[0] < 1.0


def test_200_000_lines_arrive_in_order_and_in_blocks() -> None:
    log = Log()

    end = run_driver(["seq", "200000"], PATH, Path("/"), log)

    assert log.lines() == [str(number) for number in range(1, 200_001)]
    assert len(log.blocks) == 400
    assert end.last_lines.split("\n") == [str(number) for number in range(199_901, 200_001)]


def test_a_line_of_a_megabyte_arrives_whole() -> None:
    _, lines = run(sys.executable, "-c", "print('x' * 1_000_000)")

    assert lines == ["x" * 1_000_000]


# What a driver leaves behind


def test_a_daemon_that_holds_the_log_does_not_hold_the_task(scripts: Scripts) -> None:
    sleeper = " ".join(scripts.sleeper("stubborn"))
    ready = scripts.directory / "ready"
    log = Log()
    started = time.monotonic()

    end = run_driver(
        [
            "bash",
            "-c",
            f"{sleeper} > >(tee '{ready}') & while [ ! -s '{ready}' ]; do sleep 0.05; done; exit 3",
        ],
        PATH,
        Path("/"),
        log,
    )

    assert time.monotonic() - started < 15
    assert end.exit_code == 3
    assert len(end.remarks) == 1
    assert end.remarks[0].startswith("The driver left processes behind, which were ended: ")
    assert scripts.alive() == []


def test_the_python_driver_of_a_killed_jvm_is_ended(scripts: Scripts) -> None:
    script = f'{" ".join(scripts.sleeper())} & read -r line < "$1"; kill -9 $$'
    fifo = scripts.directory / "fifo"
    os.mkfifo(fifo)

    def go_on() -> None:
        fifo.write_text("go\n")

    log = Log(then=go_on)
    end = run_driver(["bash", "-c", script, "bash", str(fifo)], PATH, Path("/"), log)

    assert (end.exit_code, end.signal) == (None, signal.SIGKILL)
    assert len(end.remarks) == 1
    assert scripts.alive() == []


def test_a_process_that_ends_soon_after_the_driver_is_left_in_peace() -> None:
    end, lines = run("sh", "-c", "(sleep 0.2; echo I had time) & exit 0")

    assert lines == ["I had time"]
    assert end == DriverEnd(0, None, "I had time")


def test_a_run_leaves_no_child_and_no_descriptor() -> None:
    started: list[tuple[int, ...]] = []
    before = os.listdir("/proc/self/fd")

    for _ in range(3):
        run_driver(["true"], PATH, Path("/"), Log(), started.append)

    assert os.listdir("/proc/self/fd") == before
    assert len(started) == 3
    for _, guardian_pid in started:
        with pytest.raises(ChildProcessError):
            os.waitpid(guardian_pid, os.WNOHANG)


# Stopping


def test_stop_from_another_thread_ends_the_driver(scripts: Scripts) -> None:
    log = Log()
    driver = DriverProcess(scripts.parent_of_sleeper(), PATH, Path("/"), log)
    alive_after_stop: list[str] = []

    def stop() -> None:
        log.came.wait(30.0)
        driver.stop()
        alive_after_stop.extend(scripts.alive())

    stopper = threading.Thread(target=stop)
    stopper.start()
    end = driver.run()
    stopper.join(30.0)

    assert end == DriverEnd(None, signal.SIGTERM, "ready", stopped=True)
    assert alive_after_stop == []


def test_stop_from_a_signal_handler_in_the_thread_of_run(scripts: Scripts) -> None:
    log = Log(then=lambda: os.kill(os.getpid(), signal.SIGUSR1))
    driver = DriverProcess(scripts.sleeper(), PATH, Path("/"), log)
    alive_in_handler: list[list[str]] = []

    def handler() -> None:
        driver.stop()
        driver.stop()  # Airflow may call on_kill twice
        alive_in_handler.append(scripts.alive())

    with on_usr1(handler):
        end = driver.run()

    assert end == DriverEnd(None, signal.SIGTERM, "ready", stopped=True)
    assert alive_in_handler == [[]]


def test_a_driver_may_end_in_its_own_way_when_it_is_stopped() -> None:
    log = Log(then=lambda: os.kill(os.getpid(), signal.SIGUSR1))
    driver = DriverProcess([sys.executable, "-c", TIDY], PATH, Path("/"), log)

    with on_usr1(driver.stop):
        end = driver.run()

    assert end == DriverEnd(143, None, "ready\ntidied", stopped=True)


def test_stop_kills_a_driver_that_does_not_listen(scripts: Scripts) -> None:
    log = Log(then=lambda: os.kill(os.getpid(), signal.SIGUSR1))
    driver = DriverProcess(scripts.sleeper("deaf"), PATH, Path("/"), log, grace_s=0.3)
    with on_usr1(driver.stop):
        end = driver.run()

    assert end == DriverEnd(None, signal.SIGKILL, "ready", stopped=True)
    assert scripts.alive() == []


def test_stop_kills_a_process_that_left_the_session_of_the_driver(scripts: Scripts) -> None:
    log = Log(then=lambda: os.kill(os.getpid(), signal.SIGUSR1))
    driver = DriverProcess(scripts.parent_of_sleeper("stubborn"), PATH, Path("/"), log, grace_s=0.3)

    with on_usr1(driver.stop):
        end = driver.run()

    assert end == DriverEnd(None, signal.SIGTERM, "ready", stopped=True)
    assert scripts.alive() == []


def test_a_driver_that_was_stopped_before_it_started_does_not_start(scripts: Scripts) -> None:
    started: list[tuple[int, ...]] = []
    trace = scripts.directory / "trace"
    driver = DriverProcess(["touch", str(trace)], PATH, Path("/"), Log(), started.append)

    driver.stop()
    end = driver.run()
    driver.stop()

    assert end == DriverEnd(None, None, "", stopped=True)
    assert (started, trace.exists()) == ([], False)


def test_an_exception_in_the_waiting_thread_ends_the_driver(scripts: Scripts) -> None:
    class TimedOut(BaseException):
        pass

    def time_out() -> None:
        raise TimedOut

    log = Log(then=lambda: os.kill(os.getpid(), signal.SIGUSR1))
    with on_usr1(time_out), pytest.raises(TimedOut):
        run_driver(scripts.parent_of_sleeper(), PATH, Path("/"), log)

    assert scripts.alive() == []


def test_a_log_that_takes_no_more_ends_the_driver(scripts: Scripts) -> None:
    def emit(_: str) -> None:
        raise BrokenPipeError("the task's log is gone")

    with pytest.raises(BrokenPipeError, match="the task's log is gone"):
        run_driver(scripts.parent_of_sleeper(), PATH, Path("/"), emit)

    assert scripts.alive() == []


def test_a_start_that_cannot_be_reported_ends_the_driver(scripts: Scripts) -> None:
    def on_started(_: tuple[int, ...]) -> None:
        raise ConnectionError("no store")

    with pytest.raises(ConnectionError, match="no store"):
        run_driver(scripts.parent_of_sleeper(), PATH, Path("/"), Log(), on_started)

    assert scripts.alive() == []


# When somebody is killed


class Task:
    """A task process: a process of its own that runs a driver."""

    def __init__(self, scripts: Scripts, driver: list[str], grace_s: float = 10.0) -> None:
        self.result = scripts.directory / "result"
        command = [sys.executable, scripts.path("task.py"), str(self.result), str(grace_s), *driver]
        self.process = start(command)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def start(command: list[str]) -> subprocess.Popen[bytes]:
    """Starts the command and returns when it, or a process below it, has said that it is ready."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


@pytest.mark.parametrize("words", [[], ["deaf"], ["stubborn"]])
def test_kill_9_of_the_task_process_leaves_nothing(scripts: Scripts, words: list[str]) -> None:
    task = Task(scripts, scripts.parent_of_sleeper(*words), grace_s=1.0)
    before = scripts.alive()

    task.kill()

    assert len(before) == 4  # task, guardian, parent, sleeper
    assert scripts.gone_within(30.0)


def test_kill_9_of_the_task_process_while_a_fork_of_it_holds_the_pipes(scripts: Scripts) -> None:
    pid_file = scripts.directory / "fork"
    script = scripts.write("forking_task.py", FORKING_TASK)
    task = start([sys.executable, script, str(pid_file), *scripts.parent_of_sleeper()])
    assert happens(pid_file.exists, 10.0)

    task.kill()
    task.wait()

    # The fork bears the same command line as the task process.
    left_is_the_fork = happens(lambda: [*map(is_fork, scripts.alive())] == [True], 30.0)
    os.kill(int(pid_file.read_text()), signal.SIGKILL)
    task.communicate()
    assert left_is_the_fork


def is_fork(line: str) -> bool:
    return "forking_task.py" in line


def test_kill_9_of_the_guardian_is_told_and_leaves_nothing(scripts: Scripts) -> None:
    pids: list[tuple[int, ...]] = []
    log = Log(then=lambda: os.kill(pids[0][1], signal.SIGKILL))

    end = run_driver(scripts.parent_of_sleeper("deaf"), PATH, Path("/"), log, pids.append)

    assert (end.exit_code, end.signal, end.stopped) == (None, None, False)
    assert len(end.remarks) == 1
    assert end.remarks[0].startswith(
        f"The guardian of the driver, process {pids[0][1]}, was itself killed or hung. What was left of the "
        "driver was killed: "
    )
    assert scripts.alive() == []


def test_a_guardian_that_hangs_is_killed_with_everything(scripts: Scripts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("couture_ops.launch.GUARDIAN_SLACK_S", 0.0)
    monkeypatch.setattr("couture_ops.guardian.KILL_S", 1.0)
    pids: list[tuple[int, ...]] = []
    log = Log(then=lambda: os.kill(os.getpid(), signal.SIGUSR1))
    driver = DriverProcess(scripts.parent_of_sleeper("stubborn"), PATH, Path("/"), log, pids.append, grace_s=0.2)

    def handler() -> None:
        os.kill(pids[0][1], signal.SIGSTOP)
        driver.stop()

    with on_usr1(handler):
        end = driver.run()

    assert end.stopped
    assert end.remarks[0].startswith(f"The guardian of the driver, process {pids[0][1]}, was itself killed")
    assert scripts.alive() == []


def test_sigterm_to_the_guardian_stops_the_driver(scripts: Scripts) -> None:
    pids: list[tuple[int, ...]] = []
    log = Log(then=lambda: os.kill(pids[0][1], signal.SIGTERM))

    end = run_driver(scripts.sleeper(), PATH, Path("/"), log, pids.append)

    assert end == DriverEnd(None, signal.SIGTERM, "ready", stopped=True)
    assert scripts.alive() == []


def test_the_driver_is_stopped_when_the_supervisor_of_its_task_dies(scripts: Scripts) -> None:
    result = scripts.directory / "result"
    task = [scripts.path("task.py"), str(result), "10.0", *scripts.parent_of_sleeper()]
    supervisor = start([sys.executable, scripts.path("parent.py"), *task])

    supervisor.kill()
    supervisor.communicate()

    assert scripts.gone_within(30.0)
    assert result.read_text() == f"SupervisorGone: {SupervisorGone(supervisor.pid)}"


# The environment of a driver


def test_a_driver_gets_the_workers_environment_without_airflows_own() -> None:
    worker = {
        "PATH": "/bin",
        "LANG": "en_US.UTF-8",
        "AIRFLOW_HOME": "/opt/airflow",
        "AIRFLOW_CTX_DAG_ID": "ratings",
        "AIRFLOW__CORE__FERNET_KEY": "secret",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "secret",
        "AIRFLOW_CONN_STORE": "secret",
        "AIRFLOW_VAR_TOKEN": "secret",
        "_AIRFLOW_PROCESS_CONTEXT": "client",
        "_AIRFLOW__AS_LIBRARY": "1",
        "__AIRFLOW_SUPERVISOR_FD": "7",
        "HADOOP_CONF_DIR": "/etc/hadoop",
        "YARN_CONF_DIR": "/etc/hadoop",
        "KRB5_CONFIG": "/etc/krb5.conf",
    }

    assert driver_environment(worker, {"SPARK_HOME": "/opt/spark", "PATH": "/opt/bin"}) == {
        "PATH": "/opt/bin",
        "LANG": "en_US.UTF-8",
        "AIRFLOW_HOME": "/opt/airflow",
        "AIRFLOW_CTX_DAG_ID": "ratings",
        "SPARK_HOME": "/opt/spark",
    }


def test_additions_are_given_whatever_their_name() -> None:
    additions = {
        "HADOOP_CONF_DIR": "/conf",
        "KRB5_CONFIG": "/krb5.conf",
        "AIRFLOW__X": "y",
        "LANG": "C.UTF-8",
    }

    assert driver_environment({"HADOOP_CONF_DIR": "/etc/hadoop"}, additions) == additions


@pytest.mark.parametrize(
    ("worker", "additions", "lc_all"),
    [
        ({}, {}, "C.UTF-8"),
        ({"LANG": ""}, {}, "C.UTF-8"),
        ({"LANG": "C"}, {}, "C.UTF-8"),
        ({"LC_ALL": "POSIX", "LANG": "de_DE.UTF-8"}, {}, "C.UTF-8"),
        ({"LC_CTYPE": "C", "LANG": "de_DE.UTF-8"}, {}, "C.UTF-8"),
        ({"LC_ALL": "C"}, {"LANG": "de_DE.UTF-8"}, "C.UTF-8"),
        ({"LANG": "de_DE.UTF-8"}, {}, None),
        ({"LC_CTYPE": "C.UTF-8"}, {}, None),
        ({"LC_ALL": "de_DE.UTF-8", "LANG": "C"}, {}, "de_DE.UTF-8"),
        ({}, {"LC_ALL": "C"}, "C"),
    ],
)
def test_a_locale_that_loses_characters_is_replaced(
    worker: dict[str, str], additions: dict[str, str], lc_all: str | None
) -> None:
    assert driver_environment(worker, additions).get("LC_ALL") == lc_all


# What the guardian costs


def test_a_driver_costs_little_time() -> None:
    seconds: list[float] = []
    for _ in range(5):
        started = time.perf_counter()
        run("true")
        seconds.append(time.perf_counter() - started)

    assert min(seconds) < 0.2  # 0.04 on a quiet machine
