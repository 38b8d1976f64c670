"""Input that nobody meant, a short run that is the same every time; `make soak` sends a hundred thousand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tools.soak import fuzz_api, fuzz_domain

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", fuzz_domain.TARGETS)
def test_the_domain_keeps_its_promises(name: str) -> None:
    fault, tried = fuzz_domain.attack(fuzz_domain.TARGETS[name], 100)
    assert fault == ""
    assert tried >= 50


def test_a_broken_promise_is_told() -> None:
    def refuse(value: str) -> None:
        raise fuzz_domain.Broken(f"{value!r} escapes")

    target = fuzz_domain.Target(fuzz_domain.TEXT, refuse)
    assert fuzz_domain.attack(target, 10)[0] == "Broken: '' escapes"


@pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`")
def test_no_request_makes_the_server_fail(tmp_path: Path) -> None:
    answers = fuzz_api.attack(tmp_path, 250)
    assert answers.faults == []
    assert {200, 201, 401, 403, 422} <= set(answers.statuses)
