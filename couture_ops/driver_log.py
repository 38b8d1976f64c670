"""Turns what a driver prints into blocks of whole lines for the task log, while the driver runs.

Blocks, because a task log takes 5,300 lines a second one by one and a hundred times as many in blocks of 500.
"""

from __future__ import annotations

import contextvars
import os
import select
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: A block is emitted when it holds so many lines, so many bytes, or has waited so many seconds.
BLOCK_LINES = 500
BLOCK_BYTES = 256 * 1024
BLOCK_WAIT_S = 0.25
#: A line above this size is emitted in pieces, so that a driver that prints no newline cannot eat the memory.
LINE_BYTES = 16 * 1024 * 1024
#: What is kept of the end of the log, for messages and receipts.
LAST_LINES = 100
LAST_BYTES = 16 * 1024

READ_BYTES = 64 * 1024  # what a pipe holds
IDLE_S = 0.25
GOES_ON = " [… this line is longer than 16 MiB; it goes on below]"
CUT = "[…] "


class LogBlocks:
    """Takes chunks of bytes cut anywhere, gives blocks of lines.

    ``emit`` gets lines joined by newlines, without the last newline. Lines end at LF or CRLF; everything else
    stays as it was printed: indentation, NUL, colours, a CR within the line. Bytes that are not UTF-8 show as
    ``\\xff``. Times are seconds of a monotonic clock, given by the caller. Not safe between threads.
    """

    def __init__(self, emit: Callable[[str], object]) -> None:
        self._emit = emit
        self._unfinished = bytearray()  # a line whose end has not come yet
        self._lines: list[str] = []
        self._bytes = 0
        self._due: float | None = None
        self._last: deque[str] = deque(maxlen=LAST_LINES)

    def feed(self, chunk: bytes, now: float) -> None:
        """Takes what was read; emits every block that is full."""
        end = chunk.rfind(b"\n") + 1
        if end:
            self._unfinished += chunk[: end - 1]
            self._finish_lines(now)
        self._unfinished += chunk[end:]
        if len(self._unfinished) > LINE_BYTES:
            self._cut_line(now)
        if self._due is not None and now >= self._due:
            self.flush()

    def wait_s(self, now: float) -> float | None:
        """Seconds until the gathered lines are due, None when there are none."""
        return None if self._due is None else max(0.0, self._due - now)

    def flush(self) -> None:
        """Emits the whole lines gathered so far."""
        lines, self._lines, self._bytes, self._due = self._lines, [], 0, None
        if lines:
            self._emit("\n".join(lines))

    def close(self, now: float) -> None:
        """Emits all that is left, a last line without newline included."""
        if self._unfinished:
            self._finish_lines(now)
        self.flush()

    def last_lines(self) -> str:
        """The end of the log: at most 100 lines and 16 KiB of UTF-8, NUL shown as ``\\x00``."""
        kept: deque[bytes] = deque()
        room = LAST_BYTES
        for line in reversed(self._last):
            # Databases refuse NUL in a text, and these lines end in one.
            encoded = line.replace("\0", "\\x00").encode()
            if len(encoded) > room:
                if not kept:
                    kept.append(CUT.encode() + encoded[len(CUT.encode()) - room :])
                break
            kept.appendleft(encoded)
            room -= len(encoded) + 1
        return b"\n".join(kept).decode("utf-8", "ignore")

    def _finish_lines(self, now: float) -> None:
        text, self._unfinished = self._unfinished, bytearray()
        # One decode and one split for all lines of a chunk: several times as fast as line by line.
        self._add(text.replace(b"\r\n", b"\n").removesuffix(b"\r"), now)

    def _cut_line(self, now: float) -> None:
        end = last_character_end(self._unfinished)
        text, self._unfinished = self._unfinished[:end], self._unfinished[end:]
        self._add(text + GOES_ON.encode(), now)
        self.flush()

    def _add(self, text: bytearray, now: float) -> None:
        lines = text.decode("utf-8", "backslashreplace").split("\n")
        # Of a long line only the end can be shown later: a hundred lines of 16 MiB are not worth their
        # memory.
        self._last.extend(line[-LAST_BYTES:] for line in lines[-LAST_LINES:])
        if self._due is None:
            self._due = now + BLOCK_WAIT_S
        self._lines += lines
        self._bytes += len(text)
        if len(self._lines) >= BLOCK_LINES:
            self._emit_full_blocks(now)
        if self._bytes >= BLOCK_BYTES:
            self.flush()

    def _emit_full_blocks(self, now: float) -> None:
        full = len(self._lines) - len(self._lines) % BLOCK_LINES
        for start in range(0, full, BLOCK_LINES):
            self._emit("\n".join(self._lines[start : start + BLOCK_LINES]))
        self._lines = self._lines[full:]
        self._bytes = sum(map(len, self._lines))
        self._due = now + BLOCK_WAIT_S if self._lines else None


def last_character_end(text: bytearray) -> int:
    """Where to cut so that no UTF-8 character is split: the length, or where an unfinished one starts."""
    for back in range(1, min(4, len(text)) + 1):
        byte = text[-back]
        if byte & 0b1100_0000 != 0b1000_0000:  # the first byte of a character
            width = 1 + (byte >= 0b1100_0000) + (byte >= 0b1110_0000) + (byte >= 0b1111_0000)
            return len(text) - back if width > back else len(text)
    return len(text)


class LogReader:
    """Reads a driver's log from a pipe in a thread of its own, until the pipe ends.

    A thread, so that the driver never stands still on a full pipe while the task process waits for it, asks
    it to stop, or is inside a signal handler. ``emit`` runs in that thread, with the context variables of the
    caller; when it raises, the pipe is read on without it and ``error`` holds what it raised.
    """

    def __init__(self, pipe: int, emit: Callable[[str], object]) -> None:
        self.error: Exception | None = None
        self._pipe = pipe
        self._target = emit
        self._blocks = LogBlocks(self._emit)
        self._silence_s: float | None = None  # set when the driver has ended
        self._given_up = False
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._read_to_end,), name="driver log", daemon=True)

    def start(self) -> None:
        """Starts to read."""
        self._thread.start()

    def finish(self, silence_s: float, timeout_s: float) -> bool:
        """Waits for the end of the log; to be called when the driver has ended.

        A process that nobody could end may still hold the pipe: then the log ends after ``silence_s`` without
        a byte. False when the log had not ended after ``timeout_s``: a chatty process, or an ``emit`` that
        hangs.
        """
        self._silence_s = silence_s
        self._thread.join(timeout_s)
        self._given_up = True
        return not self._thread.is_alive()

    def last_lines(self) -> str:
        """The end of the log, see :meth:`LogBlocks.last_lines`; to be called after :meth:`finish`."""
        return self._blocks.last_lines()

    def _emit(self, block: str) -> None:
        if self.error is None:
            try:
                self._target(block)
            except Exception as error:
                self.error = error

    def _read_to_end(self) -> None:
        try:
            self._read()
            self._blocks.close(time.monotonic())
        except Exception as error:
            self.error = error
        finally:
            os.close(self._pipe)

    def _read(self) -> None:
        poller = select.poll()
        poller.register(self._pipe, select.POLLIN)
        last_byte_at = time.monotonic()
        while not self._given_up:
            wait_s = self._blocks.wait_s(time.monotonic())
            ready = poller.poll(1000 * (IDLE_S if wait_s is None else min(wait_s, IDLE_S)))
            now = time.monotonic()
            chunk = os.read(self._pipe, READ_BYTES) if ready else b""
            self._blocks.feed(chunk, now)
            if chunk:
                last_byte_at = now
            elif ready or (self._silence_s is not None and now - last_byte_at >= self._silence_s):
                return
