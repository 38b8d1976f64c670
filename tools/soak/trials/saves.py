"""Many clients save the same groups at once: no update is lost."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tools.ports import free_port
from tools.soak.clients import TWINS, SoakClient
from tools.soak.errors import ClientFailed
from tools.soak.figures import Figure, none_of
from tools.soak.integrity import Inspector
from tools.soak.ledger import Ledger
from tools.soak.plain_server import KEY_FILE, make_store
from tools.soak.progress import say
from tools.soak.server import KillableServer, plain_server
from tools.soak.stand_ins import services_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.soak.scale import Scale
    from tools.soak.stage import Stage

TOLD_EVERY = 1000


def measure(stage: Stage) -> list[Figure]:
    """The saves of all clients, and what is lost of them."""
    folder = stage.scratch("saves")
    make_store(folder)
    server = plain_server(folder, free_port())
    server.start()
    try:
        server.wait()
        groups = make_groups(server, stage.scale.groups)
        ledger = _save_all(stage.scale, server, groups)
    finally:
        server.stop()
    services = services_in(folder, (folder / KEY_FILE).read_text())
    inspector = Inspector(services.database, services.blobs, services.cipher)
    faults = [*inspector.faults(ledger), *_overcounted(inspector, ledger, groups), *_last_values(inspector, ledger)]
    services.database.engine.dispose()
    saved, refused = len(ledger.saved), sum(ledger.refusals.values())
    return [
        Figure(
            "saves_acknowledged", f"saves of {stage.scale.clients} clients that were acknowledged", saved, "", saved
        ),
        none_of("saves_lost", "updates lost, revisions too many, last values gone", faults, saved),
        Figure("saves_conflicts", "saves that another one overtook, sent again", ledger.conflicts, "", saved),
        Figure("saves_refused", "saves refused otherwise", refused, "", saved, 0, note=_kinds(ledger)),
    ]


def make_groups(server: KillableServer, count: int) -> list[str]:
    """Empty groups in the store behind the server; answers their names."""
    names = [f"soak-{number}" for number in range(count)]
    api = server.api()
    for name in names:
        api.send("POST", "groups", json={"name": name})
    api.close()
    return names


def _save_all(scale: Scale, server: KillableServer, groups: Sequence[str]) -> Ledger:
    ledger = Ledger()
    failures: list[ClientFailed] = []
    clients = [SoakClient(f"c{number}", groups, server.api, ledger) for number in range(scale.clients)]
    threads = [
        threading.Thread(target=_save_many, args=(client, scale.saves // scale.clients, failures, ledger))
        for client in clients
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return ledger


def _save_many(client: SoakClient, count: int, failures: list[ClientFailed], ledger: Ledger) -> None:
    try:
        for _ in range(count):
            client.save()
            if len(ledger.saved) % TOLD_EVERY == 0:
                say(f"{len(ledger.saved):,} saves, {ledger.conflicts:,} conflicts")
    except Exception as error:
        failures.append(ClientFailed(client.name, error))


def _overcounted(inspector: Inspector, ledger: Ledger, groups: Sequence[str]) -> list[str]:
    """Groups with another number of revisions than saves were acknowledged, the first one aside."""
    promised = {group: sum(saved.group == group for saved in ledger.saved) for group in groups}
    return [
        f"{group} has {inspector.newest(group) - 1} saved revisions for {count} saves"
        for group, count in promised.items()
        if inspector.newest(group) - 1 != count
    ]


def _last_values(inspector: Inspector, ledger: Ledger) -> list[str]:
    """Clients whose last value in a group is not the one that the group has."""
    last = {(saved.group, saved.client): str(saved.value) for saved in ledger.saved}
    found = {(group, client): inspector.values(group).get(f"spark.soak.{client}.{TWINS[0]}") for group, client in last}
    return [f"{key} ended with {last[key]}, the group has {found[key]}" for key in last if last[key] != found[key]]


def _kinds(ledger: Ledger) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(ledger.refusals.items()))
