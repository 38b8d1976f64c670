"""`kill -9` of API servers at random moments of saves and uploads, and a look at the whole store after each."""

from __future__ import annotations

import hashlib
import random
import time
from typing import TYPE_CHECKING

from tools.soak.clients import Crowd, SoakClient
from tools.soak.figures import Figure, none_of
from tools.soak.integrity import Inspector
from tools.soak.ledger import Ledger
from tools.soak.progress import say
from tools.soak.trials.saves import make_groups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from couture_ops.cli.connection import Api
    from tools.soak.scale import Scale
    from tools.soak.server import KillableServer
    from tools.soak.stage import Stage

#: Between a server's return and its next death, seconds.
SHORTEST_LIFE_S, LONGEST_LIFE_S = 0.2, 2.0
UPLOAD_BYTES = 2_000_000


def measure(stage: Stage) -> list[Figure]:
    """Kill Airflow's API servers; two share the work, so that one answers while the other starts."""
    with stage.killable_servers(2) as servers, stage.airflow_store() as (database, blobs):
        return kill_servers(stage.scale, servers, Inspector(database, blobs, stage.cipher()))


def kill_servers(scale: Scale, servers: Sequence[KillableServer], inspector: Inspector) -> list[Figure]:
    """Kill running servers of one store in turns, each time while clients save and upload."""
    groups = make_groups(servers[0], scale.groups)
    ledger = Ledger()

    def some_api() -> Api:
        return random.choice(servers).api()  # noqa: S311  # spreads the load, guards nothing

    clients = [SoakClient(f"c{number}", groups, some_api, ledger) for number in range(scale.clients)]
    faults: list[str] = []
    waits: list[float] = []
    with Crowd(clients, UPLOAD_BYTES) as crowd:
        for number in range(scale.server_kills):
            victim = servers[number % len(servers)]
            waits.append(_wait(victim))
            faults += _faults(inspector, ledger, victim)
            crowd.check()
            time.sleep(random.uniform(SHORTEST_LIFE_S, LONGEST_LIFE_S))  # noqa: S311  # guards nothing
            victim.kill()
            victim.start()
            if (number + 1) % 10 == 0:
                say(
                    f"{number + 1} kills, {len(ledger.saved)} saves, {len(ledger.uploaded)} uploads, "
                    f"{len(faults)} faults"
                )
        for server in servers:
            _wait(server)
            faults += _faults(inspector, ledger, server)
    return _figures(scale.server_kills, ledger, [*faults, *_faults(inspector, ledger, servers[0])], max(waits))


def _wait(server: KillableServer) -> float:
    begun = time.monotonic()
    server.wait()
    return time.monotonic() - begun


def _faults(inspector: Inspector, ledger: Ledger, server: KillableServer) -> list[str]:
    """What is wrong in the store read directly, and as the restarted server gives it."""
    return [*inspector.faults(ledger), *_unreadable(server)]


def _unreadable(server: KillableServer) -> list[str]:
    """Groups and newest versions that the server does not give as they are."""
    api = server.api()
    faults: list[str] = []
    for group in api.read("groups")["items"]:
        newest = api.read("groups", group["name"], "revisions", group["revision"])
        if newest["number"] != group["revision"]:
            faults.append(f"{group['name']}: the API gives {newest['number']} for revision {group['revision']}")
    for newest in api.read("artifacts", "code")["items"]:
        content = api.raw("artifacts", "code", newest["name"], "versions", newest["version"], "content")
        if hashlib.sha256(content).hexdigest() != newest["sha256"]:
            faults.append(f"{newest['name']} version {newest['version']}: other bytes than its sha256 says")
    api.close()
    return faults


def _figures(kills: int, ledger: Ledger, faults: list[str], longest_s: float) -> list[Figure]:
    told = sum(ledger.refusals.values())
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(ledger.refusals.items()))
    return [
        none_of("kills_server_faults", "torn, lost or unreadable things after a kill of the API server", faults, kills),
        none_of("kills_server_mute", "errors of clients that do not say what to do", ledger.mute, told),
        # without work between the kills, and without errors by them, no fault would prove nothing
        _at_least_one_a_kill("kills_server_saves", "acknowledged saves, all there", len(ledger.saved), kills),
        _at_least_one_a_kill("kills_server_uploads", "acknowledged uploads, all there", len(ledger.uploaded), kills),
        _at_least_one_a_kill("kills_server_errors", "errors that clients met and could read", told, kills, kinds),
        Figure("kills_server_restart", "the longest wait for a killed server's return", longest_s, "s", kills),
    ]


def _at_least_one_a_kill(name: str, what: str, count: int, kills: int, note: str = "") -> Figure:
    return Figure(name, what, count, "", kills, bound=kills, at_least=True, note=note)
