"""How often everything is tried: as often as the promises say, or a few times to see that it works."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Counts; ``wave``: runs at once, ``away_s``: seconds that the API server is away at each step of a task.

    ``master_kills``: of the worker, the triggerer and the scheduler each; ``children``: of one master at once.
    """

    name: str
    server_kills: int
    clients: int
    groups: int
    saves: int
    disk_mb: int
    task_kills: int
    supervisor_kills: int
    wave: int
    away_s: float
    fuzz_inputs: int
    fuzz_requests: int
    page_inputs: int
    oracle_examples: int
    master_kills: int
    children: int


FULL = Scale(
    name="full",
    server_kills=100,
    clients=8,
    groups=3,
    saves=10_000,
    disk_mb=32,
    task_kills=20,
    supervisor_kills=20,
    wave=5,
    away_s=60.0,
    fuzz_inputs=90_000,
    fuzz_requests=15_000,
    page_inputs=110_000,
    oracle_examples=3_000,
    master_kills=20,
    children=200,
)
SMALL = Scale(
    name="small",
    server_kills=3,
    clients=4,
    groups=2,
    saves=200,
    disk_mb=8,
    task_kills=1,
    supervisor_kills=1,
    wave=1,
    away_s=3.0,
    fuzz_inputs=2_000,
    fuzz_requests=400,
    page_inputs=2_000,
    oracle_examples=40,
    master_kills=3,
    children=10,
)
SCALES = {scale.name: scale for scale in (FULL, SMALL)}
