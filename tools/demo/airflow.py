"""Airflow as the demo uses it: its configuration, its environment, its database and its first user."""

from __future__ import annotations

import configparser
import hashlib
import os
import secrets
import sys
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from tools.demo.commands import run_command
from tools.demo.errors import PasswordLost, PortTaken
from tools.demo.home import CHECKOUT, DemoHome, read_secrets, write_privately
from tools.demo.progress import say
from tools.ports import HOST, claim_port, free_port

if TYPE_CHECKING:
    from collections.abc import Mapping

USUAL_PORT = 8080
ADMIN = "admin"
PROGRAMS = Path(sys.executable).parent
#: In the environment of all that the demo starts; its value is the demo's folder (processes.py).
MARK = "COUTURE_DEMO"
SET_UP_S = 360.0

#: Name -> command line. With -s scheduler and triggerer open no log server, which would listen on all
#: interfaces; the API server reads the tasks' logs from the disk.
PROCESSES = {
    "api-server": ("airflow", "api-server"),
    "scheduler": ("airflow", "scheduler", "-s"),
    "dag-processor": ("airflow", "dag-processor"),
    "triggerer": ("airflow", "triggerer", "-s"),
}
#: The others begin when it answers.
FIRST_PROCESS = "api-server"
#: What decides the tables, permissions and users that `install` makes.
INSTALLED_BY = (
    "requirements/dev.lock",
    "config_store/migrations/**/*.py",
    "config_store/models.py",
    "admin_views/installation.py",
    "admin_views/permissions.py",
)


@dataclass(frozen=True)
class Airflow:
    """One Airflow: its folder and its address."""

    home: DemoHome
    port: int

    @property
    def url(self) -> str:
        """As a browser has it."""
        return f"http://{HOST}:{self.port}"

    def environment(self) -> dict[str, str]:
        """For all that the demo starts: ours, and of the caller's what is not Airflow's or the client's."""
        ours = ("AIRFLOW", "COUTURE_", "SPARK_", "PYSPARK_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        return {
            **inherited,
            "PATH": f"{PROGRAMS}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "PYTHONUNBUFFERED": "1",
            "AIRFLOW_HOME": str(self.home.folder),
            "COUTURE_URL": self.url,
            "COUTURE_CONFIG_DIR": str(self.home.client_config),
            "RATINGS_FOLDER": str(self.home.ratings),
            MARK: str(self.home.folder),
        }

    def settings(self) -> dict[str, dict[str, str]]:
        """What differs from Airflow's defaults, by section."""
        keys = read_secrets(self.home)
        return {
            "core": {
                "auth_manager": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
                "dags_folder": str(CHECKOUT / "example_dags"),
                "load_examples": "False",
                # LocalExecutor keeps a process of 170 MB ready for each
                "parallelism": "2",
                "fernet_key": keys["fernet_key"],
                "execution_api_server_url": f"{self.url}/execution/",
                "test_connection": "Enabled",
            },
            "database": {"sql_alchemy_conn": f"sqlite:///{self.home.database}"},
            "logging": {"base_log_folder": str(self.home.logs / "tasks")},
            "api": {
                "host": HOST,
                "port": str(self.port),
                "base_url": self.url,
                "workers": "1",
                "secret_key": keys["secret_key"],
            },
            "api_auth": {"jwt_secret": keys["jwt_secret"]},
            # With 5, the default, LocalExecutor takes some deferred tasks for failed. The other is 5, too: on a busy
            # machine the API server takes longer for its first task
            "workers": {"min_heartbeat_interval": "1", "execution_api_timeout": "60"},
            "dag_processor": {"refresh_interval": "10"},
            "usage_data_collection": {"enabled": "False"},
            "couture": {"cache_dir": str(self.home.worker_cache)},
        }

    def write_settings(self) -> None:
        """Write airflow.cfg, anew at each start; it holds the keys."""
        file = configparser.ConfigParser(interpolation=None)
        file.read_dict(
            {
                section: {name: value.replace("%", "%%") for name, value in options.items()}
                for section, options in self.settings().items()
            }
        )
        text = StringIO()
        text.write("# Written by `make demo` at each start.\n\n")
        file.write(text)
        write_privately(self.home.folder / "airflow.cfg", text.getvalue())


def choose_port(wanted: int | None) -> int:
    """The wanted port, else the usual one, else any that is free. Raises PortTaken for a wanted one."""
    if claim_port(wanted or USUAL_PORT):
        return wanted or USUAL_PORT
    if wanted:
        raise PortTaken(wanted)
    return free_port()


def install(airflow: Airflow) -> None:
    """Make database, admin and permissions, unless this state of the code did so already."""
    home, state = airflow.home, code_state(CHECKOUT)
    draw_password(home)
    if home.installed.exists() and home.installed.read_text() == state:
        return
    home.installed.unlink(missing_ok=True)
    environment = airflow.environment()
    say("database (airflow db migrate)")
    run_command(("airflow", "db", "migrate"), environment, home.logs / "db-migrate.log", SET_UP_S)
    create_admin(home, environment)
    say("permissions and roles (airflow couture init)")
    run_command(("airflow", "couture", "init"), environment, home.logs / "couture-init.log", SET_UP_S)
    home.installed.write_text(state)


def draw_password(home: DemoHome) -> None:
    """Keep a new password for the first user, unless there is one. Raises PasswordLost."""
    if home.password_file.exists():
        return
    if home.database.exists():
        raise PasswordLost(home.folder, home.password_file)
    password = secrets.token_urlsafe(12)
    write_privately(home.password_file, password + "\n")
    say(f"password of {ADMIN}: {password} (kept in {home.shown(home.password_file)})")


def create_admin(home: DemoHome, environment: Mapping[str, str]) -> None:
    """Create the first user; its password reaches Airflow through a pipe, where `ps` doesn't show it."""
    say(f"first user: {ADMIN} (airflow users create)")
    password = home.password_file.read_text()
    names = ("--firstname", "First", "--lastname", "Admin", "--email", "admin@example.com")
    command = ("airflow", "users", "create", "--role", "Admin", "--username", ADMIN, *names)
    run_command(command, environment, home.logs / "users-create.log", SET_UP_S, text_in=password * 2)


def code_state(checkout: Path) -> str:
    """A digest of all that decides what `install` makes."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in INSTALLED_BY for path in checkout.glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()
