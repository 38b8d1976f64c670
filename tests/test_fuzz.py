"""Input that nobody meant, a short run that is the same every time; `make soak` sends a hundred thousand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from config_store.transfer.yaml_text import Node
from tools.soak import fuzz_api, fuzz_domain, fuzz_pages

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize("name", fuzz_domain.TARGETS)
def test_the_domain_keeps_its_promises(name: str) -> None:
    fault, tried = fuzz_domain.attack(fuzz_domain.TARGETS[name], 100)
    assert fault == ""
    assert tried >= 50


@pytest.mark.parametrize("name", fuzz_pages.DOMAIN)
def test_what_the_pages_read_keeps_its_promises(name: str) -> None:
    fault, tried = fuzz_domain.attack(fuzz_pages.DOMAIN[name], 40)
    assert fault == ""
    assert tried >= 20


@pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`")
def test_no_request_makes_a_page_fail(tmp_path: Path) -> None:
    fault, sent = fuzz_pages.attack_pages(tmp_path, 150)
    assert fault == ""
    assert sent >= 75


def test_a_broken_promise_is_told() -> None:
    def refuse(value: str) -> None:
        raise fuzz_domain.Broken(f"{value!r} escapes")

    target = fuzz_domain.Target(fuzz_domain.TEXT, refuse)
    assert fuzz_domain.attack(target, 10)[0] == "Broken: '' escapes"


def crash(*_: object) -> None:
    raise KeyError("a key that nobody looked for")


@pytest.mark.parametrize(
    ("name", "reader", "broken", "fault"),
    [
        ("transfer archives", "read_archive", lambda *_: {"../a": b""}, "Broken: a path that has a fault is taken"),
        ("transfer archives", "read_archive", crash, "KeyError: 'a key that nobody looked for'"),
        ("transfer trees", "read_tree", crash, "KeyError: 'a key that nobody looked for'"),
        ("YAML", "read_yaml", lambda *_: Node("x", 1), "Broken: a text comes back as another"),
        ("YAML", "read_yaml", crash, "KeyError: 'a key that nobody looked for'"),
    ],
)
def test_a_broken_reader_of_imports_is_found(
    monkeypatch: pytest.MonkeyPatch, name: str, reader: str, broken: Callable[..., object], fault: str
) -> None:
    monkeypatch.setattr(fuzz_domain, reader, broken)
    assert fuzz_domain.attack(fuzz_domain.TARGETS[name], 10)[0] == fault


@pytest.mark.parametrize(
    ("name", "reader", "broken", "fault"),
    [
        (
            "Hadoop files and edits",
            "edit_properties",
            lambda *_: b"<configuration/>",
            "Broken: another value than the one",
        ),
        ("Hadoop files and edits", "property_table", crash, "KeyError: 'a key that nobody looked for'"),
        ("pasted blocks", "read_pasted", crash, "KeyError: 'a key that nobody looked for'"),
        ("command lines", "split_words", crash, "KeyError: 'a key that nobody looked for'"),
        ("form bodies", "read_edits", crash, "KeyError: 'a key that nobody looked for'"),
    ],
)
def test_a_broken_reader_of_pages_is_found(
    monkeypatch: pytest.MonkeyPatch, name: str, reader: str, broken: Callable[..., object], fault: str
) -> None:
    monkeypatch.setattr(fuzz_pages, reader, broken)
    assert fuzz_domain.attack(fuzz_pages.DOMAIN[name], 10)[0].startswith(fault)


@pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`")
def test_no_request_makes_the_server_fail(tmp_path: Path) -> None:
    answers = fuzz_api.attack(tmp_path, 250)
    assert answers.faults == []
    assert {200, 201, 401, 403, 422} <= set(answers.statuses)
