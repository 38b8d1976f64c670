"""Trees as text: lines that align, words for every kind of node, colours for terminals alone."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest

from couture_ops.cli.dag_tree import duration_text, print_tree, tree_text
from tests.couture_ops.cli.terminal import open_terminal


def node(dag_id: str | None, kind: str = "child", *children: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A node as the API tells it."""
    fields = {"task_id": dag_id, "map_index": None, "mapped": False, "conditional": False, "written": None}
    run = {"task_state": None, "run_id": None, "state": None, "start": None, "end": None, "duration_s": None}
    return {"dag_id": dag_id, "kind": kind, **fields, **run, "cut": False, "children": list(children), **more}


def master(*children: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The answer of the API for a master that has run."""
    ran = {"run_id": "r1", "state": "running", "start": "2026-03-01T12:00:00Z", "duration_s": 3725.0}
    root = node("night", "master", *children, task_id=None, **{**ran, **more})
    return {"dag_id": "night", "run_id": root["run_id"], "tree": root}


TREE = master(
    node("prepare", "child", node("load", "paused"), node("gone", "missing"), state="success", duration_s=62.4),
    node("train", mapped=True, map_index=0, state="failed", duration_s=5.0),
    node("train", mapped=True, map_index=1, state="running", duration_s=7.0, conditional=True),
    node("compare", "child", node("night", "cycle"), task_state="skipped", conditional=True),
    node("payroll", "locked", task_state="success"),
    node(None, "templated", task_id="any", written="{{ params.dag }}"),
    node("old", "import-errors", cut=True),
)
TEXT = """\
Run r1 of night, begun 2026-03-01 12:00:00 UTC
night                       running    1h 02m
├─ prepare -> prepare       success    1m 02s
│  ├─ load -> load          -                  PAUSED
│  └─ gone -> gone          -                  MISSING: there is no such DAG
├─ train[0] -> train        failed     5s
├─ train[1] -> train        running    7s      conditional
├─ compare -> compare       (skipped)          conditional
│  └─ night -> night        -                  CYCLE: it would start itself
├─ payroll -> payroll       (success)          locked: you may not read this DAG
├─ any -> {{ params.dag }}  -                  named by a template
└─ old -> old               -                  IMPORT ERRORS, its children are left out: the tree is too large"""


def test_a_tree_of_every_kind() -> None:
    assert tree_text(TREE) == TEXT


def test_characters_that_every_terminal_has() -> None:
    lines = tree_text(TREE, plain=True).splitlines()
    assert lines[2:5] == [
        "|- prepare -> prepare       success    1m 02s",
        "|  |- load -> load          -                  PAUSED",
        "|  `- gone -> gone          -                  MISSING: there is no such DAG",
    ]
    assert "\n".join(lines).isascii()


def test_colours() -> None:
    lines = tree_text(TREE, colour=True).splitlines()
    assert "\x1b[32msuccess  \x1b[0m" in lines[2]
    assert lines[3].endswith("\x1b[31mPAUSED\x1b[0m")
    assert "\x1b[31mfailed" in lines[5]
    assert lines[6].endswith("  conditional")


def on_a_terminal() -> str:
    """What a terminal gets of the tree."""
    controller, terminal = open_terminal()
    with os.fdopen(terminal, "w", encoding="utf-8") as screen, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", screen)
        print_tree(TREE)
    shown = os.read(controller, 100_000).decode()
    os.close(controller)
    return shown.replace("\r\n", "\n")


def test_colours_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[31mPAUSED\x1b[0m" in on_a_terminal()
    print_tree(TREE)
    assert capsys.readouterr().out == f"{TEXT}\n"
    monkeypatch.setenv("NO_COLOR", "1")
    assert on_a_terminal() == f"{TEXT}\n"


def test_nothing_to_show() -> None:
    assert tree_text(master()) == (
        "Run r1 of night, begun 2026-03-01 12:00:00 UTC\nnight  running  1h 02m\nIt starts no other DAG."
    )
    never = master(node("a"), run_id=None, state=None, start=None, duration_s=None)
    assert tree_text(never) == "night has not run yet.\nnight      -\n└─ a -> a  -"


def test_before_a_mapped_task_is_expanded() -> None:
    assert "└─ a[] -> a" in tree_text(master(node("a", mapped=True)))


def test_names_cannot_trick_a_terminal() -> None:
    evil = master(node(None, "templated", task_id="t", written="{{ '\x1b[2J\n' }}"))
    assert "t -> {{ '\\x1b[2J\\n' }}" in tree_text(evil)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (-0.4, "0s"), (0, "0s"), (59.4, "59s"), (59.6, "1m 00s"), (3599, "59m 59s"), (7500, "2h 05m")],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert duration_text(seconds) == text
