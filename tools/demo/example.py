"""Runs an example DAG and tells how it goes, and how the DAGs go that it starts."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

from couture_ops.cli.dag_tree import print_tree
from tools.demo.airflow import ADMIN
from tools.demo.api import PARTS, AirflowApi, Task, TaskLog
from tools.demo.errors import DagBroken, ExampleFailed, Interrupted, TooSlow, Unavailable
from tools.demo.processes import listens
from tools.demo.progress import say

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Mapping

    from tools.demo.airflow import Airflow

Found = TypeVar("Found")

#: The main one: a master, which runs all the others that use Spark.
DAG_ID = "couture_movies"
#: How the lines begin that the jobs print.
RESULTS = ("ratings: ", "top movies: ", "train: ", "compare: ", "batch ")
ENDED = ("success", "failed")
POLL_S = 0.5
HEALTHY_S, START_S, RUN_S, ANSWER_S = 360.0, 240.0, 900.0, 60.0


def new_run_id() -> str:
    """A name that no other run has."""
    return f"demo__{time.strftime('%Y%m%dT%H%M%S')}_{secrets.token_hex(2)}"


class Place(NamedTuple):
    """A task in its run. ``way``: the tasks of masters that led there; ``starts``: whether it starts a DAG itself."""

    way: tuple[str, ...]
    dag_id: str
    run_id: str
    task: Task
    starts: bool

    @property
    def name(self) -> str:
        """``prepare > clean``: the task clean of the DAG that prepare starts."""
        return " > ".join((*self.way, self.task.name))


def runs_of(node: dict[str, Any], way: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """The nodes of a tree that have a run, each with the tasks that led there."""
    if node["run_id"]:
        yield way, node
    for child in node["children"]:
        index = "" if child["map_index"] is None else f"[{child['map_index']}]"
        yield from runs_of(child, (*way, f"{child['task_id']}{index}"))


def nodes_of(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The node and all below it."""
    yield node
    for child in node["children"]:
        yield from nodes_of(child)


class Example:
    """A DAG's way in one Airflow; every wait ends when ``stopping`` is set. ``with`` closes its connections."""

    def __init__(self, airflow: Airflow, stopping: threading.Event) -> None:
        self._airflow = airflow
        self._api = AirflowApi(airflow.url)
        self._stopping = stopping
        self._begun = datetime.now(UTC)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._api.close()

    def wait_until_served(self) -> None:
        """Until the API server answers, and reaches the database."""
        self._wait("The API server", lambda: self._unwell(("metadatabase",)), HEALTHY_S)

    def wait_until_healthy(self) -> None:
        """Until all four processes say that they are well; logs in."""
        self._wait("A healthy Airflow", lambda: self._unwell(PARTS), HEALTHY_S)
        password = self._airflow.home.password_file.read_text().strip()
        self._get("the admin's token", lambda: self._api.login(ADMIN, password))

    def _unwell(self, parts: tuple[str, ...]) -> tuple[bool | None, str]:
        if not listens(self._airflow.home, self._airflow.port):
            return None, "the API server does not listen"
        states = self._api.health()
        unwell = [f"{part} {states[part]}" for part in parts if states[part] != "healthy"]
        return (None if unwell else True), ", ".join(unwell)

    def run(self, dag_id: str = DAG_ID, conf: Mapping[str, Any] | None = None) -> None:
        """Start a run, show how its tasks and those of its children go, and what they found out. Raises ExampleFailed.

        Of a master the tree is printed at the end, however that is.
        """
        run_id = new_run_id()
        self._wait(f"A run of {dag_id}", lambda: self._start(dag_id, run_id, conf or {}), START_S)
        say(f"run {run_id} of {dag_id}")
        document, places = self._watch(dag_id, run_id)
        succeeded = document["tree"]["state"] == "success"
        if succeeded:
            self._tell_results(places)
        if document["tree"]["children"]:
            print_tree(document)
        if not succeeded:
            raise self._failure(places)

    def _start(self, dag_id: str, run_id: str, conf: Mapping[str, Any]) -> tuple[bool | None, str]:
        for path, trace in self._api.import_errors(self._begun).items():
            raise DagBroken(path, trace)
        document = self._api.tree(dag_id)
        if document is None:
            return None, "not parsed yet"
        nodes = list(nodes_of(document["tree"]))
        if missing := [node["dag_id"] for node in nodes if node["kind"] == "missing"]:
            return None, f"not parsed yet: {', '.join(missing)}"
        for paused in dict.fromkeys(node["dag_id"] for node in nodes if node["kind"] == "paused"):
            self._api.unpause(paused)
        self._api.trigger(dag_id, run_id, conf)
        return True, "started"

    def _watch(self, dag_id: str, run_id: str) -> tuple[dict[str, Any], list[Place]]:
        """The tree and all its tasks, when the run has ended."""
        told: dict[str, str | None] = {}

        def ended() -> tuple[tuple[dict[str, Any], list[Place]] | None, str]:
            document = self._api.tree(dag_id, run_id)  # before the tasks: whose last states are seen then, too
            places = list(self._places(document["tree"]))
            for place in places:
                if place.task.state != told.get(place.name):
                    say(f"  {place.name}: {place.task.state}")
                told[place.name] = place.task.state
            state = document["tree"]["state"]
            return ((document, places) if state in ENDED else None), f"{state}, tasks {told}"

        return self._wait("The end of the run", ended, RUN_S)

    def _places(self, tree: dict[str, Any]) -> Iterator[Place]:
        for way, node in runs_of(tree):
            starting = {child["task_id"] for child in node["children"]}
            for task in self._api.tasks(node["dag_id"], node["run_id"]):
                yield Place(way, node["dag_id"], node["run_id"], task, task.task_id in starting)

    def _tell_results(self, places: list[Place]) -> None:
        for place in places:
            if place.task.state in ENDED and not place.starts:
                for line in self._read_log(place).lines:
                    if line.startswith(RESULTS):
                        say(f"  {line}")

    def _failure(self, places: list[Place]) -> ExampleFailed:
        """Of the tasks that failed, the one that is no master's own: the others failed because of it."""
        failed = sorted((place for place in places if place.task.state == "failed"), key=lambda place: place.starts)
        if not failed:
            return ExampleFailed(None, [])
        log = self._read_log(failed[0])
        return ExampleFailed(failed[0].name, log.failure or log.lines)

    def _read_log(self, place: Place) -> TaskLog:
        task, run = place.task, (place.dag_id, place.run_id)
        attempt = max(1, task.try_number)  # 0: it ended before it began
        return self._get(
            f"the log of {place.name}", lambda: self._api.task_log(*run, task.task_id, attempt, task.map_index)
        )

    def _get(self, what: str, ask: Callable[[], Found]) -> Found:
        """What ``ask`` answers, as soon as Airflow can."""
        return self._wait(what, lambda: ((ask(),), ""), ANSWER_S)[0]

    def _wait(self, what: str, look: Callable[[], tuple[Found | None, str]], timeout_s: float) -> Found:
        """What ``look`` finds; beside it, it says what there is to see. Raises TooSlow and Interrupted."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                found, seen = look()
            except Unavailable as error:
                found, seen = None, str(error)
            if found is not None:
                return found
            if self._stopping.wait(POLL_S):
                raise Interrupted
            if time.monotonic() > deadline:
                raise TooSlow(what, timeout_s, seen, self._airflow.home.logs)
