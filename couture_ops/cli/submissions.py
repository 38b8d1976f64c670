"""``couture submissions``: the receipts: what was asked, what ran, how it ended."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

import click

from couture_ops.cli.connection import Api
from couture_ops.cli.diff import show_changes
from couture_ops.cli.listing import ListingGroup
from couture_ops.cli.options import empty_list, examples, output_option, paging_options, say_what_is_left, with_api
from couture_ops.cli.output import emit, print_fields, print_table, tell, title
from couture_ops.cli.plans import show_files, show_settings
from couture_ops.cli.texts import shortened, time_text

STATES = ("planned", "keyed", "submitted", "running", "ended")
MODES = ("then", "now")
#: Of a message in the list; `show` has it all.
WHY_LENGTH = 60
OUTCOMES = ("succeeded", "failed", "killed", "lost")


@click.group(
    cls=ListingGroup,
    epilog=examples("couture submissions", "couture submissions --dag ratings_dag", "couture submissions show ID"),
)
def submissions() -> None:
    """Submissions: a receipt per try of a task.

    Without a command: the list.
    """


@submissions.command(
    "list",
    epilog=examples(
        "couture submissions",
        "couture submissions list --dag ratings_dag --task ratings --limit 5",
        "couture submissions list --group prod --outcome failed --output json",
        "couture submissions list --who ada --since 2026-01-31 --before 2026-02-28T18:00+01:00",
    ),
)
@click.option("--dag", "dag_id", metavar="DAG", help="Only those of this DAG.")
@click.option("--task", "task_id", metavar="TASK", help="Only those of this task.")
@click.option("--run", "run_id", metavar="RUN", help="Only those of this DAG run.")
@click.option("--group", metavar="GROUP", help="Only those that used this config group.")
@click.option("--artifact", metavar="NAME", help="Only those that used this artifact.")
@click.option("--state", type=click.Choice(STATES), help="Only those in this state.")
@click.option("--outcome", type=click.Choice(OUTCOMES), help="Only those with this outcome.")
@click.option("--who", "submitted_by", metavar="NAME", help="Only those of this user; `task`: those of tasks.")
@click.option("--since", metavar="TIME", help="Only those made at this date or time or later; UTC without a zone.")
@click.option("--before", "until", metavar="TIME", help="Only those made before this date or time.")
@paging_options
@output_option
@with_api
def list_submissions(api: Api, /, limit: int, offset: int, output: str, **filters: str | None) -> None:
    """List the submissions, the newest first."""
    page = api.read("submissions", params={**filters, "limit": limit, "offset": offset})

    def show() -> None:
        print_table(
            ("ID", "TASK", "TRY", "STATE", "GROUP", "REVISION", "CREATED", "EXIT", "WHY"),
            map(submission_row, page["items"]),
            empty=empty_list(
                offset > 0 or any(filters.values()),
                "There is no submission yet: each try of a Spark task of the suite makes one.",
            ),
        )
        say_what_is_left(page, offset)

    emit(page, output, show)


def submission_row(item: Mapping[str, Any]) -> tuple[object, ...]:
    """A submission as a row of the list."""
    task = item["task"]
    return (
        item["submission_id"],
        task_text(task),
        task["try_number"],
        item["outcome"] or item["state"],
        item["group"],
        item["revision"],
        time_text(item["created_at"]),
        item["exit_code"],
        shortened(item["message"], WHY_LENGTH),
    )


def task_text(task: Mapping[str, Any]) -> str:
    """``dag.task``, with ``[2]`` behind it for a mapped task."""
    index = task.get("map_index", -1)
    return f"{task['dag_id']}.{task['task_id']}" + (f"[{index}]" if index >= 0 else "")


@submissions.command(
    "show",
    epilog=examples("couture submissions show ID", "couture submissions show ID --output json > receipt.json"),
)
@click.argument("submission_id", metavar="ID")
@output_option
@with_api
def show_submission(api: Api, submission_id: str, output: str) -> None:
    """Show a receipt: what ran and how it ended.

    With the timeline, each setting with the layer that set it and what it beat, the command ready to copy,
    artifacts with their digests, and the last lines of a failure.
    """
    receipt = api.read("submissions", submission_id)
    emit(receipt, output, lambda: show_receipt(receipt))


@submissions.command(
    "rerun",
    epilog=examples("couture submissions rerun ID --as then", "couture submissions rerun ID --as now"),
)
@click.argument("submission_id", metavar="ID")
@click.option(
    "--as",
    "mode",
    type=click.Choice(MODES),
    required=True,
    help="then: with the group's revision and the artifacts of that submission. now: with those of the moment.",
)
@output_option
@with_api
def rerun_submission(api: Api, submission_id: str, mode: str, output: str) -> None:
    """Run the task of a submission again, in its DAG run.

    Nothing downstream runs again. Needs the right to clear tasks of the DAG. The new receipt names the old one.
    """
    task = api.send("POST", "submissions", submission_id, "rerun", json={"mode": mode})
    emit(task, output, lambda: tell(f"{task_text(task)} of run {task['run_id']} runs again, as {mode}."))


def show_receipt(receipt: Mapping[str, Any]) -> None:
    """Prints a receipt for people."""
    plan = receipt["plan"]
    print_fields(receipt_fields(receipt))
    title("Timeline")
    print_table(("STATE", "AT"), ((entry["state"], time_text(entry["at"])) for entry in receipt["timeline"]))
    if plan["settings"]:
        title("Settings")
        show_settings(plan["settings"])
    show_files(plan)
    if receipt.get("environment_names"):
        title("Environment variables set")
        tell(" ".join(receipt["environment_names"]))
    if receipt.get("argv"):
        title("Command")
        tell(shlex.join(receipt["argv"]))
    if plan.get("warnings"):
        title("Warnings")
        for warning in plan["warnings"]:
            tell(f"- {warning}")
    if receipt.get("changed"):
        show_changed(receipt["changed"])
    if receipt.get("last_lines"):
        title("Last lines of the log")
        tell(receipt["last_lines"].rstrip("\n"))


def show_changed(changed: Mapping[str, Any]) -> None:
    """Prints what changed since the task last worked."""
    title("What changed since the task last succeeded")
    if changed["since"] is None:
        tell("No receipt of an earlier success is kept: there is nothing to compare with.")
    elif not changed["changes"]:
        tell(f"Nothing that the suite knows of, compared with submission {changed['since']}.")
    else:
        show_changes({"from": changed["since"], "to": "this one", "changes": changed["changes"]})


def receipt_fields(receipt: Mapping[str, Any]) -> list[tuple[str, object]]:
    """The labelled values at the head of a receipt."""
    task, plan = receipt["task"], receipt["plan"]
    state = f"{receipt['state']}, {receipt['outcome']}" if receipt.get("outcome") else receipt["state"]
    archive = f"(class archive {receipt['class_archive'][:12]})" if receipt.get("class_archive") else None
    return [
        ("Submission", receipt["submission_id"]),
        ("Task", task_text(task)),
        ("Run", f"{task['run_id']}, try {task['try_number']}"),
        ("State", state),
        ("Exit code", receipt.get("exit_code")),
        ("Message", receipt.get("message")),
        ("Group", f"{receipt['group']}, revision {receipt['revision']}"),
        ("Application", plan["app_name"]),
        ("Main class", plan.get("class_path")),
        ("Submitted by", receipt["submitted_by"]),
        ("Spark", " ".join(filter(None, (receipt.get("spark_version"), plan.get("spark_home"), archive)))),
        ("Java", receipt.get("java_version")),
        ("Runs again", rerun_text(receipt.get("rerun_of"))),
        ("Run again by", rerun_text(receipt.get("rerun"))),
        ("Host", receipt.get("host")),
        ("Processes", " ".join(map(str, receipt.get("pids") or ()))),
        ("Engine's key", receipt.get("key")),
        ("Application id", receipt.get("application_id")),
        ("Tracking", receipt.get("tracking_url")),
    ]


def rerun_text(rerun: Mapping[str, Any] | None) -> str | None:
    """``ID as then, asked by ada``."""
    if not rerun:
        return None
    return f"{rerun['submission_id'] or '(not begun)'} as {rerun['mode']}, asked by {rerun['asked_by']}"
