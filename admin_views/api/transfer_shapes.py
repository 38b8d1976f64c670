"""The JSON shapes of exports and imports, and their way from the domain."""

from __future__ import annotations

from pydantic import Field

from admin_views.api.schemas import ChangeShape, Shape, change_shapes
from config_store.artifacts import ArtifactKind
from config_store.diff import Change
from config_store.transfer.apply import Applied
from config_store.transfer.plan import ArtifactDeed, ArtifactStep, GroupDeed, GroupStep, Plan, SecretState


class PlanOptions(Shape):
    """``prune``: delete groups that the files lack; ``carried``: digests of the artifacts whose bytes come along.

    ``secrets``: values by name, for those who may edit groups: the plan then tells which of them differ.
    """

    prune: bool = False
    carried: list[str] = []
    secrets: dict[str, str] = {}


class ApplyOptions(PlanOptions):
    """``plan`` and ``bases``: the digest and the revisions of the plan that was agreed to.

    ``uploads``: digest -> receipt of the upload.
    """

    plan: str
    bases: dict[str, int | None]
    uploads: dict[str, str] = {}
    note: str = ""


class GroupStepShape(Shape):
    """What becomes of a group; `base` is the revision that the change is made upon."""

    name: str
    deed: GroupDeed
    base: int | None
    changes: list[ChangeShape]
    dags: list[str]


class ArtifactStepShape(Shape):
    """What becomes of a version; `upload`: its bytes have to be sent first."""

    kind: ArtifactKind
    name: str
    version: int | None
    sha256: str
    size: int
    deed: ArtifactDeed
    upload: bool


class SecretShape(Shape):
    """A secret that the files name, and where its value comes from."""

    name: str
    group: str
    where: str
    state: SecretState


class NeedShape(Shape):
    """A permission that the import needs, and whether the caller has it."""

    permission: str
    resource: str
    granted: bool


class PlanShape(Shape):
    """What an import would do; `dags` are those of the last 30 days that it touches."""

    differs: bool
    digest: str
    groups: list[GroupStepShape]
    artifacts: list[ArtifactStepShape]
    default: ChangeShape | None
    secrets: list[SecretShape]
    dags: list[str]
    needs: list[NeedShape]
    compares_secrets: bool = Field(description="whether the caller may give values of secrets")


class UploadReceipt(Shape):
    """The proof that the caller sent these bytes, for the import that follows."""

    sha256: str
    size: int
    receipt: str


class AppliedGroup(Shape):
    """A group after an import; the revision of a deleted one is null."""

    name: str
    deed: GroupDeed
    revision: int | None


class AppliedShape(Shape):
    """What an import did."""

    groups: list[AppliedGroup]
    artifacts: list[ArtifactStepShape]
    default: ChangeShape | None


def group_step_shape(step: GroupStep) -> GroupStepShape:
    """A group's step as the API tells it."""
    changes = change_shapes(list(step.changes))
    return GroupStepShape(name=step.name, deed=step.deed, base=step.base, changes=changes, dags=list(step.dags))


def artifact_step_shape(step: ArtifactStep) -> ArtifactStepShape:
    """An artifact's step as the API tells it."""
    listed = step.listed
    return ArtifactStepShape(
        kind=listed.kind,
        name=listed.name,
        version=listed.version,
        sha256=listed.sha256,
        size=listed.size,
        deed=step.deed,
        upload=step.upload,
    )


def plan_shape(made: Plan, digest: str, needs: list[NeedShape], *, compares_secrets: bool) -> PlanShape:
    """A plan as the API tells it; ``digest`` is the one to agree to."""
    return PlanShape(
        differs=made.changes_anything(),
        digest=digest,
        groups=[group_step_shape(step) for step in made.groups],
        artifacts=[artifact_step_shape(step) for step in made.artifacts],
        default=_default_shape(made.default),
        secrets=[SecretShape(name=u.name, group=u.group, where=u.where, state=u.state) for u in made.secrets],
        dags=made.dags(),
        needs=needs,
        compares_secrets=compares_secrets,
    )


def applied_shape(done: Applied) -> AppliedShape:
    """A finished import as the API tells it."""
    return AppliedShape(
        groups=[_applied_group(step, done) for step in done.plan.steps()],
        artifacts=[artifact_step_shape(step) for step in done.plan.additions()],
        default=_default_shape(done.plan.default),
    )


def _applied_group(step: GroupStep, done: Applied) -> AppliedGroup:
    group = done.groups[step.name]
    return AppliedGroup(name=step.name, deed=step.deed, revision=group.revision if group else None)


def _default_shape(change: Change | None) -> ChangeShape | None:
    return change_shapes([change])[0] if change else None
