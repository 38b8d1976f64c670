"""The API without Airflow, in a process of its own: ``python -m tools.soak.plain_server FOLDER PORT``."""

from __future__ import annotations

import sys
from pathlib import Path

KEY_FILE = "fernet-key"


def make_store(folder: Path) -> None:
    """An empty store in the folder, and the key of its secrets."""
    from cryptography.fernet import Fernet

    from config_store.database import migrate
    from tools.demo.home import write_privately
    from tools.soak.stand_ins import database_url

    folder.mkdir(parents=True, exist_ok=True)
    migrate(database_url(folder))
    write_privately(folder / KEY_FILE, Fernet.generate_key().decode())


def main(folder: Path, port: int) -> None:
    """Serve the folder's store on the loopback until somebody ends it."""
    import uvicorn
    from fastapi import FastAPI

    from admin_views.app import create_app
    from admin_views.plugin import URL_PREFIX
    from tools.soak.stand_ins import services_in

    airflow = FastAPI()
    airflow.mount(URL_PREFIX, create_app(services_in(folder, (folder / KEY_FILE).read_text())))
    uvicorn.run(airflow, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
