"""Who gets in: the plugin, permissions, keys."""

from __future__ import annotations

from importlib import metadata

import pytest
from airflow import plugins_manager
from cryptography.fernet import Fernet

from admin_views.checks import access
from admin_views.checks.access import check_keys, check_permissions, check_plugin, judge_permissions
from admin_views.permissions import ACTION_NAMES, ROLES
from admin_views.plugin import CouturePlugin
from config_store.wire import Finding, Verdict

KEY = Fernet.generate_key().decode()
ALL = {(ACTION_NAMES[action], str(resource)) for pairs in ROLES.values() for action, resource in pairs}


def test_the_plugin_of_this_very_airflow() -> None:
    assert check_plugin() == Finding.ok("plugin", "airflow plugins", "Airflow loads the couture plugin.")


def test_a_plugin_that_can_not_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    errors = {"other": "boom", "couture.egg": "No module\nnamed 'lxml'"}
    monkeypatch.setattr(plugins_manager, "get_import_errors", lambda: errors)
    found = check_plugin()
    assert (found.verdict, found.message) == (
        Verdict.FAULT,
        "It can't be imported: couture.egg: No module named 'lxml'",
    )


def test_a_plugin_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    others = metadata.EntryPoints([metadata.EntryPoint("edge", "edge.plugin:Edge", "airflow.plugins")])
    monkeypatch.setattr(metadata, "entry_points", lambda **_: others)
    monkeypatch.setattr(plugins_manager, "get_import_errors", dict)
    assert check_plugin() == Finding.fault(
        "plugin",
        "airflow plugins",
        "Airflow does not load it (it loads edge).",
        "Install couture-ops[airflow] into the Python that runs Airflow, and restart the API server.",
    )


def test_the_plugin_is_looked_at_without_the_api_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(_plugin: CouturePlugin) -> None:
        pytest.fail("the check built the app")

    monkeypatch.setattr(CouturePlugin, "fastapi_apps", property(build))
    assert check_plugin().verdict is Verdict.OK


def test_every_permission_belongs_to_a_role() -> None:
    found = judge_permissions("FabAuthManager", ALL)
    assert (found.verdict, found.message) == (
        Verdict.OK,
        f"Each of the {len(ALL)} permissions belongs to a role.",
    )


def test_init_was_not_run() -> None:
    assert judge_permissions("FabAuthManager", set()) == Finding.fault(
        "permissions", "FabAuthManager", "No role has any permission of the suite.", "Run `airflow couture init`."
    )


def test_a_permission_that_no_role_has() -> None:
    lacking = {("can_edit", "Couture Submissions"), ("can_read", "Couture Hadoop Configs")}
    found = judge_permissions("FabAuthManager", ALL - lacking)
    assert (found.verdict, found.message) == (
        Verdict.FAULT,
        "No role has can_edit on Couture Submissions, can_read on Couture Hadoop Configs.",
    )


class KeycloakAuthManager:
    """One of another provider."""


class FabAuthManager:
    """FAB's, as far as its name goes."""


class OurAuthManager(FabAuthManager):
    """One that somebody made of FAB's."""


def test_other_auth_managers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__AUTH_MANAGER", f"{__name__}.KeycloakAuthManager")
    found = check_permissions()
    assert (found.verdict, found.subject) == (Verdict.SKIPPED, "KeycloakAuthManager")
    assert found.message.startswith("KeycloakAuthManager keeps its permissions elsewhere; GET, POST, PUT, DELETE on ")


@pytest.mark.parametrize("name", ["airflow.nowhere.FabAuthManager", f"{__name__}.OurAuthManager"])
def test_fab_and_what_is_made_of_it(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__AUTH_MANAGER", name)
    monkeypatch.setattr(access, "_granted", lambda _session: ALL)
    assert check_permissions() == Finding.ok(
        "permissions", name.rpartition(".")[2], f"Each of the {len(ALL)} permissions belongs to a role."
    )


def test_the_simple_auth_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__AUTH_MANAGER", "airflow.nowhere.SimpleAuthManager")  # and is not imported
    assert check_permissions() == Finding.ok(
        "permissions", "SimpleAuthManager", "Its roles are fixed, and what each may do with the suite, too."
    )


@pytest.mark.parametrize(
    ("keys", "verdict", "message"),
    [
        ([KEY], Verdict.OK, "1 usable; the first encrypts."),
        ([KEY, KEY], Verdict.OK, "2 usable; the first encrypts."),
        ([], Verdict.FAULT, "It is empty: secrets can neither be stored nor read."),
        (
            [KEY, "hunter2"],
            Verdict.FAULT,
            "Of its 2 keys number 2 is no Fernet key (32 bytes in URL-safe base64).",
        ),
        (["abc"], Verdict.FAULT, "It is no Fernet key (32 bytes in URL-safe base64)."),
        (["", "é"], Verdict.FAULT, "Of its 2 keys number 1, 2 is no Fernet key (32 bytes in URL-safe base64)."),
    ],
)
def test_keys(keys: list[str], verdict: Verdict, message: str) -> None:
    found = check_keys(keys)
    assert (found.check, found.verdict, found.message) == ("fernet key", verdict, message)
    assert "hunter2" not in str(found)
