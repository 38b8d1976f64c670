"""The command that lists what is there, by the path of the request."""

from __future__ import annotations

import pytest

from couture_ops.cli.next_steps import next_step

API = "/airflow/couture/api/v1"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/groups/prod/rollback", "`couture groups history prod` lists its revisions."),
        ("/groups/a%20b%27s/diff", "`couture groups history 'a b'\"'\"'s'` lists its revisions."),
        ("/groups/prod/hadoop/core-site.xml", "`couture hadoop list prod` lists its files."),
        ("/artifacts/code/a.py", "`couture artifacts list code` lists what there is."),
        ("/submissions/diff", "`couture submissions` lists them."),
        ("/groups/prod", None),
        ("/groups", None),
    ],
)
def test_the_path_leads_to_the_command(path: str, told: str | None) -> None:
    assert next_step(API + path) == told


def test_other_paths_lead_nowhere() -> None:
    assert next_step("/api/v2/submissions") is None
