"""Settings: set, unset, applied; upon the revision that was read, and no secret in argv."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.couture_ops.cli.couture_process import Couture
from tests.couture_ops.cli.store_server import StoreServer, setting

MakeFile = Callable[[str, bytes], Path]


def saves(server: StoreServer) -> list[object]:
    """Method, path, If-Match and body of everything that changes something."""
    return [(asked.line, asked.headers.get("If-Match"), asked.json) for asked in server.asked if asked.method != "GET"]


def test_show(couture: Couture, prod: StoreServer) -> None:
    assert couture.ok("settings", "show", "prod").startswith("\nArguments\nNAME             VALUE  MARKS  NOTE\n")
    assert (
        json.loads(couture.ok("settings", "show", "prod", "--output", "json")) == (prod.store.detail("prod")["content"])
    )
    assert "hunter2" not in couture.ok("settings", "show", "prod", "--output", "yaml")


def test_set_of_each_kind(couture: Couture, prod: StoreServer) -> None:
    written = ("queue=etl", "spark.sql.shuffle.partitions=64", "spark.x.option=a=b c")
    assert couture.ok("settings", "set", "prod", *written, "--note", "more") == "Saved revision 2 of prod.\n"
    assert couture.ok("settings", "set", "prod", "PYTHONHASHSEED=0", "A.B=1", "--env") == (
        "Saved revision 3 of prod.\n"
    )
    assert saves(prod) == [
        (
            "PATCH /groups/prod/content",
            '"1"',
            {
                "arguments": {"queue": setting("etl")},
                "configurations": {
                    "spark.sql.shuffle.partitions": setting("64"),
                    "spark.x.option": setting("a=b c"),
                },
                "note": "more",
            },
        ),
        (
            "PATCH /groups/prod/content",
            '"2"',
            {"environment": {"PYTHONHASHSEED": setting("0"), "A.B": setting("1")}, "note": ""},
        ),
    ]


def test_marks_stay_unless_they_are_changed(couture: Couture, prod: StoreServer) -> None:
    couture.ok("settings", "set", "prod", "executor-memory=8g")
    couture.ok("settings", "set", "prod", "executor-memory=9g", "--no-final", "--setting-note", "")
    couture.ok("settings", "set", "prod", "master=local", "--final", "--setting-note", "for tests")
    arguments = prod.store.content("prod")["arguments"]
    assert [asked.json["arguments"] for asked in prod.asked if asked.method == "PATCH"] == [
        {"executor-memory": setting("8g", final=True, note="the nodes have 5g")},
        {"executor-memory": setting("9g")},
        {"master": setting("local", final=True, note="for tests")},
    ]
    assert arguments["master"]["final"] is True


def test_a_save_that_changes_nothing(couture: Couture, prod: StoreServer) -> None:
    assert couture.ok("settings", "set", "prod", "master=yarn") == ("Nothing changed: prod stays at revision 1.\n")
    assert len(prod.store.revisions["prod"]) == 1


def test_what_the_server_finds_odd_is_told_after_the_save(couture: Couture, prod: StoreServer) -> None:
    told = "master='yarm' is no master that spark-submit knows; did you mean yarn?"
    prod.store.remarks = [{"where": "arguments.master", "message": told}]
    finished = couture("settings", "set", "prod", "master=yarm")
    assert (finished.returncode, finished.stdout) == (0, "Saved revision 2 of prod.\n")
    assert finished.stderr == f"Warning: arguments.master: {told}\n"
    as_json = couture("settings", "set", "prod", "master=yarm", "queue=a", "--output", "json")
    assert (json.loads(as_json.stdout)["revision"], as_json.stderr) == (3, f"Warning: arguments.master: {told}\n")


def test_set_as_json(couture: Couture, prod: StoreServer) -> None:
    answer = json.loads(couture.ok("settings", "set", "prod", "queue=etl", "--output", "json"))
    assert answer == prod.store.detail("prod")
    assert answer["revision"] == 2


def test_a_stale_save_tells_who_saved_what(couture: Couture, prod: StoreServer) -> None:
    def bob_saves() -> None:
        content = prod.store.content("prod")
        content["arguments"]["executor-memory"]["value"] = "6g"
        prod.store.save("prod", content, "more memory", "bob")
        prod.store.revisions["prod"][-1]["changes"] = [
            {"where": "arguments.executor-memory", "old": "4g", "new": "6g"},
            {"where": "arguments.queue", "old": None, "new": "etl"},
        ]

    prod.meanwhile["GET /groups/prod"] = bob_saves
    assert couture.error("settings", "set", "prod", "executor-memory=8g") == (
        "Error: Nothing was saved: bob saved revision 2 meanwhile, at 2026-03-01 12:00:05 UTC: more memory\n"
        "  arguments.executor-memory: 4g -> 6g\n"
        "  arguments.queue: (not set) -> etl\n"
        "  Look at it, then run the command again.\n"
    )
    assert prod.lines() == ["GET /groups/prod", "PATCH /groups/prod/content"]
    assert prod.store.content("prod")["arguments"]["executor-memory"]["value"] == "6g"
    assert couture.ok("settings", "set", "prod", "executor-memory=8g") == "Saved revision 3 of prod.\n"


def test_a_literal_secret_is_refused_before_anything_is_asked(couture: Couture, prod: StoreServer) -> None:
    refusal = couture.error("settings", "set", "prod", "spark.db.key=geheim", "--secret", code=2)
    assert refusal.endswith(
        "Error: The value of the secret spark.db.key stands on the command line, where every user of this "
        "machine can read it and the shell keeps it. Write spark.db.key=- to type it hidden or to give it on "
        "standard input.\n"
    )
    assert "geheim" not in refusal
    assert prod.asked == []


def test_a_literal_for_what_is_a_secret_already_is_refused(couture: Couture, prod: StoreServer) -> None:
    refusal = couture.error("settings", "set", "prod", "spark.my.apikey=geheim")
    assert refusal == (
        "Error: 'spark.my.apikey' is a secret in prod: a value on the command line can be read by every user "
        "of this machine.\n"
        "  Write spark.my.apikey=- to type it hidden or to give it on standard input; "
        "--no-secret lifts the mark.\n"
    )
    assert prod.lines() == ["GET /groups/prod"]
    couture.ok("settings", "set", "prod", "spark.my.apikey=public", "--no-secret")
    assert prod.asked[-1].json["configurations"] == {"spark.my.apikey": setting("public")}


def test_a_secret_by_standard_input(couture: Couture, prod: StoreServer) -> None:
    couture.ok("settings", "set", "prod", "spark.db.key=-", "--secret", stdin="geheim \n")
    assert prod.asked[-1].json["configurations"] == {"spark.db.key": setting("geheim ", secret=True)}
    couture.ok("settings", "set", "prod", "spark.my.apikey=-", stdin="line 1\nline 2")
    assert prod.asked[-1].json["configurations"] == {"spark.my.apikey": setting("line 1\nline 2", secret=True)}
    assert "geheim" not in couture.ok("settings", "show", "prod", "--output", "json")


def test_secrets_at_a_terminal_are_hidden_and_never_in_argv(couture: Couture, prod: StoreServer) -> None:
    session = couture.at_terminal(
        *("settings", "set", "prod", "spark.db.key=-", "spark.my.apikey=-", "--secret"),
        typed=[("Value of spark.db.key: ", "geheim\n"), ("Value of spark.my.apikey: ", "noch geheimer\n")],
    )
    assert (session.returncode, session.stdout) == (0, "Saved revision 2 of prod.\n")
    assert prod.asked[-1].json["configurations"] == {
        "spark.db.key": setting("geheim", secret=True),
        "spark.my.apikey": setting("noch geheimer", secret=True),
    }
    assert "geheim" not in session.screen
    assert len(session.command_lines) == 2
    assert all("settings" in line and "geheim" not in line for line in session.command_lines)


def test_standard_input_holds_one_value(couture: Couture, prod: StoreServer) -> None:
    refusal = couture.error("settings", "set", "prod", "a.b=-", "c.d=-", "--secret", stdin="x", code=2)
    assert refusal.endswith("Error: Standard input holds one value, not those of a.b and c.d.\n")
    refusal = couture.error("settings", "set", "prod", "a.b=-", "--secret", code=2)
    assert refusal.endswith("Error: a.b=- reads standard input, which is empty.\n")
    assert all(asked.method == "GET" for asked in prod.asked)


def test_what_the_store_takes_for_a_secret_is_warned_of(couture: Couture, prod: StoreServer) -> None:
    run = couture("settings", "set", "prod", "spark.db.password=geheim", "queue=etl")
    assert (run.returncode, run.stdout) == (0, "Saved revision 2 of prod.\n")
    assert run.stderr == (
        "Warning: spark.db.password is kept as a secret, but its value stood on the command line, "
        "where other users of this machine could read it. Next time write spark.db.password=-\n"
    )
    assert prod.store.content("prod")["configurations"]["spark.db.password"]["secret"] is True


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (["queue"], "Settings are given as KEY=VALUE."),
        (["=geheim"], "Settings are given as KEY=VALUE."),
        (["queue=a", "queue=b"], "queue is given twice."),
    ],
)
def test_assignments_that_are_none(couture: Couture, written: list[str], message: str) -> None:
    assert couture.error("settings", "set", "prod", *written, code=2).endswith(f"Error: {message}\n")


def test_unset(couture: Couture, prod: StoreServer) -> None:
    couture.ok("settings", "unset", "prod", "executor-memory", "spark.my.apikey", "--note", "gone")
    couture.ok("settings", "unset", "prod", "TZ", "--env")
    assert saves(prod) == [
        (
            "PATCH /groups/prod/content",
            '"1"',
            {
                "arguments": {"executor-memory": None},
                "configurations": {"spark.my.apikey": None},
                "note": "gone",
            },
        ),
        ("PATCH /groups/prod/content", '"2"', {"environment": {"TZ": None}, "note": ""}),
    ]
    assert list(prod.store.content("prod")["arguments"]) == ["master"]


def test_unset_of_what_is_not_set(couture: Couture, prod: StoreServer) -> None:
    assert couture.error("settings", "unset", "prod", "executor-memroy") == (
        "Error: 'executor-memroy' is not set in prod. Nearest: executor-memory\n"
    )
    assert couture.error("settings", "unset", "prod", "TZ") == (
        "Error: 'TZ' is not set in prod. `couture settings show prod` lists what is.\n"
    )
    assert saves(prod) == []


def test_spark_home(couture: Couture, prod: StoreServer) -> None:
    assert couture.ok("settings", "spark-home", "prod") == "(not set)\n"
    assert couture.ok("settings", "spark-home", "prod", "spark-4.2") == "Saved revision 2 of prod.\n"
    assert couture.ok("settings", "spark-home", "prod") == "spark-4.2\n"
    assert json.loads(couture.ok("settings", "spark-home", "prod", "--output", "json")) == {"spark_home": "spark-4.2"}
    assert couture.ok("settings", "spark-home", "prod", "--clear") == "Saved revision 3 of prod.\n"
    assert [save[2] for save in saves(prod)] == [  # type: ignore[index]
        {"spark_home": "spark-4.2", "note": ""},
        {"spark_home": None, "note": ""},
    ]


def test_apply(couture: Couture, prod: StoreServer, make_file: MakeFile) -> None:
    make_file("prod.yaml", b"arguments:\n  executor-memory: 8g\n  executor-cores: 4\njars: [delta.jar@3]\n")
    assert couture.ok("settings", "apply", "prod", "prod.yaml", "--note", "reviewed") == ("Saved revision 2 of prod.\n")
    assert saves(prod) == [
        (
            "PUT /groups/prod/content",
            '"1"',
            {
                "content": {
                    "arguments": {"executor-memory": "8g", "executor-cores": "4"},
                    "jars": [{"name": "delta.jar", "version": 3}],
                },
                "note": "reviewed",
            },
        )
    ]
    assert prod.store.content("prod")["configurations"] == {}


@pytest.mark.parametrize("form", ["json", "yaml"])
@pytest.mark.parametrize("command", ["groups", "settings"])
def test_what_was_shown_can_be_applied(couture: Couture, prod: StoreServer, form: str, command: str) -> None:
    before = prod.store.content("prod")
    (couture.folder / f"prod.{form}").write_text(couture.ok(command, "show", "prod", "--output", form))
    assert couture.ok("settings", "apply", "prod", f"prod.{form}") == ("Nothing changed: prod stays at revision 1.\n")
    assert prod.store.content("prod") == before
    assert prod.asked[-1].json["content"]["configurations"] == {"spark.my.apikey": setting(None, secret=True)}
    assert not {"hadoop_files", "keytab", "krb5_conf"} & set(prod.asked[-1].json["content"])


def test_apply_from_standard_input(couture: Couture, prod: StoreServer) -> None:
    couture.ok("settings", "apply", "prod", "-", stdin=json.dumps({"arguments": {"queue": "etl"}}))
    assert prod.asked[-1].json["content"] == {"arguments": {"queue": "etl"}}


def test_a_file_that_knows_its_revision_is_refused_when_the_group_moved_on(couture: Couture, prod: StoreServer) -> None:
    shown = couture.ok("groups", "show", "prod", "--output", "yaml")
    (couture.folder / "prod.yaml").write_text(shown)
    couture.ok("settings", "set", "prod", "queue=etl", "--note", "by night")
    assert couture.error("settings", "apply", "prod", "prod.yaml") == (
        "Error: Nothing was saved: anna saved revision 2 meanwhile, at 2026-03-01 12:00:05 UTC: by night\n"
        "  Fetch it anew with `couture groups show prod --output yaml`, or, to save the file all the same, "
        "give `--revision 2`.\n"
    )
    content = yaml.safe_dump(yaml.safe_load(shown)["content"])
    (couture.folder / "content.yaml").write_text(content)
    refused = couture.error("settings", "apply", "prod", "content.yaml", "--revision", "1")
    assert refused.startswith("Error: Nothing was saved: anna saved revision 2 meanwhile")
    couture.ok("settings", "apply", "prod", "prod.yaml", "--revision", "2")
    assert "queue" not in prod.store.content("prod")["arguments"]


def test_apply_of_what_cannot_be_read(couture: Couture, prod: StoreServer, make_file: MakeFile) -> None:
    make_file("broken.json", b"{")
    assert couture.error("settings", "apply", "prod", "broken.json") == (
        "Error: broken.json: cannot be read: "
        "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)\n"
    )
    assert "No such file or directory" in couture.error("settings", "apply", "prod", "none.yaml", code=2)
    assert prod.asked == []


def test_an_option_of_spark_submit_is_a_setting_without_dashes(couture: Couture, prod: StoreServer) -> None:
    said = couture.error("settings", "set", "prod", "--executor-memory=8g", code=2)
    assert said.endswith(
        "Error: No such option: --executor-memory. A setting is written without dashes: executor-memory=VALUE\n"
    )
    assert prod.asked == []
