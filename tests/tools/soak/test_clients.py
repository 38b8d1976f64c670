"""Which errors say what to do: those that give an advice, not those that are long."""

from __future__ import annotations

import pytest

from admin_views.problems import STATUSES
from config_store.errors import DatabaseBusy, DatabaseFull, StorageFull, StoreError, Truncated
from couture_ops.cli.errors import (
    CliError,
    ConnectionBrokenError,
    NoAnswerError,
    ProblemError,
    ServerUnreachableError,
    UnexpectedAnswerError,
)
from tools.soak.clients import ADVICE, says_what_to_do

URL = "http://127.0.0.1:4711"


def told(error: StoreError) -> ProblemError:
    """The error as a client reads it."""
    status, title = STATUSES[type(error)]
    return ProblemError({"status": status, "title": title, "detail": str(error)})


HELPFUL: list[CliError] = [
    ServerUnreachableError(URL, "Connection refused"),
    ConnectionBrokenError(URL, "GET", "reset"),
    ConnectionBrokenError(URL, "PATCH", "reset"),
    NoAnswerError(URL, "GET"),
    NoAnswerError(URL, "POST"),
    told(DatabaseBusy("locked")),
    told(DatabaseFull("full")),
    told(StorageFull("/blobs")),
    told(Truncated("a.py", 2, 1)),
]


@pytest.mark.parametrize("error", HELPFUL, ids=str)
def test_an_advice_is_known(error: CliError) -> None:
    assert says_what_to_do(error)


@pytest.mark.parametrize("advice", ADVICE)
def test_every_advice_is_given_by_the_product(advice: str) -> None:
    assert any(advice in str(error) for error in HELPFUL)


@pytest.mark.parametrize(
    "error",
    [
        UnexpectedAnswerError(URL, 502, "Bad Gateway"),
        ProblemError({"title": "The server failed", "detail": "This is a fault of the server; its log holds it."}),
        CliError("Something went wrong somewhere in the middle of the work that the server did for this client."),
    ],
    ids=str,
)
def test_length_is_no_advice(error: CliError) -> None:
    assert not says_what_to_do(error)
