"""What helps on when something named is not there: the command that lists what is."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from urllib.parse import unquote

from couture_ops.cli.connection import API_PREFIX

#: Beginning of a route's path, ``*`` for a name -> the sentence, made of the names in the path.
_STEPS: tuple[tuple[tuple[str, ...], Callable[[Sequence[str]], str]], ...] = (
    (("groups", "*", "hadoop"), lambda names: f"`couture hadoop list {names[0]}` lists its files."),
    (("groups", "*", "rollback"), lambda names: f"`couture groups history {names[0]}` lists its revisions."),
    (("groups", "*", "diff"), lambda names: f"`couture groups history {names[0]}` lists its revisions."),
    (("artifacts", "*"), lambda names: f"`couture artifacts list {names[0]}` lists what there is."),
    (("submissions",), lambda _: "`couture submissions` lists them."),
    (
        ("dags", "*", "tree"),
        lambda _: "`couture dags` lists the DAGs that start others; Airflow's page Dags, all runs.",
    ),
    (
        ("previews", "dags", "*"),
        lambda _: (
            "A DAG is known once Airflow has read its file: look at its page Dags, and at the import errors there."
        ),
    ),
)


def next_step(path: str) -> str | None:
    """The sentence for the path of a request whose answer was 404; None where none helps."""
    _, is_ours, rest = path.partition(f"{API_PREFIX}/")
    segments = [unquote(segment) for segment in rest.split("/")] if is_ours else []
    for pattern, sentence in _STEPS:
        if len(pattern) <= len(segments) and all(p in ("*", s) for p, s in zip(pattern, segments, strict=False)):
            return sentence([shlex.quote(s) for p, s in zip(pattern, segments, strict=False) if p == "*"])
    return None
