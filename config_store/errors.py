"""What can go wrong in the store; each error carries the objects it speaks of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from config_store.diff import Change


#: A message lists this many faults or names and counts the rest: an input may hold millions.
MAX_TOLD = 100


class StoreError(Exception):
    """Base of everything that the domain raises."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong with an input: where it stands, and what to do about it."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


class InvalidInput(StoreError):
    """An input that breaks a rule; ``faults`` names every place at once, ``told`` those that a message has room for."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        self.told = self.faults[:MAX_TOLD]
        more = len(self.faults) - MAX_TOLD
        words = [*map(str, self.told), f"and {more:,} more"] if more > 0 else map(str, self.told)
        super().__init__("; ".join(words))


def reject(where: str, message: str) -> InvalidInput:
    """The error for a single fault."""
    return InvalidInput([Fault(where, message)])


class NotFound(StoreError):
    """Something named does not exist; ``nearest`` lists what does, the most similar first."""

    def __init__(self, noun: str, name: str, nearest: Sequence[str] = ()) -> None:
        self.noun, self.name, self.nearest = noun, name, tuple(nearest)
        hint = f" Did you mean: {', '.join(self.nearest)}?" if self.nearest else ""
        super().__init__(f"There is no {noun} {name!r}.{hint}")


class UnknownGroup(NotFound):
    """A config group that does not exist, or does not any more; lists the groups there are."""

    def __init__(self, name: str, nearest: Sequence[str], groups: Sequence[str], *, is_deleted: bool = False) -> None:
        super().__init__("config group", name, nearest)
        self.groups = tuple(groups)
        more = [f"and {len(groups) - MAX_TOLD:,} more"] if len(groups) > MAX_TOLD else []
        listed = ", ".join([*self.groups[:MAX_TOLD], *more]) or "none; create one with `couture groups create`"
        gone = f" It was deleted; `couture groups restore {name}` takes that back." if is_deleted else ""
        self.args = (f"{self.args[0]}{gone} Config groups: {listed}.",)


class UnusableDatabase(StoreError):
    """A URL by which the store can't work; ``reason`` never holds the URL, because that holds a password."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"The URL of the store's database ([couture] sql_alchemy_conn, else [database] sql_alchemy_conn) {reason}"
        )


class DatabaseAway(StoreError):
    """The database lets nobody in, or does not answer any more; ``reason`` is its driver's word."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"The store's database can't be reached ({reason}). A change on its way may or may not have been saved: "
            "look, then send it again."
        )


class DatabaseBusy(StoreError):
    """The database gave a transaction up for others; ``reason`` is its driver's word."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"The store's database is busy with other changes ({reason}). Nothing was saved; send it again."
        )


class DatabaseFull(StoreError):
    """The database has no room; ``reason`` is its driver's word."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"No space is left for the store's database ({reason}). Nothing was saved; free space where it lies."
        )


class NoDefaultGroup(StoreError):
    """A job that names no group, in a store without any."""

    def __init__(self) -> None:
        super().__init__(
            "No config group is named and the store has no default group; create one with `couture groups create NAME`."
        )


class AlreadyExists(StoreError):
    """A name that is taken."""

    def __init__(self, noun: str, name: str) -> None:
        self.noun, self.name = noun, name
        super().__init__(f"The {noun} {name!r} exists already; choose another name.")


class NotDeleted(StoreError):
    """A deletion to be taken back of something that is there."""

    def __init__(self, noun: str, name: str) -> None:
        self.noun, self.name = noun, name
        super().__init__(f"The {noun} {name!r} is not deleted, so there is nothing to take back.")


class StaleRevision(StoreError):
    """A save on top of a revision that is no longer the newest; ``changes`` are those made meanwhile."""

    def __init__(
        self,
        group: str,
        expected: int,
        current: int,
        saved_by: str,
        saved_at: datetime,
        note: str,
        changes: Sequence[Change] = (),
    ) -> None:
        self.group, self.expected, self.current = group, expected, current
        self.saved_by, self.saved_at, self.note, self.changes = saved_by, saved_at, note, tuple(changes)
        changed = ", ".join(change.where for change in self.changes[:5]) + (" …" if len(self.changes) > 5 else "")
        super().__init__(
            f"Group {group!r} is at revision {current}, not {expected}: {saved_by} saved it at "
            f"{saved_at:%Y-%m-%d %H:%M:%S} UTC ({note or 'no note'}; changed: {changed or 'nothing'}). "
            "Nothing was saved; read the group again and repeat the change."
        )


class PlanOutdated(StoreError):
    """An import whose plan no longer fits the store: somebody changed what it speaks of."""

    def __init__(self) -> None:
        super().__init__(
            "The store has changed since the import was planned. Nothing was imported; look at the new differences "
            "and import again."
        )


class DefaultGroupKept(StoreError):
    """The default group cannot be deleted."""

    def __init__(self, group: str) -> None:
        self.group = group
        super().__init__(f"{group!r} is the default group; make another one the default before deleting it.")


@dataclass(frozen=True)
class User:
    """Who uses a group or an artifact: a group, or a DAG of the last 30 days."""

    noun: str
    name: str

    def __str__(self) -> str:
        return f"{self.noun} {self.name}"


class InUse(StoreError):
    """Deleting what others use, without force."""

    def __init__(self, noun: str, name: str, users: Sequence[User]) -> None:
        self.noun, self.name, self.users = noun, name, tuple(users)
        listed = ", ".join(str(user) for user in self.users)
        super().__init__(f"The {noun} {name!r} is used by {listed}; delete it with force to do so anyway.")


class FinalOverridden(StoreError):
    """A task that tries to change a setting its group marks final."""

    def __init__(self, group: str, name: str, value: str, attempted: str, asked: str) -> None:
        self.group, self.name, self.value = group, name, value
        super().__init__(
            # Airflow's log viewer does not wrap lines
            f"{name}={value} is final in config group {group!r}: the task may not {attempted} it ({asked}).\n"
            "Remove that from the task, or ask an admin to lift the mark."
        )


class DependencyClash(StoreError):
    """Two different files of one name in one job; Spark would silently take one of them."""

    def __init__(self, name: str, first: str, second: str) -> None:
        self.name, self.first, self.second = name, first, second
        super().__init__(
            f"Two different files named {name!r} would reach the job: {first} and {second}. "
            "Pin one version, or leave the group's out with exclude_spark_args."
        )


class Unresolvable(StoreError):
    """A request whose parts contradict each other; says which and the way out."""


class NotRerunnable(Unresolvable):
    """A task that can't run again, or not yet; says why and the way out."""


class BlobTooLarge(StoreError):
    """An upload above the limit; ``limit`` in bytes."""

    def __init__(self, name: str, limit: int) -> None:
        self.name, self.limit = name, limit
        super().__init__(
            f"{name!r} is larger than {limit:,} bytes, the limit of [couture] max_upload_bytes; nothing was stored."
        )


class DigestMismatch(StoreError):
    """Bytes that are not what their sender or the store said they are."""

    def __init__(self, name: str, expected: str, actual: str) -> None:
        self.name, self.expected, self.actual = name, expected, actual
        super().__init__(
            f"The sha256 of {name!r} is {actual}, announced was {expected}: the transfer was damaged. "
            "Nothing was stored; send it again."
        )


class Truncated(StoreError):
    """Fewer bytes than announced."""

    def __init__(self, name: str, expected: int, actual: int) -> None:
        self.name, self.expected, self.actual = name, expected, actual
        super().__init__(f"{name!r} ended after {actual:,} of {expected:,} bytes. Nothing was stored; send it again.")


class StorageFull(StoreError):
    """The blob storage has no room."""

    def __init__(self, place: str) -> None:
        self.place = place
        super().__init__(
            f"No space is left in the blob storage {place}. Nothing was stored; free space or move [couture] blob_root."
        )


class StorageMisconfigured(StoreError):
    """A blob storage that can't work as it is set up: what is wrong, and what to do."""


class StorageRefused(StorageMisconfigured):
    """A blob storage that does not let this server in; ``reason`` holds no secret."""

    def __init__(self, place: str, reason: str) -> None:
        self.place, self.reason = place, reason
        super().__init__(
            f"The blob storage {place} refuses access ({reason}). Check the credentials in [couture] "
            "blob_storage_options or in the server's environment; they must allow to read, write, list and delete "
            "there."
        )


class StorageAbsent(StorageMisconfigured):
    """A blob storage whose bucket (container, host folder) is not there."""

    def __init__(self, place: str, bucket: str) -> None:
        self.place, self.bucket = place, bucket
        super().__init__(
            f"The blob storage {place} is not there: create {bucket!r}, or mend [couture] blob_root on every "
            "API server."
        )


class StorageForeign(StorageMisconfigured):
    """A blob storage of which this database knows nothing: one of the two belongs to another installation."""

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(
            f"Of the blobs in the blob storage ({count:,}) this database names none: they may be those of another "
            "installation. Nothing is removed. Check [database] sql_alchemy_conn and [couture] blob_root; if they are "
            "right, remove the files in that storage by hand."
        )


class StorageUnreachable(StoreError):
    """A blob storage that does not answer as it should; ``reason`` holds no secret."""

    def __init__(self, place: str, reason: str) -> None:
        self.place, self.reason = place, reason
        super().__init__(
            f"The blob storage {place} does not answer as it should ({reason}). Try again; if it stays so, look at "
            "the network and at that storage."
        )


class BlobVanished(StoreError):
    """A blob that was removed while something was about to refer to it."""

    def __init__(self, sha256: str) -> None:
        self.sha256 = sha256
        super().__init__(
            f"The blob {sha256} was cleaned away as unused at the moment it was to be used. Nothing was saved; "
            "send it again."
        )


class BlobMissing(StoreError):
    """A row names a blob that the storage does not hold."""

    def __init__(self, sha256: str) -> None:
        self.sha256 = sha256
        super().__init__(f"The blob {sha256} is not in the blob storage; restore [couture] blob_root from its backup.")


class SecretUnreadable(StoreError):
    """A stored secret that the present keys do not open."""

    def __init__(self, where: str) -> None:
        self.where = where
        super().__init__(
            f"The secret {where} cannot be decrypted with the present Fernet keys; add the former key to "
            "[core] fernet_key (new,old) or set the secret again."
        )


class WrongState(StoreError):
    """A report that would move a submission backwards, or touch one that has ended."""

    def __init__(self, submission_id: str, state: str, reported: str) -> None:
        self.submission_id, self.state, self.reported = submission_id, state, reported
        super().__init__(f"Submission {submission_id} is {state}; it cannot become {reported}.")


class WireVersionMismatch(StoreError):
    """A worker that speaks another version of the wire than this server."""

    def __init__(self, theirs: str, ours: int) -> None:
        self.theirs, self.ours = theirs, ours
        super().__init__(
            f"The caller speaks wire version {theirs}, this server {ours}; install the same couture-ops on "
            "workers and API servers."
        )
