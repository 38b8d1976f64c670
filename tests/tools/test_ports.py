"""Ports for servers: nobody listens there, and no two processes get the same."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from tools.ports import HOST, RANGE, claim_port, free_port

CLAIM = "import sys; from tools.ports import claim_port; print(claim_port(int(sys.argv[1])), flush=True); input()"


def test_each_is_free_and_another() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    assert set(ports) <= set(RANGE)
    for port in ports:
        with socket.socket() as listener:
            listener.bind((HOST, port))


def test_one_that_somebody_listens_on_is_not_claimed() -> None:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()
        assert claim_port(listener.getsockname()[1]) is False


def test_what_a_process_has_claimed_is_its_own_until_it_is_gone() -> None:
    port = free_port()
    assert in_another_process(port) == "False"
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        other = listener.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", CLAIM, str(other)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "True\n"
    assert claim_port(other) is False
    process.kill()
    process.communicate()
    assert claim_port(other) is True
    assert claim_port(other) is True, "it is ours already"


def in_another_process(port: int) -> str:
    """What ``claim_port`` answers there."""
    ended = subprocess.run([sys.executable, "-c", CLAIM, str(port)], input="\n", capture_output=True, text=True)
    return ended.stdout.strip()


def test_one_that_is_claimed_is_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setattr("tools.ports.RANGE", range(port, port + 2))
    assert {free_port()} == {port + 1}
