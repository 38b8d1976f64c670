"""``couture render``: the command that a task would run now, and where each part of it comes from."""

from __future__ import annotations

import click

from couture_ops.cli.connection import Api
from couture_ops.cli.options import examples, output_option, with_api
from couture_ops.cli.output import emit, print_fields, tell, title
from couture_ops.cli.plans import show_command, show_files


@click.command(
    epilog=examples("couture render ratings_dag ratings", "couture render ratings_dag ratings --output json")
)
@click.argument("dag_id", metavar="DAG")
@click.argument("task_id", metavar="TASK")
@output_option
@with_api
def render(api: Api, dag_id: str, task_id: str, output: str) -> None:
    """Show the command a task would run now.

    Nothing is started. Each option stands with the layer that set it and what it beat. Values of secrets
    are hidden, templates of the DAG are shown unrendered.
    """
    preview = api.read("previews", "dags", dag_id, "tasks", task_id)
    plan = preview["plan"]

    def show() -> None:
        print_fields(
            [
                ("Task", f"{dag_id}.{task_id}"),
                ("Group", f"{plan['group']}, revision {plan['revision']}"),
                ("Spark home", plan.get("spark_home")),
            ]
        )
        title("Command")
        show_command(plan, preview["argv"], preview["environment"], f"{dag_id}.{task_id}")
        show_files(plan)
        if remarks := [*preview["notes"], *plan.get("warnings", ())]:
            title("Notes")
            for remark in dict.fromkeys(remarks):
                tell(f"- {remark}")

    emit(preview, output, show)
