"""Input that nobody meant to what the pages read: Hadoop files, pasted blocks, forms, every page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.soak import fuzz_pages
from tools.soak.figures import Figure, none_of
from tools.soak.fuzz_domain import attack
from tools.soak.progress import say
from tools.soak.trials.fuzz import MEMORY_MB, peak_mb

if TYPE_CHECKING:
    from tools.soak.stage import Stage

#: A request takes as long as many calls of the domain: one of so many inputs goes to the pages themselves.
REQUEST_OF = 20


def measure(stage: Stage) -> list[Figure]:
    """Fuzz, first what is read, then the pages that read it."""
    before, count = peak_mb(), stage.scale.page_inputs
    requested = count // REQUEST_OF
    drawn = (count - requested) // len(fuzz_pages.DOMAIN) // fuzz_pages.OF_ONE
    faults: list[str] = []
    inputs = 0
    for name, target in fuzz_pages.DOMAIN.items():
        say(f"fuzz_pages: {drawn * fuzz_pages.OF_ONE:,} inputs to {name}")
        fault, tried = attack(target, drawn)
        faults += [f"{name}: {fault}"] if fault else []
        inputs += tried * fuzz_pages.OF_ONE
    say(f"fuzz_pages: {requested:,} requests to the pages")
    fault, requests = fuzz_pages.attack_pages(stage.scratch("fuzz_pages"), requested)
    answered = [fault] if fault else []
    return [
        none_of("fuzz_pages_domain", "exceptions beyond the domain's own, broken promises", faults, inputs),
        none_of("fuzz_pages_requests", "answers with 5xx of pages, files outside of the store", answered, requests),
        Figure("fuzz_pages_inputs", "inputs in all to what the pages read", inputs + requests, "", inputs + requests),
        Figure("fuzz_pages_memory", "memory that it took, at most", peak_mb() - before, "MB", 1, MEMORY_MB),
    ]
