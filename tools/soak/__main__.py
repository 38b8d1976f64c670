"""The command line of the soak; `make soak` calls it."""

from __future__ import annotations

import argparse
import signal
import sys
from typing import TYPE_CHECKING

from couture_ops.cli.errors import CliError
from tools.bench.errors import BenchError
from tools.bench.host import host_facts
from tools.bench.page import keep_records
from tools.demo.errors import DemoError
from tools.demo.home import CHECKOUT
from tools.soak.errors import Impossible, SoakError
from tools.soak.progress import complain, say
from tools.soak.report import TABLE, record_of
from tools.soak.scale import FULL, SCALES
from tools.soak.stage import Stage
from tools.soak.trials import TRIALS

if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

FOLDER = CHECKOUT / "build" / "soak"
PAGE = CHECKOUT / "docs" / "benchmarks.md"
NOT_MET, INTERRUPTED = 1, 130


def read_arguments(arguments: list[str]) -> argparse.Namespace:
    """``only`` (a list of names; empty: all) and ``scale``."""
    listed = "\n".join(f"  {name:17} {trial.tries}" for name, trial in TRIALS.items())
    parser = argparse.ArgumentParser(
        prog="python -m tools.soak",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Kill what can be killed, fill what can be full, send what nobody meant, look for secrets; about\n"
        "80 minutes. Figures go to build/soak.json and docs/benchmarks.md; those not tried stay as they are.",
        epilog=f"names:\n{listed}\n\nexamples:\n"
        "  make soak                          all of them\n"
        "  make soak ONLY=saves               one of them\n"
        "  make soak ONLY='fuzz disk_full'    two of them\n"
        "  make soak SOAK_ARGS='--scale small'\n"
        "                                     a few times each, to see that it works: to build/soak/small.json\n\n"
        "The exit code is 1 when a bound is not met or a trial could not go on.",
    )
    parser.add_argument("--only", nargs="+", default=[], choices=TRIALS, metavar="NAME", help="try these, not all")
    parser.add_argument("--scale", choices=SCALES, default=FULL.name, help="full: as often as the promises say")
    return parser.parse_args(arguments)


def command_of(asked: argparse.Namespace) -> str:
    """How this run is started again."""
    only = f" ONLY='{' '.join(asked.only)}'" if asked.only else ""
    return f"make soak{only}" + (f" SOAK_ARGS='--scale {asked.scale}'" if asked.scale != FULL.name else "")


def main(arguments: list[str]) -> int:
    """Try; answers the exit code: 0 when every bound is met."""
    asked = read_arguments(arguments)
    names = [name for name in TRIALS if not asked.only or name in asked.only]
    stage = Stage(FOLDER, SCALES[asked.scale])
    for number in (signal.SIGTERM, signal.SIGHUP):  # they end it as Ctrl-C does: with nothing left
        signal.signal(number, _interrupt)
    try:
        records = try_all(stage, names, command_of(asked))
    except (SoakError, BenchError, DemoError, CliError) as error:
        complain(str(error))
        return NOT_MET
    except KeyboardInterrupt:
        say("interrupted")
        return INTERRUPTED
    finally:
        stage.close()
    print(f"\n{TABLE.text(records, records)}\n")
    return 0 if all(record["met"] for record in records.values()) else NOT_MET


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def try_all(stage: Stage, names: list[str], command: str) -> dict[str, Any]:
    """Try what is named; answers the records made now. Each is kept as soon as it is there."""
    made: dict[str, Any] = {}
    for name in names:
        say(f"{name}: {TRIALS[name].tries}")
        try:
            figures = TRIALS[name].measure(stage)
        except Impossible as error:
            say(f"{name} is left out: {error}")
            continue
        for figure in figures:
            say(f"{figure.name}: {figure.value:g} {figure.unit} {'' if figure.met else 'NOT MET '}{figure.note}")
        host = host_facts()
        made |= {figure.name: record_of(figure, command, host) for figure in figures}
        keep(stage, made)
    return made


def keep(stage: Stage, records: dict[str, Any]) -> None:
    """Keep records; those of small runs apart, because they say nothing about the promises."""
    if stage.scale is not FULL:
        keep_records(FOLDER / f"{stage.scale.name}.json", records)
        return
    kept = keep_records(CHECKOUT / "build" / "soak.json", records)
    TABLE.write(PAGE, kept, kept)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
