"""From a driver's bytes to blocks of lines."""

from __future__ import annotations

import contextvars
import os
import threading
import time
from typing import TYPE_CHECKING

import pytest

from couture_ops.driver_log import LogBlocks, LogReader, last_character_end

if TYPE_CHECKING:
    from collections.abc import Callable

_MIB = 1024 * 1024


def blocks_of(*chunks: bytes) -> list[str]:
    """What is emitted for these chunks, read all at the same moment."""
    emitted: list[str] = []
    blocks = LogBlocks(emitted.append)
    for chunk in chunks:
        blocks.feed(chunk, now=0.0)
    blocks.close(now=0.0)
    return emitted


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        (b"one\ntwo\n", "one\ntwo"),
        (b"one\n    two\n\tthree  \n\n  four", "one\n    two\n\tthree  \n\n  four"),
        (b"one\r\ntwo\r\nthree\r", "one\ntwo\nthree"),
        (b"10%\r20%\r30%\n", "10%\r20%\r30%"),
        (b"\n\n", "\n"),
        (b"caf\xc3\xa9\n", "café"),
        (b"caf\xe9 \xff\xfe\n", "caf\\xe9 \\xff\\xfe"),
        (b"cut \xe2\x82\n", "cut \\xe2\\x82"),
        (b"a\x00b \x1b[31mred\x1b[0m\n", "a\x00b \x1b[31mred\x1b[0m"),
        (b"line \xe2\x80\xa8 separator \x0b\x0c\x85\n", "line \u2028 separator \x0b\x0c\\x85"),
    ],
)
def test_what_is_printed_is_shown_as_it_is(printed: bytes, shown: str) -> None:
    assert blocks_of(printed) == [shown]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7])
def test_chunks_may_be_cut_anywhere(size: int) -> None:
    printed = "erste Zeile: größer\r\n  🙂 zweite\r\n\r\nEnde €".encode()
    chunks = [printed[start : start + size] for start in range(0, len(printed), size)]

    assert blocks_of(*chunks) == ["erste Zeile: größer\n  🙂 zweite\n\nEnde €"]


def test_nothing_printed_emits_nothing() -> None:
    assert blocks_of() == []


def test_a_block_holds_500_lines() -> None:
    lines = [f"line {number}" for number in range(1203)]

    emitted = blocks_of("\n".join(lines).encode())

    assert [block.count("\n") + 1 for block in emitted] == [500, 500, 203]
    assert "\n".join(emitted).split("\n") == lines


def test_a_block_is_emitted_at_256_kib() -> None:
    emitted: list[str] = []
    blocks = LogBlocks(emitted.append)
    line = b"x" * 1023 + b"\n"

    for _ in range(255):
        blocks.feed(line, now=0.0)
    before = len(emitted)
    for _ in range(2):
        blocks.feed(line, now=0.0)

    assert before == 0
    assert [len(block) for block in emitted] == [257 * 1024 - 1]


def test_a_block_waits_a_quarter_of_a_second_for_more() -> None:
    emitted: list[str] = []
    blocks = LogBlocks(emitted.append)

    blocks.feed(b"first\nunfin", now=10.0)
    wait_s = blocks.wait_s(now=10.1)
    blocks.feed(b"ished\nthird", now=10.2)
    early = list(emitted)
    blocks.feed(b"", now=10.25)

    assert wait_s == pytest.approx(0.15)
    assert early == []
    assert emitted == ["first\nunfinished"]
    assert blocks.wait_s(now=10.25) is None


def test_the_rest_of_a_full_block_waits_anew() -> None:
    emitted: list[str] = []
    blocks = LogBlocks(emitted.append)

    blocks.feed(b"x\n" * 300, now=0.0)
    blocks.feed(b"y\n" * 300, now=0.2)

    assert len(emitted) == 1
    assert blocks.wait_s(now=0.2) == pytest.approx(0.25)


def test_a_line_of_a_mebibyte_stays_whole() -> None:
    line = "é" * (_MIB // 2)
    printed = f"before\n{line}\nafter\n".encode()

    emitted = blocks_of(*(printed[start : start + 65536] for start in range(0, len(printed), 65536)))

    assert "\n".join(emitted) == f"before\n{line}\nafter"


def test_a_line_above_16_mib_comes_in_pieces_and_says_so() -> None:
    goes_on = " [… this line is longer than 16 MiB; it goes on below]"
    chunk = "€".encode() * 21845 + b"."  # 65,536 bytes

    emitted = blocks_of(b">", *([chunk] * 300), b"end\nnext\n")

    assert len(emitted) == 2
    assert emitted[0].endswith(goes_on)
    assert len(emitted[0].removesuffix(goes_on).encode()) <= 16 * _MIB + len(chunk)
    whole = emitted[0].removesuffix(goes_on) + emitted[1]
    assert whole == ">" + ("€" * 21845 + ".") * 300 + "end\nnext"


def test_a_line_that_comes_byte_by_byte_takes_no_more_memory_than_its_bytes() -> None:
    blocks = LogBlocks(lambda _: None)

    for _ in range(100_000):
        blocks.feed(b"x", now=0.0)

    assert blocks._unfinished.__sizeof__() < 200_000


@pytest.mark.parametrize(
    ("text", "end"),
    [
        (b"", 0),
        (b"abc", 3),
        ("aé".encode(), 3),
        ("aé".encode()[:-1], 1),
        ("a€".encode(), 4),
        ("a€".encode()[:-1], 1),
        ("a€".encode()[:-2], 1),
        ("a🙂".encode(), 5),
        ("a🙂".encode()[:-1], 1),
        ("a🙂".encode()[:-3], 1),
        (b"\x80\x80\x80\x80\x80", 5),
        (b"\xff", 0),
    ],
)
def test_pieces_of_a_line_are_cut_between_characters(text: bytes, end: int) -> None:
    assert last_character_end(bytearray(text)) == end


def last_lines_of(printed: bytes) -> str:
    blocks = LogBlocks(lambda _: None)
    blocks.feed(printed, now=0.0)
    blocks.close(now=0.0)
    return blocks.last_lines()


def test_the_last_hundred_lines_are_kept() -> None:
    printed = "\n".join(f"line {number}" for number in range(1234)).encode()

    assert last_lines_of(printed) == "\n".join(f"line {number}" for number in range(1134, 1234))


def test_the_last_lines_take_16_kib_at_most_and_are_whole_lines() -> None:
    lines = [f"{number} " + "ä" * 500 for number in range(100)]

    kept = last_lines_of("\n".join(lines).encode())

    assert len(kept.encode()) <= 16 * 1024
    assert kept.split("\n") == lines[-16:]


def test_of_a_last_line_that_is_too_long_the_end_is_kept() -> None:
    kept = last_lines_of(b"before\n" + "ä".encode() * _MIB + b"end\n")

    assert kept.startswith("[…] ä")
    assert kept.endswith("äend")
    assert 16 * 1024 - 4 <= len(kept.encode()) <= 16 * 1024


def test_the_last_lines_hold_no_nul() -> None:
    assert last_lines_of(b"a\x00b\n") == "a\\x00b"


class Pipe:
    """A pipe with a reader on it, as a driver has one."""

    def __init__(self, emit: Callable[[str], object] | None = None) -> None:
        self.emitted: list[tuple[float, str]] = []
        reader, self.writer = os.pipe()
        self.log = LogReader(reader, emit or self._emit)
        self.log.start()

    def _emit(self, block: str) -> None:
        self.emitted.append((time.monotonic(), block))

    def blocks(self) -> list[str]:
        return [block for _, block in self.emitted]


def test_a_line_reaches_the_log_within_a_second_while_the_driver_is_silent() -> None:
    arrived = threading.Event()
    pipe = Pipe(lambda _: arrived.set())

    os.write(pipe.writer, b"a line\nand the start of another")

    assert arrived.wait(1.0)
    os.close(pipe.writer)
    assert pipe.log.finish(silence_s=1.0, timeout_s=10.0)
    assert pipe.log.last_lines() == "a line\nand the start of another"


def test_the_reader_ends_with_the_pipe() -> None:
    pipe = Pipe()

    os.write(pipe.writer, b"x\n" * 1000 + b"last")
    os.close(pipe.writer)

    assert pipe.log.finish(silence_s=60.0, timeout_s=10.0)
    assert "\n".join(pipe.blocks()) == "x\n" * 1000 + "last"


def test_a_pipe_that_somebody_holds_open_ends_after_silence() -> None:
    pipe = Pipe()
    os.write(pipe.writer, b"said before the end\n")

    whole = pipe.log.finish(silence_s=0.1, timeout_s=10.0)

    os.close(pipe.writer)
    assert whole
    assert pipe.blocks() == ["said before the end"]


def test_an_emit_that_hangs_is_told() -> None:
    hang = threading.Event()
    pipe = Pipe(lambda _: hang.wait(30.0))
    os.write(pipe.writer, b"x\n")
    os.close(pipe.writer)

    whole = pipe.log.finish(silence_s=0.1, timeout_s=0.5)

    hang.set()
    assert not whole


def test_an_emit_that_raises_is_told_and_the_pipe_is_read_on() -> None:
    failure = BrokenPipeError("the task's log is gone")
    calls: list[str] = []

    def emit(block: str) -> None:
        calls.append(block)
        raise failure

    pipe = Pipe(emit)
    os.write(pipe.writer, b"first\n" * 500)
    for _ in range(100):  # far more than a pipe holds: this would block if nobody read on
        os.write(pipe.writer, b"x" * 65535 + b"\n")
    os.close(pipe.writer)

    assert pipe.log.finish(silence_s=1.0, timeout_s=10.0)
    assert pipe.log.error is failure
    assert len(calls) == 1


def test_emit_runs_with_the_context_variables_of_the_caller() -> None:
    task = contextvars.ContextVar("task", default="unset")
    seen: list[str] = []
    token = task.set("ratings")
    pipe = Pipe(lambda _: seen.append(task.get()))
    task.reset(token)

    os.write(pipe.writer, b"x\n")
    os.close(pipe.writer)

    assert pipe.log.finish(silence_s=1.0, timeout_s=10.0)
    assert seen == ["ratings"]


def test_splitting_keeps_up_with_half_a_million_lines_a_second() -> None:
    emitted: list[str] = []
    blocks = LogBlocks(emitted.append)
    line = b"26/11/21 06:11:02 INFO TaskSetManager: Finished task 17.0 in stage 3.0 (TID 41) in 12 ms\n"
    chunk = (line * 1000)[:65536]
    started = time.process_time()

    for _ in range(700):
        blocks.feed(chunk, now=0.0)
    blocks.close(now=0.0)

    lines = sum(block.count("\n") + 1 for block in emitted)
    assert lines > 500_000
    assert lines / (time.process_time() - started) > 500_000
