"""What changes in a child run from one look to the next, in words, and what its end means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from config_store.wire import ChildState

_ENDS = frozenset({"success", "failed"})
_FAILED = frozenset({"failed", "upstream_failed"})


class ChildWatch:
    """Remembers what was told of one run."""

    def __init__(self, dag_id: str, run_id: str) -> None:
        self._name = f"Run {run_id} of {dag_id}"
        self._state: str | None = None
        self._waits_for = ""
        self._tasks: dict[str, str] = {}

    def changes(self, seen: ChildState) -> str:
        """A line for each change since the last look, as one text; empty when nothing changed."""
        lines = "\n".join(self._lines(seen))
        self._state, self._waits_for, self._tasks = seen.state, seen.waits_for, dict(seen.tasks)
        return lines

    def _lines(self, seen: ChildState) -> Iterator[str]:
        if seen.state is not None and seen.state != self._state:
            yield f"{self._name} is {seen.state}"
        if seen.waits_for and seen.waits_for != self._waits_for:
            yield f"{self._name} waits: {seen.waits_for}"
        for task in sorted(seen.tasks.keys() | self._tasks.keys()):
            old, new = self._tasks.get(task), seen.tasks.get(task)
            if old != new:
                yield f"  {task}: {old} -> {new or 'cleared'}" if old else f"  {task}: {new}"


def event_of(seen: ChildState) -> dict[str, Any] | None:
    """What the end of a run means for the task that waits; None while it goes on."""
    if seen.state is not None and seen.state not in _ENDS:
        return None
    failed = sorted(task for task, state in seen.tasks.items() if state in _FAILED)
    own = [task for task in failed if seen.tasks[task] == "failed"]
    return {"state": seen.state, "duration_s": seen.duration_s, "failed_tasks": own or failed}
