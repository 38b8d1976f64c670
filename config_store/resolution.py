"""From a JobRequest to a SubmitPlan: every layer in its place, every contradiction found before anything starts."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, NamedTuple

from config_store.artifacts import ArtifactKind, check_artifact_name, planned_artifact
from config_store.content import SECTIONS, is_file_list, open_setting, split_list
from config_store.errors import Fault, FinalOverridden, InvalidInput, NoDefaultGroup, Unresolvable
from config_store.groups import Group, default_group_name, get_group, get_revision
from config_store.resources import plan_resources
from config_store.settings import (
    ARGUMENT_OF,
    ARGUMENTS,
    FLAGS,
    MAX_NOTE,
    TWINS,
    Setting,
    dropped,
    place_faults,
    setting_faults,
    text_faults,
    twin_faults,
    twin_key,
)
from config_store.target_check import check_target
from config_store.version_finder import VersionFinder
from config_store.wire import (
    HIDDEN,
    Beaten,
    EffectiveSetting,
    JobRequest,
    Language,
    Layer,
    PlannedArtifact,
    SecretFile,
    SettingKind,
    StoredFile,
    SubmitPlan,
    TaskIdentity,
    is_secret_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy.orm import Session

    from config_store.reruns import Pins
    from config_store.secrets import Cipher

PYTHON_ON_YARN = "spark.yarn.appMasterEnv.PYSPARK_PYTHON"
#: Arguments that hold lists of files: every layer adds to them, see config_store.resources.
LISTS = ("jars", "py-files", "files")

# A plan may hold thousands of settings: what is asked for each of them is looked up, not searched for. Members of enums
# are named once: each ``Layer.GROUP`` runs a property in Python 3.11.
_GROUP = Layer.GROUP
_CONFIGURATION = SettingKind.CONFIGURATION
_LAYER_RANK = {layer: rank for rank, layer in enumerate(Layer)}
_KIND_RANK = {kind: rank for rank, kind in enumerate(SettingKind)}
_FIELD_OF = {
    SettingKind.ARGUMENT: "spark_arguments",
    SettingKind.CONFIGURATION: "spark_configurations",
    SettingKind.ENVIRONMENT: "env_vars",
}


class Candidate(NamedTuple):
    """One layer's word on one setting, its value in plain text."""

    layer: Layer
    kind: SettingKind
    name: str
    setting: Setting


#: In cluster mode spark-submit must wait for the application, else it ends with 0 while the job has just begun.
WAITING = Candidate(Layer.SUITE, SettingKind.CONFIGURATION, "spark.yarn.submit.waitAppCompletion", Setting("true"))


def resolve_plan(
    session: Session, request: JobRequest, task: TaskIdentity, cipher: Cipher, pins: Pins | None = None
) -> SubmitPlan:
    """Decide everything that one spark-submit needs; with ``pins`` as an older receipt had it.

    Raises UnknownGroup, NoDefaultGroup, NotFound (an artifact, with the nearest), FinalOverridden,
    DependencyClash, InvalidInput (every fault of the request at once), Unresolvable, SecretUnreadable.
    """
    group = _group_of(session, request) if pins is None else _group_then(session, request, pins)
    _check_request(request)
    find = VersionFinder(session, pins.versions if pins else {})
    find.look_ahead(_named_files(group, request))
    candidates = [*_of_group(group, cipher), *_of_operator(request, _secret_keys(group)), *_of_suite(task)]
    kept, warnings = _exclude(group, request, candidates)
    settings = tuple(_settle(group, kept))
    if _in_a_cluster(settings):
        settings = tuple(_settle(group, [*kept, WAITING]))
    application = _application(find, request)
    plan = SubmitPlan(
        group=group.name,
        revision=group.revision,
        language=request.language,
        app_name=request.app_name or f"{task.dag_id}.{task.task_id}",
        application=application,
        application_uri=request.application_uri,
        class_path=request.class_path,
        application_arguments=request.application_arguments,
        settings=settings,
        resources=plan_resources(find, group, request, _lists(kept), application),
        hadoop_files=tuple(
            StoredFile(name=file.name, sha256=file.sha256, size=file.size) for file in group.content.hadoop_files
        ),
        hadoop_digest=_hadoop_digest(group),
        keytab=_keytab(group, request, cipher),
        krb5_conf=_krb5_conf(group),
        spark_home=group.content.spark_home,
        warnings=(*_pinned(pins), *warnings, *_warnings(settings)),
    )
    check_target(plan)
    return plan


def _named_files(group: Group, request: JobRequest) -> Iterator[tuple[ArtifactKind, str]]:
    if request.code_artifact:
        yield ArtifactKind.CODE, request.code_artifact
    chosen = [dependency.name for dependency in (*group.content.jars, *group.content.py_files)]
    for name in (*chosen, *request.jars, *request.py_files):
        yield ArtifactKind.DEPENDENCY, name


def _in_a_cluster(settings: Iterable[EffectiveSetting]) -> bool:
    return any(s.name in ("deploy-mode", TWINS["deploy-mode"]) and s.value.lower() == "cluster" for s in settings)


def redact_request(request: JobRequest, plan: SubmitPlan) -> JobRequest:
    """The request without the values that the plan holds for secret, fit for a receipt."""
    secret = {twin_key(s.kind, s.name) for s in plan.settings if s.secret}
    update = {}
    for kind, field in _FIELD_OF.items():
        values: dict[str, str] = getattr(request, field)
        update[field] = {
            name: HIDDEN if twin_key(kind, name) in secret or is_secret_name(name) else value
            for name, value in values.items()
        }
    python_secret = request.python_conf and (SettingKind.CONFIGURATION, PYTHON_ON_YARN) in secret
    return request.model_copy(update={**update, "python_conf": HIDDEN if python_secret else request.python_conf})


def _group_of(session: Session, request: JobRequest) -> Group:
    name = request.config_group or default_group_name(session)
    if name is None:
        raise NoDefaultGroup
    return get_group(session, name)


def _group_then(session: Session, request: JobRequest, pins: Pins) -> Group:
    """The group as it was in the older receipt, deleted or not."""
    if request.config_group not in (None, pins.group):
        raise Unresolvable(
            f"The task names config group {request.config_group!r} now, and submission {pins.submission_id} ran with "
            f"{pins.group!r}: it can't run again as then. Run it as now."
        )
    revision = get_revision(session, pins.group, pins.revision)
    return Group(
        name=pins.group,
        description="",
        is_default=False,
        revision=revision.number,
        updated_by=revision.author,
        updated_at=revision.created_at,
        content=revision.content,
    )


def _pinned(pins: Pins | None) -> Iterator[str]:
    if pins:
        yield (
            f"Runs again as then: revision {pins.revision} of group {pins.group!r} and the artifacts of submission "
            f"{pins.submission_id}, as {pins.asked_by} asked"
        )


def _check_request(request: JobRequest) -> None:
    faults = [
        fault
        for kind, field in _FIELD_OF.items()
        for name, value in getattr(request, field).items()
        for fault in setting_faults(f"{field}.{name[:100]}", kind, name, value)
    ]
    faults += twin_faults(_given(request.spark_arguments), _given(request.spark_configurations), "spark_")
    faults += _python_faults(request)
    faults += _text_faults(request)
    if faults:
        raise InvalidInput(faults)
    if bool(request.code_artifact) == bool(request.application_uri):
        raise Unresolvable("Exactly one of code_artifact and jar_path says what to run; give one of them.")
    if request.application_uri and request.code_artifact_version is not None:
        raise Unresolvable("code_artifact_version belongs to code_artifact; a jar_path has no versions, leave it out.")
    if request.language is Language.PYTHON and request.class_path:
        raise Unresolvable("class_path names the main class of a jar; a python file has none, leave it out.")


def _given(settings: dict[str, str]) -> set[str]:
    return {name for name, value in settings.items() if value}


def _python_faults(request: JobRequest) -> Iterator[Fault]:
    if request.python_conf and request.spark_configurations.get(PYTHON_ON_YARN):
        yield Fault(
            f"spark_configurations.{PYTHON_ON_YARN}",
            f"{PYTHON_ON_YARN} and python_conf are the same setting and both are given; keep one",
        )


def _text_faults(request: JobRequest) -> Iterator[Fault]:
    for index, argument in enumerate(request.application_arguments):
        yield from text_faults(f"application_arguments[{index}]", argument)
    for field in ("app_name", "class_path", "python_conf"):
        yield from text_faults(field, getattr(request, field) or "")
    if len(request.app_name or "") > MAX_NOTE:
        yield Fault("app_name", f"must be text of at most {MAX_NOTE:,} characters")
    if uri := request.application_uri:
        yield from text_faults("jar_path", uri)
        # spark-submit would take --conf for an option, and so the task could change a final one
        yield from place_faults("jar_path", uri)


def _secret_keys(group: Group) -> frozenset[tuple[SettingKind, str]]:
    """The settings that the group marks secret; whatever a task gives for them is secret too."""
    return frozenset(twin_key(kind, name) for _, kind, name, stored in group.content.settings() if stored.secret)


def _of_group(group: Group, cipher: Cipher) -> Iterator[Candidate]:
    for section, kind, name, stored in group.content.settings():
        setting = open_setting(f"groups.{group.name}.{section}.{name}", stored, cipher) if stored.secret else stored
        if setting.value or setting.final:  # an empty one that is final keeps every task from setting it
            yield Candidate(_GROUP, kind, name, setting)
    if group.content.principal:
        yield Candidate(Layer.GROUP, SettingKind.ARGUMENT, "principal", Setting(group.content.principal))


def _of_operator(request: JobRequest, secret: frozenset[tuple[SettingKind, str]]) -> Iterator[Candidate]:
    given = [
        (kind, name, value) for kind, field in _FIELD_OF.items() for name, value in getattr(request, field).items()
    ]
    given.append((SettingKind.CONFIGURATION, PYTHON_ON_YARN, request.python_conf))
    for kind, name, value in given:
        if value:
            yield Candidate(Layer.OPERATOR, kind, name, Setting(value, secret=twin_key(kind, name) in secret))


def _of_suite(task: TaskIdentity) -> Iterator[Candidate]:
    for name, value in (("spark.workflow.taskId", task.task_id), ("spark.workflow.dagId", task.dag_id)):
        yield Candidate(Layer.SUITE, SettingKind.CONFIGURATION, name, Setting(value))


def _exclude(group: Group, request: JobRequest, candidates: Iterable[Candidate]) -> tuple[list[Candidate], list[str]]:
    """Leave out what the task asked to leave out of its group; a final setting may not be."""
    excluded = _excluded(request)
    if not excluded:
        return list(candidates), []
    kept = []
    for candidate in candidates:
        is_left_out = candidate.layer is _GROUP and candidate.name in excluded
        if is_left_out and candidate.setting.final and candidate.setting.value:
            raise FinalOverridden(group.name, candidate.name, _shown(candidate), "exclude", "exclude_spark_args")
        if not is_left_out or candidate.setting.final:  # an empty final still forbids the task a value of its own
            kept.append(candidate)
    present = {name for section in SECTIONS for name in getattr(group.content, section)} | ARGUMENTS | set(ARGUMENT_OF)
    unknown = sorted(set(request.exclude_spark_args) - present)
    return kept, [f"exclude_spark_args names {name!r}, which group {group.name!r} does not set" for name in unknown]


def _excluded(request: JobRequest) -> set[str]:
    """The names that a task leaves out, each with its twin."""
    named = set(request.exclude_spark_args)
    return named | {twin for name in named for twin in (TWINS.get(name), ARGUMENT_OF.get(name)) if twin}


def _settle(group: Group, candidates: Iterable[Candidate]) -> Iterator[EffectiveSetting]:
    """One effective setting per twin key, the strongest layer's, in the order of kinds and names."""
    first: dict[tuple[SettingKind, str], Candidate] = {}
    rivals: dict[tuple[SettingKind, str], list[Candidate]] = {}
    for candidate in candidates:
        _, kind, name, _ = candidate
        if not is_file_list(kind, name):
            key = (kind, name) if kind is _CONFIGURATION else twin_key(kind, name)
            if (earlier := first.setdefault(key, candidate)) is not candidate:
                rivals.setdefault(key, [earlier]).append(candidate)
    alone = (candidate for key, candidate in first.items() if key not in rivals)
    settled = [_undisputed(*candidate) or _strongest(group, [candidate]) for candidate in alone]
    settled += [_strongest(group, several) for several in rivals.values()]
    yield from sorted((s for s in settled if s.value), key=lambda s: (_KIND_RANK[s.kind], s.name))


def _strongest(group: Group, rivals: list[Candidate]) -> EffectiveSetting:
    winner, *beaten = sorted(rivals, key=_rank, reverse=True)
    for loser in beaten:
        _check_final(group, winner, loser)
    secret = any(c.setting.secret or is_secret_name(c.name) for c in rivals)
    kind, name = (winner.kind, winner.name) if not secret else _off_the_command_line(winner)
    is_marked = winner.layer is Layer.GROUP
    return EffectiveSetting(
        kind=kind,
        name=name,
        value=winner.setting.value.lower() if winner.name in FLAGS else winner.setting.value,
        layer=winner.layer,
        beat=tuple([Beaten(layer=c.layer, name=c.name, value=c.setting.value) for c in beaten]),
        final=is_marked and winner.setting.final,
        secret=secret,
        note=winner.setting.note if is_marked else "",
    )


def _undisputed(layer: Layer, kind: SettingKind, name: str, setting: Setting) -> EffectiveSetting | None:
    """What nearly all settings of a large group are: plain values that nobody else sets; None for any other."""
    if setting.secret or is_secret_name(name) or name in FLAGS or layer is not _GROUP:
        return None
    return EffectiveSetting(
        kind=kind, name=name, value=setting.value, layer=layer, final=setting.final, note=setting.note
    )


def _rank(candidate: Candidate) -> int:
    return _LAYER_RANK[candidate.layer]


def _check_final(group: Group, winner: Candidate, loser: Candidate) -> None:
    # whether a task's value equals a secret one is told to nobody: it could be guessed
    if loser.setting.final and (loser.setting.secret or loser.setting.value != winner.setting.value):
        value = _shown(winner) if not loser.setting.secret else HIDDEN
        raise FinalOverridden(
            group.name, loser.name, _shown(loser), "change", f"{_FIELD_OF[winner.kind]}: {winner.name}={value}"
        )


def _off_the_command_line(candidate: Candidate) -> tuple[SettingKind, str]:
    """A secret argument goes by its property, because ps shows the command line to everybody."""
    if candidate.kind is not SettingKind.ARGUMENT:
        return candidate.kind, candidate.name
    if candidate.name not in TWINS:
        raise Unresolvable(f"--{candidate.name} is secret and can only stand on the command line; unmark it.")
    return SettingKind.CONFIGURATION, TWINS[candidate.name]


def _shown(candidate: Candidate) -> str:
    secret = candidate.setting.secret or is_secret_name(candidate.name)
    return HIDDEN if secret else candidate.setting.value


def _lists(candidates: Iterable[Candidate]) -> dict[str, list[tuple[Layer, str]]]:
    """The comma-separated lists of files, by option, each entry with its layer, the group's first."""
    lists: dict[str, list[tuple[Layer, str]]] = {name: [] for name in LISTS}
    for candidate in candidates:
        if is_file_list(candidate.kind, candidate.name):
            name = ARGUMENT_OF.get(candidate.name, candidate.name)
            lists[name] += [(candidate.layer, entry) for entry in split_list(candidate.setting.value)]
    return lists


_RUN_BY = {Language.JAVA: (".jar", "CoutureSparkOperator"), Language.PYTHON: (".py", "CouturePySparkOperator")}


def _application(find: VersionFinder, request: JobRequest) -> PlannedArtifact | None:
    if not request.code_artifact:
        return None
    check_artifact_name(ArtifactKind.CODE, request.code_artifact)
    suffix = _RUN_BY[request.language][0]
    if not request.code_artifact.lower().endswith(suffix):
        others = [operator for ending, operator in _RUN_BY.values() if request.code_artifact.lower().endswith(ending)]
        advice = f"use {others[0]} for it" if others else "a .zip, .egg or .whl is what py_files add to a job"
        raise Unresolvable(f"code_artifact {request.code_artifact!r} is no {suffix} file; {advice}, or name another.")
    return planned_artifact(find(ArtifactKind.CODE, request.code_artifact, request.code_artifact_version))


def _hadoop_digest(group: Group) -> str | None:
    files = sorted((file.name, file.sha256) for file in group.content.hadoop_files)
    return hashlib.sha256(json.dumps(files).encode()).hexdigest() if files else None


def _keytab(group: Group, request: JobRequest, cipher: Cipher) -> SecretFile | None:
    keytab = group.content.keytab
    if keytab is None or "keytab" in _excluded(request):
        return None
    content = cipher.decrypt(keytab.token, f"groups.{group.name}.keytab")
    return SecretFile(name=keytab.name, content=content)


def _krb5_conf(group: Group) -> StoredFile | None:
    file = group.content.krb5_conf
    return StoredFile(name=file.name, sha256=file.sha256, size=file.size) if file else None


def _warnings(settings: Iterable[EffectiveSetting]) -> Iterator[str]:
    for setting in settings:
        if warning := dropped(setting.kind, setting.name):
            yield warning
