"""The command line of the benchmarks; `make bench` calls it."""

from __future__ import annotations

import argparse
import signal
import sys
from typing import TYPE_CHECKING

from tools.bench.errors import BenchError
from tools.bench.host import host_facts
from tools.bench.measurements import FIGURES, MEASUREMENTS
from tools.bench.page import keep_records
from tools.bench.progress import complain, say
from tools.bench.report import TABLE, record_of
from tools.bench.scale import FULL, SCALES
from tools.bench.stage import Stage
from tools.demo.errors import DemoError
from tools.demo.home import CHECKOUT

if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

    from tools.bench.scale import Scale

FOLDER = CHECKOUT / "build" / "bench"
PAGE = CHECKOUT / "docs" / "benchmarks.md"
INTERRUPTED = 130


def read_arguments(arguments: list[str]) -> argparse.Namespace:
    """``only`` (a list of names; empty: all) and ``scale``."""
    listed = "\n".join(f"  {name:14} {one.measures}" for name, one in MEASUREMENTS.items())
    parser = argparse.ArgumentParser(
        prog="python -m tools.bench",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Measure this suite beside the field's standard operators; about 20 minutes, and 75 for dagop.\n"
        "Figures go to build/bench.json and docs/benchmarks.md; those that are not measured stay as they are.",
        epilog=f"names:\n{listed}\n\nexamples:\n"
        "  make bench                          all of them\n"
        "  make bench ONLY=cli                 one of them\n"
        "  make bench ONLY='parse cli'         two of them\n"
        "  make bench BENCH_ARGS='--scale small'\n"
        "                                      few and small, to see that it works: to build/bench/small.json",
    )
    parser.add_argument(
        "--only", nargs="+", default=[], choices=MEASUREMENTS, metavar="NAME", help="measure these, not all"
    )
    parser.add_argument("--scale", choices=SCALES, default=FULL.name, help="full: what the goals are about")
    return parser.parse_args(arguments)


def command_of(asked: argparse.Namespace) -> str:
    """How this run is started again."""
    only = f" ONLY='{' '.join(asked.only)}'" if asked.only else ""
    return f"make bench{only}" + (f" BENCH_ARGS='--scale {asked.scale}'" if asked.scale != FULL.name else "")


def main(arguments: list[str]) -> int:
    """Measure; answers the exit code: 0 when all was measured, whether or not the goals are met."""
    asked = read_arguments(arguments)
    scale = SCALES[asked.scale]
    names = [name for name in MEASUREMENTS if not asked.only or name in asked.only]
    stage = Stage(FOLDER, scale)
    for number in (signal.SIGTERM, signal.SIGHUP):  # they end it as Ctrl-C does: with nothing left
        signal.signal(number, _interrupt)
    try:
        records = measure(stage, names, command_of(asked))
    except (BenchError, DemoError) as error:
        complain(str(error))
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return INTERRUPTED
    finally:
        stage.close()
    print(f"\n{TABLE.text(records, FIGURES)}\n")
    return 0


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def measure(stage: Stage, names: list[str], command: str) -> dict[str, Any]:
    """Measure what is named; answers all records there are now. Each is kept as soon as it is there."""
    records: dict[str, Any] = {}
    for name in names:
        say(f"{name}: {MEASUREMENTS[name].measures}")
        host = host_facts()
        figures = MEASUREMENTS[name].measure(stage)
        for figure in figures:
            say(f"{figure.name}: {figure.ours:.4g} {figure.unit}, {figure.goal}: {'met' if figure.met else 'MISSED'}")
        records = keep(stage.scale, {figure.name: record_of(figure, command, host) for figure in figures})
    return records


def keep(scale: Scale, records: dict[str, Any]) -> dict[str, Any]:
    """Keep records; those of small runs apart, because they say nothing about the goals."""
    if scale is not FULL:
        return keep_records(FOLDER / f"{scale.name}.json", records)
    kept = keep_records(CHECKOUT / "build" / "bench.json", records)
    TABLE.write(PAGE, kept, FIGURES)
    return kept


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
