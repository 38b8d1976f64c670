"""One demo from its beginning to its end."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from typing import TYPE_CHECKING

from tools.demo.airflow import ADMIN, FIRST_PROCESS, PROCESSES, Airflow, choose_port, install
from tools.demo.errors import ExampleFailed, Interrupted, NoJava, ProcessEnded
from tools.demo.example import DAG_ID, Example
from tools.demo.home import DemoHome, only_demo
from tools.demo.processes import Supervisor, end_processes, find_processes
from tools.demo.progress import complain, say
from tools.demo.store import Client, check_files, copy_input, fill_store
from tools.demo.warming import Warming

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType


def run_demo(folder: Path, wanted_port: int | None, *, once: bool) -> int:
    """Bring it up, run the example, stay up until a signal (``once``: end with the example).

    Answers the exit code: 0 when the example succeeded. Raises DemoError when it did not come that far.
    """
    check_java()
    check_files()
    home = DemoHome(folder.resolve())
    home.make()
    airflow = Airflow(home, choose_port(wanted_port))
    with only_demo(home, airflow.url):
        end_former_demo(home)
        for number in (signal.SIGTERM, signal.SIGHUP):  # a closed terminal ends it as Ctrl-C does
            signal.signal(number, _interrupt)
        try:
            airflow.write_settings()
            copy_input(airflow)
            with Warming(airflow) as warming:
                install(airflow)
                return Session(airflow, warming, once=once).run()
        finally:
            end_processes(home)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def check_java() -> None:
    """Raise NoJava unless spark-submit will find one."""
    java_home = os.environ.get("JAVA_HOME")
    in_home = java_home and os.access(os.path.join(java_home, "bin", "java"), os.X_OK)
    if not in_home and (java_home or not shutil.which("java")):
        raise NoJava(java_home)


def end_former_demo(home: DemoHome) -> None:
    """End what a demo left behind that was killed itself; nobody else could."""
    if left := find_processes(home):
        say(f"ending {len(left)} processes that a killed demo left behind")
        for process in left:
            process.terminate()
        end_processes(home)


class Session:
    """Watches Airflow's processes in the main thread, which gets the signals, and uses Airflow in another."""

    def __init__(self, airflow: Airflow, warming: Warming, *, once: bool) -> None:
        self._airflow = airflow
        self._warming = warming
        self._once = once
        self._story = threading.Thread(target=self._tell, name="story")
        self._supervisor = Supervisor(airflow.home, self._story.start)
        self._error: Exception | None = None
        self._exit_code: int | None = None

    def run(self) -> int:
        """Until all processes have ended; answers the exit code. Raises what went wrong."""
        say(f"Airflow: {', '.join(PROCESSES)}; logs in {self._airflow.home.shown(self._airflow.home.logs)}")
        environment = self._airflow.environment()
        for name, argv in PROCESSES.items():
            # a scheduler takes up the tasks of a former demo at once, and they ask the API server
            self._supervisor.add(name, argv, environment, held=name != FIRST_PROCESS)
        # honcho takes SIGINT and SIGTERM for itself
        signal.signal(signal.SIGHUP, lambda _signal, _frame: self._supervisor.terminate())
        signal_code = self._supervisor.run()
        self._story.join()
        if self._supervisor.ended_alone:
            raise ProcessEnded(self._supervisor.ended_alone, self._airflow.home.logs)
        if self._error and not isinstance(self._error, Interrupted):
            raise self._error
        say("stopped")
        return signal_code if self._exit_code is None else self._exit_code

    def _tell(self) -> None:
        try:
            self._exit_code = self._bring_up()
            if self._once:
                self._supervisor.terminate()
            else:
                self._show_ways_on()
        except Exception as error:
            self._error = error
            self._supervisor.terminate()

    def _bring_up(self) -> int:
        with Example(self._airflow, self._supervisor.stopping) as example:
            example.wait_until_served()
            self._supervisor.release()
            example.wait_until_healthy()
            self._warming.wait(self._supervisor.stopping)
            fill_store(self._airflow, Client(self._airflow))
            try:
                example.run()
            except ExampleFailed as error:
                if self._once:
                    raise
                complain(str(error))  # and stay up, so that one can look into it
                return 1
        say("the example succeeded")
        return 0

    def _show_ways_on(self) -> None:
        home = self._airflow.home
        print(
            f"""
  Airflow          {self._airflow.url}
                   user {ADMIN}, password in {home.shown(home.password_file)}
  Change a setting, run the example again, compare what ran:
                   export COUTURE_CONFIG_DIR={home.client_config}
                   .venv/bin/couture settings set prod spark.sql.shuffle.partitions=2 --note "small data"
                   AIRFLOW_HOME={home.folder} .venv/bin/airflow dags trigger {DAG_ID}
                   .venv/bin/couture submissions
                   .venv/bin/couture dags tree {DAG_ID}
  Stop             Ctrl-C
""",
            flush=True,
        )
        say("the demo is up")
