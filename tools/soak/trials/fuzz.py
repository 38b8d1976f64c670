"""Input that nobody meant: random requests to every route as each role, random values to the domain."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

from tools.soak import fuzz_api, fuzz_domain
from tools.soak.figures import Figure, none_of
from tools.soak.progress import say

if TYPE_CHECKING:
    from tools.soak.stage import Stage

MB = 1024
#: What the whole of the fuzzing may take beyond what the process had before.
MEMORY_MB = 400


def measure(stage: Stage) -> list[Figure]:
    """Fuzz, first the domain, then the API."""
    before = peak_mb()
    each = max(1, stage.scale.fuzz_inputs // len(fuzz_domain.TARGETS))
    faults: list[str] = []
    inputs = 0
    for name, target in fuzz_domain.TARGETS.items():
        say(f"fuzz: {each:,} inputs to {name}")
        fault, sent = fuzz_domain.attack(target, each)
        faults += [f"{name}: {fault}"] if fault else []
        inputs += sent
    say(f"fuzz: {stage.scale.fuzz_requests:,} requests as {', '.join(fuzz_api.ROLES)}")
    answers = fuzz_api.attack(stage.scratch("fuzz"), stage.scale.fuzz_requests)
    return [
        none_of("fuzz_domain", "exceptions beyond the domain's own, broken promises, escapes", faults, inputs),
        none_of("fuzz_api", "answers with 5xx to requests of schemathesis", answers.faults, answers.requests),
        Figure(
            "fuzz_inputs", "inputs in all", inputs + answers.requests, "", inputs + answers.requests, note=answers.told
        ),
        Figure("fuzz_memory", "memory that fuzzing took, at most", peak_mb() - before, "MB", 1, MEMORY_MB),
    ]


def peak_mb() -> float:
    """The most memory that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MB
