"""Receipts: out of their rows, and what differs between two: what was asked, and what it was resolved to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from config_store.artifacts import ArtifactKind
from config_store.content import SECTIONS
from config_store.diff import Change
from config_store.settings import twin_key
from config_store.wire import HIDDEN, JobRequest, Outcome, Receipt, State, TaskIdentity, TimelineEntry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from config_store.models import SubmissionRow
    from config_store.wire import PlannedArtifact, ResourceKind, SettingKind, SubmitPlan

    _Key = tuple[SettingKind, str]

_SECTION = {kind: section for section, kind in SECTIONS.items()}


def read_receipt(row: SubmissionRow) -> Receipt:
    """The receipt that a row holds."""
    return Receipt(
        submission_id=row.id,
        task=task_of(row),
        state=State(row.state),
        outcome=Outcome(row.outcome) if row.outcome else None,
        submitted_by=row.submitted_by,
        group=row.group_name,
        revision=row.revision,
        request=JobRequest.model_validate(row.request),
        plan=row.plan,
        timeline=tuple(TimelineEntry.model_validate(entry) for entry in row.timeline),
        **row.facts,
    )


@dataclass(frozen=True)
class Progress:
    """How far a submission is: what changes of a receipt while its task runs."""

    submission_id: str
    state: State
    outcome: Outcome | None
    message: str | None
    last_lines: str | None
    timeline: tuple[TimelineEntry, ...]


def read_progress(row: SubmissionRow) -> Progress:
    """The progress that a row holds, whose plan and request need not be loaded."""
    return Progress(
        submission_id=row.id,
        state=State(row.state),
        outcome=Outcome(row.outcome) if row.outcome else None,
        message=row.facts.get("message"),
        last_lines=row.facts.get("last_lines"),
        timeline=tuple(TimelineEntry.model_validate(entry) for entry in row.timeline),
    )


def task_of(row: SubmissionRow) -> TaskIdentity:
    """The try that a row is about."""
    return TaskIdentity(
        dag_id=row.dag_id,
        task_id=row.task_id,
        run_id=row.run_id,
        try_number=row.try_number,
        map_index=row.map_index,
    )


def diff_receipts(old: Receipt, new: Receipt) -> list[Change]:
    """Every difference between what two submissions ran, sorted by place.

    What either holds for secret is hidden in both: the older one may have been written before it was marked.
    """
    before, after = _facts(old), _facts(new)
    was, now = _differing(old.plan, new.plan)
    changed = [key for key, value in now.items() if was.get(key) != value] + list(was.keys() - now.keys())
    for facts, values in ((before, was), (after, now)):
        facts |= {setting_place(*key): values[key] for key in changed if key in values}
    hidden = {twin_key(s.kind, s.name) for plan in (old.plan, new.plan) for s in plan.settings if s.secret}
    secret = {setting_place(*key) for key in changed if twin_key(*key) in hidden}

    def shown(where: str, fact: str | None) -> str | None:
        return HIDDEN if fact is not None and where in secret else fact

    differing = sorted(where for where in before.keys() | after.keys() if before.get(where) != after.get(where))
    return [Change(where, shown(where, before.get(where)), shown(where, after.get(where))) for where in differing]


def _differing(old: SubmitPlan, new: SubmitPlan) -> tuple[dict[_Key, str], dict[_Key, str]]:
    """The values of both by setting, less those that both have at the same place: of thousands, nearly all."""
    apart = [
        (one, other)
        for one, other in zip_longest(old.settings, new.settings)
        if not (one and other and one.value == other.value and one.name == other.name and one.kind is other.kind)
    ]
    was = {(one.kind, one.name): one.value for one, _ in apart if one}
    now = {(other.kind, other.name): other.value for _, other in apart if other}
    return was, now


def setting_place(kind: SettingKind, name: str) -> str:
    """Where a receipt's difference names a setting: ``arguments.queue``."""
    return f"{_SECTION[kind]}.{name}"


def resource_place(kind: ResourceKind, name: str) -> str:
    """Where it names a resource, by the artifact's name or the URI: ``py-files.lib.zip``."""
    return f"{kind}.{name}"


def artifact_places(plan: SubmitPlan) -> Iterator[tuple[str, ArtifactKind, PlannedArtifact]]:
    """Where it names the artifacts of a plan, each with its kind."""
    if plan.application:
        yield "code_artifact", ArtifactKind.CODE, plan.application
    for resource in plan.resources:
        if resource.artifact:
            place = resource_place(resource.kind, resource.artifact.name)
            yield place, ArtifactKind.DEPENDENCY, resource.artifact


def _facts(receipt: Receipt) -> dict[str, str]:
    """All but the settings, by place."""
    plan = receipt.plan
    facts = {
        "group": plan.group,
        "revision": str(plan.revision),
        "app_name": plan.app_name,
        "application_arguments": json.dumps(plan.application_arguments, ensure_ascii=False),
    }
    optional = {
        "application_uri": plan.application_uri,
        "class_path": plan.class_path,
        "spark_home": plan.spark_home,
        "spark_version": receipt.spark_version,
        "java_version": receipt.java_version,
        "host": receipt.host,
    }
    facts |= {where: value for where, value in optional.items() if value is not None}
    return facts | _files(plan)


def _files(plan: SubmitPlan) -> dict[str, str]:
    files = {f"hadoop_files.{file.name}": file.sha256 for file in plan.hadoop_files}
    if plan.krb5_conf:
        files["krb5_conf"] = plan.krb5_conf.sha256
    for place, kind, artifact in artifact_places(plan):
        named = artifact.name if kind is ArtifactKind.CODE else ""  # the place of a dependency names it already
        files[place] = f"{named}@{artifact.version} {artifact.sha256}"
    return files | {resource_place(r.kind, r.uri): r.uri for r in plan.resources if r.uri}
