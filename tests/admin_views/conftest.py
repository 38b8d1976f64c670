"""The API of all these tests: one app behind one real socket, to which each test gives a store of its own."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import create_engine, text

from admin_views.app import API_PREFIX, create_app
from config_store.database import Database, migrate
from tests.admin_views.api_process import ApiProcess, started
from tests.admin_views.calls import bearer, connect
from tests.admin_views.furnished import Furnished, furnish, open_store, services_in
from tests.conftest import serving
from tests.stand_ins import ListedAudit, ListedDags, ListedTasks, RoleIdentity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx
    from fastapi import FastAPI
    from sqlalchemy import Engine

    from admin_views.services import Services
    from tests.admin_views.masters import Masters
    from tests.databases import DatabaseServer


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a store in which nothing is, made by the migrations."""
    file = tmp_path_factory.mktemp("empty") / "store.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture
def database(tmp_path: Path, empty_store: Path) -> Iterator[Database]:
    """An empty store in a file of its own."""
    shutil.copy(empty_store, tmp_path / "store.db")
    opened = open_store(tmp_path / "store.db")
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """The app as Airflow gets it; it looks its services up in each request, so that tests may exchange them."""
    return create_app(services_in(tmp_path_factory.mktemp("nothing"), Fernet.generate_key().decode()))


@pytest.fixture(scope="session")
def served(app: FastAPI) -> Iterator[str]:
    """The address of the running API."""
    with serving(app) as url:
        yield url + API_PREFIX


@pytest.fixture
def api_url(served: str, app: FastAPI, services: Services) -> str:
    """The address of the running API, which now works on the test's own services."""
    app.state.services = services
    return served


@pytest.fixture
def api(api_url: str) -> Iterator[httpx.Client]:
    """The API as the admin ada sees it; a request in somebody else's name has a header of its own."""
    with connect(api_url, bearer("Admin", "ada")) as client:
        yield client


@pytest.fixture
def identity(services: Services) -> RoleIdentity:
    """The users and running tasks that the API knows."""
    assert isinstance(services.identity, RoleIdentity)
    return services.identity


@pytest.fixture
def audit(services: Services) -> ListedAudit:
    """What was recorded of the changes."""
    assert isinstance(services.audit, ListedAudit)
    return services.audit


@pytest.fixture
def tasks(services: Services) -> ListedTasks:
    """The tasks of DAGs that previews may ask for."""
    assert isinstance(services.tasks, ListedTasks)
    return services.tasks


@pytest.fixture
def dags(services: Services) -> ListedDags:
    """The DAGs and runs of Airflow."""
    assert isinstance(services.dags, ListedDags)
    return services.dags


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory, empty_store: Path, app: FastAPI, served: str) -> Furnished:
    """A store with one of everything."""
    directory, key = tmp_path_factory.mktemp("furnished"), Fernet.generate_key().decode()
    shutil.copy(empty_store, directory / "store.db")
    services = services_in(directory, key)
    assert isinstance(services.identity, RoleIdentity)
    app.state.services = services
    with connect(served, bearer("Admin", "ada")) as api:
        names = furnish(api, services.identity)
    services.database.engine.dispose()
    return Furnished(directory, key, names)


@pytest.fixture(scope="session")
def api_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiProcess]:
    """An API server in a process of its own, whose memory can be measured."""
    with started(tmp_path_factory.mktemp("process")) as process:
        yield process


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Airflow's own tables, empty, in a file."""
    from tests.admin_views.airflow_rows import airflow_tables  # Airflow's models take seconds to import

    with airflow_tables(f"sqlite:///{tmp_path / 'airflow.db'}", monkeypatch) as made:
        yield made


@pytest.fixture(scope="session")
def airflow_on_postgresql(postgresql: DatabaseServer) -> str:
    """The URL of a PostgreSQL database for Airflow's tables."""
    return postgresql.create_database("airflow_rows")


@pytest.fixture(scope="session")
def airflow_on_mariadb(mariadb: DatabaseServer) -> str:
    """The URL of a MariaDB database for Airflow's tables, whose ids Airflow keeps there in an encoding of 3 bytes."""
    url = mariadb.create_database("airflow_rows")
    made = create_engine(url)
    with made.begin() as connection:
        connection.execute(text("ALTER DATABASE airflow_rows CHARACTER SET utf8mb3 COLLATE utf8mb3_bin"))
    made.dispose()
    return url


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def any_engine(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Airflow's own tables, empty, on each kind of database that Airflow may have."""
    from tests.admin_views.airflow_rows import airflow_tables

    in_a_file = request.param == "sqlite"
    url = (
        f"sqlite:///{tmp_path / 'airflow.db'}" if in_a_file else request.getfixturevalue(f"airflow_on_{request.param}")
    )
    with airflow_tables(url, monkeypatch) as made:
        yield made


@pytest.fixture
def masters(any_engine: Engine) -> Masters:
    """A master whose task has begun."""
    from tests.admin_views.masters import Masters

    made = Masters(any_engine)
    made.begin()
    return made
