"""Sleeps until it is killed."""

import time

print("sleeping", flush=True)
time.sleep(600)
