"""Secrets in what a driver writes."""

from __future__ import annotations

import pytest

from config_store.wire import Beaten, EffectiveSetting, Language, Layer, SettingKind, SubmitPlan
from couture_ops.driver_log import LogBlocks
from couture_ops.redaction import Redactor, secrets_of


def setting(name: str, value: str, *, secret: bool = True, beat: tuple[str, ...] = ()) -> EffectiveSetting:
    """A property of the operator that beat the group's values."""
    return EffectiveSetting(
        kind=SettingKind.CONFIGURATION,
        name=name,
        value=value,
        layer=Layer.OPERATOR,
        beat=tuple(Beaten(layer=Layer.GROUP, name=name, value=loser) for loser in beat),
        secret=secret,
    )


def plan(*settings: EffectiveSetting) -> SubmitPlan:
    """A plan with these settings."""
    return SubmitPlan(group="g", revision=1, language=Language.PYTHON, app_name="a", settings=settings)


@pytest.mark.parametrize(
    ("secrets", "text", "shown"),
    [
        (set(), "hunter2 stays", "hunter2 stays"),
        ({"hunter2"}, "password=hunter2, again hunter2hunter2.", "password=***, again ******."),
        ({"hunter2"}, "Hunter2", "Hunter2"),
        ({"a.c*e"}, "a.c*e abcde", "*** abcde"),
        ({"first\nsecond"}, "x first\nsecond y", "x *** y"),
        ({"pass", "12345"}, "pass 1234 12345", "pass 1234 ***"),
        ({""}, "text", "text"),
        ({"Grüße 😀"}, "so: Grüße 😀!", "so: ***!"),
        ({"\\$(x)|y"}, "\\$(x)|y and y", "*** and y"),
    ],
)
def test_each_occurrence_is_hidden(secrets: set[str], text: str, shown: str) -> None:
    assert Redactor(secrets)(text) == shown


def test_the_longer_of_two_that_overlap_wins() -> None:
    """Else the rest of the longer one would stand there."""
    assert Redactor({"hunter2", "hunter2-and-more", "unter2-"})("hunter2-and-more hunter2-") == "*** ***-"


def test_the_secrets_of_a_plan() -> None:
    settings = setting("spark.a", "open", secret=False, beat=("group",)), setting("spark.b", "sesame", beat=("old", ""))
    assert secrets_of(plan(*settings)) == {"sesame", "old", ""}


def test_a_secret_is_known_as_spark_trims_it() -> None:
    assert secrets_of(plan(setting("spark.b", "  sesame\t"))) == {"  sesame\t", "sesame"}


def test_a_secret_of_several_lines_is_hidden_wherever_a_block_ends() -> None:
    """The log comes in blocks of lines, which may end within it."""
    key = "-----BEGIN KEY-----\n  MIIEvQIBADANBg\nkqhkiG9w0BAQEF\n}\n-----END KEY-----"
    shown: list[str] = []
    redact = Redactor(secrets_of(plan(setting("spark.key", key))))
    blocks = LogBlocks(lambda block: shown.append(redact(block)))
    for number, line in enumerate(["before", *key.split("\n"), "after"]):
        blocks.feed(f"{line}\n".encode(), now=float(number))
    blocks.close(now=10.0)
    assert shown == ["before\n***", "  ***\n***", "}\n***", "after"]
