"""Sleeps until it is killed when its first argument says that this is the first try."""

import sys
import time

print("sleeping" if sys.argv[1].endswith(".1") else "not again", flush=True)
time.sleep(600 if sys.argv[1].endswith(".1") else 0)
