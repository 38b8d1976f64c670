"""Measures what lies between two children of a master: from the end of one's run to the start of the next one's."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.bench.figures import Figure, at_most, figure_of
from tools.bench.masters import PEER_POLL_S
from tools.bench.progress import say
from tools.bench.statistics import take_turns

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.bench.masters import MastersSide
    from tools.bench.stage import Stage
    from tools.bench.statistics import Samples


def measure(stage: Stage) -> list[Figure]:
    """Chains of both operators in one Airflow, first with the standard's default poll, then with one of a second."""
    rounds, length = stage.scale.chain_runs, stage.scale.chain_length
    with stage.masters() as side:
        ours, peer, prompt = (Runner(side, name, length) for name in ("ours", "peer", "prompt"))
        for runner in (ours, prompt):  # what runs first imports and compiles
            runner()
        ours.forget()
        prompt_samples = take_turns(rounds, ours, prompt, _teller("a poll of 1 s"))
        say(f"dagop: a chain of the peer's takes about {length * (PEER_POLL_S + 5) / 60:.0f} min")
        samples = take_turns(rounds, ours, peer, _teller(f"a poll of {PEER_POLL_S} s"))
    what = f"from the end of one of {length} trivial children to the start of the next"
    default = f"{what}; the peer: TriggerDagRunOperator, deferrable, with its default poll of {PEER_POLL_S} s"
    told = f"the triggerer asked {ours.requests} times in {ours.seconds:.0f} s of chains"
    return [
        figure_of("dagop", default, samples, "s", at_most(0.5), told),
        figure_of("dagop_prompt", f"{what}; the peer's poll: 1 s", prompt_samples, "s", at_most(1.1)),
    ]


@dataclass
class Runner:
    """Runs chains of one side; ``requests`` for states came to the API server during ``seconds`` of them."""

    side: MastersSide
    name: str
    length: int
    requests: int = 0
    seconds: float = 0.0

    def __call__(self) -> float:
        """The mean gap of one chain, in seconds. Raises RunFailed, WrongResult."""
        begun, asked = time.monotonic(), self.side.requests_for_states()
        chain = self.side.run_chain(f"chain_{self.name}", f"child_{self.name}", self.length)
        self.seconds += time.monotonic() - begun
        self.requests += self.side.requests_for_states() - asked
        return chain.gap_s

    def forget(self) -> None:
        """Begin to count anew."""
        self.requests, self.seconds = 0, 0.0


def _teller(how: str) -> Callable[[int, Samples], None]:
    """Tells of each round."""

    def tell(number: int, samples: Samples) -> None:
        say(f"dagop {number}: ours {samples.ours[-1]:.2f} s, peer with {how} {samples.peer[-1]:.2f} s")

    return tell
