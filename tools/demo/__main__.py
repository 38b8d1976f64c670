"""The command line of the demo; `make demo` calls it."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tools.demo.errors import DemoError
from tools.demo.home import CHECKOUT
from tools.demo.progress import complain, say
from tools.demo.session import run_demo

INTERRUPTED = 130


def read_arguments(arguments: list[str]) -> argparse.Namespace:
    """``dir``, ``port`` (None: 8080 or a free one) and ``once``."""
    parser = argparse.ArgumentParser(prog="python -m tools.demo", description=__doc__)
    folder = os.environ.get("DEMO_DIR") or CHECKOUT / "build" / "demo"
    port = os.environ.get("DEMO_PORT") or None
    parser.add_argument("--dir", type=Path, default=folder, help="where all its files go [DEMO_DIR, build/demo]")
    parser.add_argument("--port", type=int, default=port, help="of Airflow [DEMO_PORT, 8080 or a free one]")
    parser.add_argument("--once", action="store_true", help="end when the example has ended")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Run the demo; answers the exit code."""
    asked = read_arguments(arguments)
    try:
        return run_demo(asked.dir, asked.port, once=asked.once)
    except DemoError as error:
        complain(str(error))
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
