"""Tells the person at the terminal what goes on, a line each."""

from __future__ import annotations

import sys
import time

_begun = time.monotonic()


def say(text: str) -> None:
    """Print a line with the seconds since the soak began."""
    print(f"soak {time.monotonic() - _begun:5.0f} s  {text}", flush=True)


def complain(text: str) -> None:
    """Print why it could not go on, on standard error."""
    print(f"\nsoak failed: {text}", file=sys.stderr, flush=True)
