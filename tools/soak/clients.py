"""Clients of the API that save and upload as fast as they are answered, through the client that people use."""

from __future__ import annotations

import hashlib
import random
import threading
from typing import TYPE_CHECKING

from couture_ops.cli.errors import HOW_TO_NAME_A_SERVER, CliError, StaleSaveError
from tools.soak.errors import ClientFailed
from tools.soak.ledger import Ledger, Saved, Uploaded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from couture_ops.cli.connection import Api

#: Every save sets both of a client's settings to the same number: a torn one would show.
TWINS = ("a", "b")
BLOCK = 64 * 1024
PAUSE_S = 0.2
#: How the product says what to do about what a client may meet when servers die, disks fill and databases are busy.
ADVICE = (
    HOW_TO_NAME_A_SERVER,
    "Nothing was changed: run the command again.",
    "Whether it was carried out is unknown: look before you run it again.",
    "Nothing was saved; send it again.",
    "Nothing was stored; send it again.",
    "Nothing was saved; free space where it lies.",
    "Nothing was stored; free space or move [couture] blob_root.",
)


def says_what_to_do(error: CliError) -> bool:
    """Whether the error gives one of the advices; its length proves nothing."""
    return any(advice in str(error) for advice in ADVICE)


def setting_names(client: str) -> tuple[str, ...]:
    """The settings that a client alone writes."""
    return tuple(f"spark.soak.{client}.{twin}" for twin in TWINS)


class SoakClient:
    """``open_api`` gives the API of a server that is thought to run, anew for each try."""

    def __init__(self, name: str, groups: Sequence[str], open_api: Callable[[], Api], ledger: Ledger) -> None:
        self.name = name
        self._groups = groups
        self._open_api = open_api
        self._ledger = ledger
        self._value = 0
        self._random = random.Random(name)  # noqa: S311  # which group is next guards nothing

    def save(self) -> bool:
        """Save once, again after each conflict; answers whether it was acknowledged."""
        group = self._random.choice(self._groups)
        self._value += 1
        change = {"configurations": {name: {"value": str(self._value)} for name in setting_names(self.name)}}
        while True:
            try:
                revision = self._save_upon_newest(group, change)
            except StaleSaveError:
                self._ledger.conflict()
            except CliError as error:
                self._refused(error)
                return False
            else:
                self._ledger.save(Saved(group, revision, self.name, self._value))
                return True

    def _save_upon_newest(self, group: str, change: Mapping[str, object]) -> int:
        api = self._open_api()
        try:
            revision = api.read("groups", group)["revision"]
            return int(api.send("PATCH", "groups", group, "content", json=change, revision=revision)["revision"])
        finally:
            api.close()

    def upload(self, largest_bytes: int) -> bool:
        """Upload a version of an artifact of its own; answers whether it was acknowledged."""
        content = self._random.randbytes(self._random.randint(1, largest_bytes))
        name = f"soak-{self.name}.py"
        blocks = (content[start : start + BLOCK] for start in range(0, len(content), BLOCK))
        api = self._open_api()
        try:
            path = ("artifacts", "code", name, "versions")
            _, told = api.upload(*path, params={}, blocks=blocks, headers={"Content-Length": str(len(content))})
        except CliError as error:
            self._refused(error)
            return False
        finally:
            api.close()
        self._ledger.upload(Uploaded(name, told["version"], hashlib.sha256(content).hexdigest()))
        return True

    def _refused(self, error: CliError) -> None:
        self._ledger.refuse(type(error).__name__, str(error), helpful=says_what_to_do(error))


class Crowd:
    """Clients, each in a thread of its own, from the begin of the block to its end."""

    def __init__(self, clients: Sequence[SoakClient], largest_bytes: int) -> None:
        self._clients = clients
        self._largest_bytes = largest_bytes
        self._done = threading.Event()
        self._failure: ClientFailed | None = None
        self._threads = [threading.Thread(target=self._run, args=(client,)) for client in clients]

    def __enter__(self) -> Crowd:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()

    def check(self) -> None:
        """Raise ClientFailed when a client met what is no error in words."""
        if self._failure:
            raise self._failure

    def _run(self, client: SoakClient) -> None:
        try:
            while not self._done.is_set():
                acknowledged = client.upload(self._largest_bytes) if random.random() < 0.4 else client.save()  # noqa: S311  # guards nothing
                if not acknowledged:
                    self._done.wait(PAUSE_S)
        except Exception as error:
            self._failure = ClientFailed(client.name, error)
