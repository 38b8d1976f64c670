"""The catalogues of keys on this API server: read once, made in the background where the first one is missed."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from config_store.catalogue.lookup import Catalogue, Installed, read_catalogue
from config_store.errors import InvalidInput
from couture_ops.configuration import read_worker_settings
from couture_ops.errors import CoutureError, UnknownSparkHome
from couture_ops.key_catalogue.building import build_catalogue, catalogue_path
from couture_ops.workspace import find_spark_home

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)

HOW = "`airflow couture warm --keys` on this API server lists them, with a JDK and the Spark that groups name"
#: Seconds after which a listing that failed is tried again.
RETRY_S = 600.0


@dataclass
class InstalledCatalogues:
    """The catalogues below ``[couture] cache_dir``; safe between threads.

    ``builds``: what is missing is made in the background. ``environment`` leads to Spark and its JVM.
    """

    builds: bool = True
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    _read: dict[Path, Catalogue] = field(default_factory=dict)
    _failed: dict[Path, tuple[float, str]] = field(default_factory=dict)
    _building: set[Path] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, spark_home: str | None) -> Installed:
        """The catalogue of a Spark by its name; where it is missing, why, and how to get it. Never waits."""
        try:
            settings = read_worker_settings()
            home = find_spark_home(spark_home, settings.spark_homes, self.environment)
            path = catalogue_path(settings.cache_dir, home)
        except UnknownSparkHome as error:
            unnamed = f"[couture] spark_homes of this API server does not name the group's Spark {error.name!r}"
            return Installed(None, f"The keys of Spark are not known here: {unnamed} ({error.named}). {HOW}.")
        except CoutureError as error:
            return Installed(None, f"The keys of Spark are not known here: {_sentence(error)} {HOW}.")
        with self._lock:
            catalogue = self._opened(path)
            if catalogue is not None:
                return Installed(catalogue)
            return Installed(None, self._missing(path, home, settings.cache_dir))

    def _opened(self, path: Path) -> Catalogue | None:
        """The catalogue of a file, read at its first use; a damaged one counts as missing."""
        if path not in self._read:
            try:
                self._read[path] = read_catalogue(json.loads(path.read_bytes()))
            except FileNotFoundError:
                return None
            except (OSError, ValueError, InvalidInput) as error:
                log.warning("%s can't be read, and is made anew: %s", path, error)
                return None
        return self._read[path]

    def _missing(self, path: Path, home: Path, cache_dir: Path) -> str:
        """Why there is none yet; has it made unless that is under way or has just failed."""
        failed_at, reason = self._failed.get(path, (0.0, ""))
        if reason and time.monotonic() - failed_at < RETRY_S:
            return f"The keys of {home} are not known here: {_sentence(reason)} {HOW}."
        if not self.builds:
            return f"The keys of {home} are not known here. {HOW}."
        if path not in self._building:
            self._building.add(path)
            arguments = (path, home, cache_dir)
            threading.Thread(target=self._build, args=arguments, name="key catalogue", daemon=True).start()
        return f"The keys of {home} are being listed, once, in some seconds; then fields know types and defaults."

    def _build(self, path: Path, home: Path, cache_dir: Path) -> None:
        reason = ""
        try:
            # force: whoever gets here has seen no file, or a damaged one
            build_catalogue(home, cache_dir, self.environment, log.info, force=path.is_file())
        except CoutureError as error:
            log.warning("%s", error)
            reason = str(error)
        except Exception:
            log.exception("The keys of %s can't be listed", home)
            reason = "listing them failed, as the API server's log tells."
        finally:
            with self._lock:
                self._building.discard(path)
                self._failed.pop(path, None)
                if reason:
                    self._failed[path] = (time.monotonic(), reason)


def _sentence(reason: object) -> str:
    return f"{str(reason).rstrip('.')}."
