"""What is wrong with a config group before a job finds out: files, cluster, dependencies, secrets, keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from config_store.artifacts import ArtifactKind, find_version
from config_store.blob_check import NamedBlob, check_blobs
from config_store.catalogue.lint import hadoop_remarks, key_remarks, stored_remarks
from config_store.content import SECTIONS, open_setting
from config_store.counting import counted
from config_store.errors import MAX_TOLD, BlobMissing, InvalidInput, NotFound, SecretUnreadable, StoreError
from config_store.groups import get_group
from config_store.hadoop_xml import read_properties
from config_store.models import GroupRow, in_byte_order
from config_store.resolution import resolve_plan
from config_store.settings import TWINS, dropped
from config_store.target_check import target_fault
from config_store.wire import Finding, JobRequest, Language, TaskIdentity

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from config_store.blob_check import Progress
    from config_store.blobs.protocol import BlobStorage
    from config_store.catalogue.lint import Remark
    from config_store.catalogue.lookup import Catalogue, Installed
    from config_store.groups import Group
    from config_store.secrets import Cipher

#: The names of the file system that paths without a scheme mean, today's first.
#: Source: Hadoop's core-default.xml and DeprecatedProperties.
FILE_SYSTEM = ("fs.defaultFS", "fs.default.name")
#: What leads to a resource manager, besides the ids of several. Source: Hadoop's yarn-default.xml.
RESOURCE_MANAGER = ("yarn.resourcemanager.address", "yarn.resourcemanager.hostname")

_UNREAD = "Remove what Spark does not read, or give it its right name: Hadoop's are spelled spark.hadoop.NAME."


@dataclass(frozen=True)
class _View:
    """What the checks of one group work with."""

    session: Session
    blobs: BlobStorage
    cipher: Cipher
    group: Group
    deep: bool
    progress: Progress
    find_catalogue: Callable[[str | None], Installed] | None

    @property
    def subject(self) -> str:
        return f"config group {self.group.name}"

    def value(self, argument: str) -> str | None:
        """The value of an argument or of the property that says the same; None without one, or when it is secret."""
        content = self.group.content
        for setting in (content.arguments.get(argument), content.configurations.get(TWINS[argument])):
            if setting and setting.value and not setting.secret:
                return setting.value
        return None

    def properties(self) -> dict[str, str]:
        """The properties of all Hadoop files that can be read, and what ``spark.hadoop.…`` adds to them."""
        found: dict[str, str] = {}
        for file in self.group.content.hadoop_files:
            try:
                with self.blobs.open(file.sha256) as content:
                    found |= read_properties(file.name, content.read())
            except (BlobMissing, InvalidInput):  # told by the checks of the files themselves
                continue
        prefix = "spark.hadoop."
        return found | {
            name.removeprefix(prefix): setting.value
            for name, setting in self.group.content.configurations.items()
            if name.startswith(prefix)
        }


def check_group(
    session: Session,
    blobs: BlobStorage,
    cipher: Cipher,
    name: str,
    *,
    deep: bool = False,
    progress: Progress = lambda _: None,
    find_catalogue: Callable[[str | None], Installed] | None = None,
    only: str | None = None,
) -> list[Finding]:
    """What every check (or ``only`` one of CHECK_NAMES) says of the group's newest revision; raises UnknownGroup.

    ``deep``: read the bytes of large files too. ``find_catalogue``: name of a Spark home -> what its keys are; without
    it the keys are not looked at. No finding holds a value out of a Hadoop file or a secret.
    """
    view = _View(session, blobs, cipher, get_group(session, name), deep, progress, find_catalogue)
    findings: list[Finding] = []
    for check, look in _CHECKS.items():
        if only not in (None, check):
            continue
        progress(f"config group {name}: {check}")
        try:
            findings += look(view)
        except Exception as error:
            findings.append(Finding.crash(check, view.subject, error))
    return findings


def live_group_names(session: Session) -> list[str]:
    """The names of all groups."""
    live = select(GroupRow.name).where(GroupRow.deleted_at.is_(None))
    return list(session.scalars(live.order_by(in_byte_order(GroupRow.name))))


def asked_spark_homes(session: Session) -> dict[str, list[str]]:
    """Names of Spark homes -> the groups that name them."""
    found: dict[str, list[str]] = {}
    for name in live_group_names(session):
        if home := get_group(session, name).content.spark_home:
            found.setdefault(home, []).append(name)
    return found


def _files(view: _View) -> Iterator[Finding]:
    yield from check_blobs(
        "files", view.subject, view.blobs, list(_named_blobs(view)), deep=view.deep, progress=view.progress
    )


def _named_blobs(view: _View) -> Iterator[NamedBlob]:
    group = view.group
    for file in group.content.hadoop_files:
        yield NamedBlob(file.name, file.sha256, file.size, f"couture hadoop put {group.name} {file.name}")
    if krb5_conf := group.content.krb5_conf:
        yield NamedBlob("krb5.conf", krb5_conf.sha256, krb5_conf.size, f"couture settings krb5 {group.name} FILE")
    for _, chosen in group.content.dependencies():
        try:
            found = find_version(view.session, ArtifactKind.DEPENDENCY, chosen.name, chosen.version)
        except NotFound:  # told by the check of the dependencies
            continue
        way_back = f"couture artifacts upload dependencies {found.name}"
        yield NamedBlob(f"{found.name}@{found.version}", found.sha256, found.size, way_back)


def _dependencies(view: _View) -> Iterator[Finding]:
    chosen, missing = list(view.group.content.dependencies()), 0
    for _, dependency in chosen:
        try:
            find_version(view.session, ArtifactKind.DEPENDENCY, dependency.name, dependency.version)
        except NotFound as error:
            missing += 1
            advice = (
                f"Upload it again, or take its deletion back: couture artifacts restore dependencies {dependency.name}"
            )
            yield Finding.fault("dependencies", view.subject, str(error), advice)
    if not missing:
        yield Finding.ok("dependencies", view.subject, f"{len(chosen)} chosen, all of them there.")


def _secrets(view: _View) -> Iterator[Finding]:
    content, unreadable, count = view.group.content, [], 0
    for section, _, name, stored in content.settings():
        count += stored.secret
        try:
            open_setting(f"{section}.{name}", stored, view.cipher)
        except SecretUnreadable:
            unreadable.append(f"{section}.{name}")
    if content.keytab:
        count += 1
        try:
            view.cipher.decrypt(content.keytab.token, "keytab")
        except SecretUnreadable:
            unreadable.append("keytab")
    if unreadable:
        named = ", ".join(unreadable[:20]) + (f" and {len(unreadable) - 20} more" if len(unreadable) > 20 else "")
        message = f"No Fernet key opens {named}."
        advice = (
            "Put the former key behind the present one in [core] fernet_key of every API server, or set them again."
        )
        yield Finding.fault("secrets", view.subject, message, advice)
    else:
        yield Finding.ok("secrets", view.subject, f"{counted(count, 'secret')}, all readable.")


def _hadoop(view: _View) -> Iterator[Finding]:
    faults = [*_parse_faults(view), *_address_faults(view)]
    files = len(view.group.content.hadoop_files)
    if not files and not faults:
        yield Finding.ok("hadoop", view.subject, "It has no Hadoop files and needs none.")
    elif not faults:
        yield Finding.ok(
            "hadoop", view.subject, f"{counted(files, 'Hadoop file')}; what jobs need of the cluster is there."
        )
    yield from faults


def _parse_faults(view: _View) -> Iterator[Finding]:
    for file in view.group.content.hadoop_files:
        try:
            with view.blobs.open(file.sha256) as content:
                read_properties(file.name, content.read())
        except BlobMissing:
            yield Finding.skipped("hadoop", view.subject, f"{file.name} is missing in the blob storage.")
        except InvalidInput as error:
            advice = f"Mend the file and store it again: couture hadoop put {view.group.name} {file.name}"
            yield Finding.fault("hadoop", view.subject, f"{error}.", advice)


def _address_faults(view: _View) -> Iterator[Finding]:
    properties, on_yarn = view.properties(), view.value("master") == "yarn"
    put = f"couture hadoop put {view.group.name}"
    if (view.group.content.hadoop_files or on_yarn) and not any(properties.get(name) for name in FILE_SYSTEM):
        message = (
            "No Hadoop file names a file system (fs.defaultFS): paths without a scheme mean the worker's own disk."
        )
        yield (Finding.fault if on_yarn else Finding.warning)(
            "hadoop", view.subject, message, f"Store the cluster's core-site.xml: {put} core-site.xml"
        )
    if on_yarn and not _names_resource_manager(properties):
        message = "master is yarn, and no Hadoop file names a resource manager (yarn.resourcemanager.hostname)."
        yield Finding.fault("hadoop", view.subject, message, f"Store the cluster's yarn-site.xml: {put} yarn-site.xml")
    yield from _name_service_faults(view, properties)


def _names_resource_manager(properties: dict[str, str]) -> bool:
    if any(properties.get(name) for name in RESOURCE_MANAGER):
        return True
    ids = [part.strip() for part in properties.get("yarn.resourcemanager.ha.rm-ids", "").split(",") if part.strip()]
    return any(properties.get(f"{name}.{rm_id}") for name in RESOURCE_MANAGER for rm_id in ids)


def _name_service_faults(view: _View, properties: dict[str, str]) -> Iterator[Finding]:
    """HDFS with several name nodes: the name of the service must lead to them."""
    services = [part.strip() for part in properties.get("dfs.nameservices", "").split(",") if part.strip()]
    for service in services:
        nodes = [n.strip() for n in properties.get(f"dfs.ha.namenodes.{service}", "").split(",") if n.strip()]
        lacking = [n for n in nodes if not properties.get(f"dfs.namenode.rpc-address.{service}.{n}")]
        if lacking:
            nodes_told = counted(len(lacking), "name node")
            message = f"The name service of hdfs-site.xml lacks dfs.namenode.rpc-address of {nodes_told}."
            advice = f"Store the cluster's own hdfs-site.xml: couture hadoop put {view.group.name} hdfs-site.xml"
            yield Finding.fault("hadoop", view.subject, message, advice)


def _target(view: _View) -> Iterator[Finding]:
    """What spark-submit would refuse; asked of the resolution itself, with a job that sets nothing."""
    settings, faulty = f"couture settings set {view.group.name}", False
    for argument, example in (("master", "master=yarn deploy-mode=client"), ("deploy-mode", "deploy-mode=client")):
        if fault := target_fault(argument, view.value(argument) or ""):
            stop = "" if fault.endswith("?") else "."
            yield Finding.fault("target", view.subject, f"{fault}{stop}", f"For instance: {settings} {example}")
            faulty = True
    yield from _dropped(view)
    if not faulty:
        yield from _resolved(view)


def _dropped(view: _View) -> Iterator[Finding]:
    """The properties that reach no job, each by its name."""
    warnings = [dropped(kind, name) for _, kind, name, setting in view.group.content.settings() if setting.value]
    told = list(filter(None, warnings))
    for warning in told[:MAX_TOLD]:
        yield Finding.warning("target", view.subject, f"{warning}.", _UNREAD)
    if (more := len(told) - MAX_TOLD) > 0:
        yield Finding.warning("target", view.subject, f"Spark drops {more:,} more.", _UNREAD)


def _resolved(view: _View) -> Iterator[Finding]:
    """What the resolution says besides what :func:`_dropped` tells."""
    request = JobRequest(language=Language.PYTHON, application_uri="/check.py", config_group=view.group.name)
    task = TaskIdentity(dag_id="check", task_id="check", run_id="check")
    try:
        resolve_plan(view.session, request, task, view.cipher)
    except (SecretUnreadable, NotFound) as error:
        yield Finding.skipped("target", view.subject, f"No plan can be made yet: {error}")
    except StoreError as error:
        said, _, advice = str(error).partition("; ")
        yield Finding.fault("target", view.subject, said, advice or "Change the group as it says.")
    else:
        master = view.value("master") or "chosen by Spark's defaults or by tasks"
        yield Finding.ok("target", view.subject, f"A job can be planned; the master is {master}.")


def _keys(view: _View) -> Iterator[Finding]:
    """Values against our own rules, then keys and values against what the installed Spark and Hadoop know."""
    installed = view.find_catalogue(view.group.content.spark_home) if view.find_catalogue else None
    remarks = list(stored_remarks(view.group.content))
    if installed and installed.catalogue:
        remarks += key_remarks(installed.catalogue, view.group.content)
        remarks += _property_remarks(view, installed.catalogue)
    for remark in remarks[:MAX_TOLD]:
        yield _finding(view, remark)
    if (more := len(remarks) - MAX_TOLD) > 0:
        yield Finding.warning("keys", view.subject, f"{more:,} more are odd.", "Mend these first, then check again.")
    if installed and installed.catalogue is None:
        yield Finding.skipped("keys", view.subject, installed.missing)
    elif installed and installed.catalogue and not remarks:
        message = f"Spark {installed.catalogue.spark_version} and its Hadoop take all keys and values as they stand."
        yield Finding.ok("keys", view.subject, message)


def _property_remarks(view: _View, catalogue: Catalogue) -> Iterator[Remark]:
    """Of the Hadoop files, names alone: values may be passwords."""
    for file in view.group.content.hadoop_files:
        try:
            with view.blobs.open(file.sha256) as content:
                properties = read_properties(file.name, content.read())
        except (BlobMissing, InvalidInput):  # told by the checks of the files themselves
            continue
        for name in properties:
            yield from hadoop_remarks(catalogue, file.name, name, None)


def _finding(view: _View, remark: Remark) -> Finding:
    section, _, name = remark.where.partition(".")
    if section not in SECTIONS:
        advice = f"Correct the file and store it again: couture hadoop put {view.group.name} {remark.where}"
    elif remark.is_fault or remark.of_value:
        advice = f"Correct it: couture settings set {view.group.name} {name}=VALUE"
    else:
        advice = "Give it its right name; what a library of yours reads under this name may stay."
    make = Finding.fault if remark.is_fault else Finding.warning
    stop = "" if remark.message.endswith("?") else "."
    return make("keys", view.subject, f"{remark.where}: {remark.message}{stop}", advice)


_CHECKS: dict[str, Callable[[_View], Iterator[Finding]]] = {
    "files": _files,
    "hadoop": _hadoop,
    "target": _target,
    "dependencies": _dependencies,
    "secrets": _secrets,
    "keys": _keys,
}
CHECK_NAMES = tuple(_CHECKS)
