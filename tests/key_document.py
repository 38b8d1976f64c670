"""A small catalogue of keys, in the form that the listing of a distribution has; its words are of these tests alone."""

from __future__ import annotations

from typing import Any

from config_store.catalogue.lookup import Catalogue, read_catalogue


def entry(name: str, kind: str = "text", default: str = "<undefined>", **more: Any) -> dict[str, Any]:
    """One entry of Spark's registry."""
    standard = {"documentation": f"What {name} is for.", "since": "1.0.0", "public": True, "old_names": []}
    return {"name": name, "type": kind, "default": default, **standard, **more}


DOCUMENT: dict[str, Any] = {
    "spark_home": "/opt/spark",
    "spark_version": "4.2.0",
    "entries": [
        entry("spark.executor.memory", "size", "1g", unit="1048576.0"),
        entry("spark.executor.cores", "integer", "1"),
        entry("spark.executor.heartbeatInterval", "time", "10s", unit="1.0"),
        entry("spark.network.timeout", "time", "120s", unit="1000.0", old_names=["spark.old.timeout"]),
        entry("spark.driver.memory", "size", "1g", unit="1048576.0"),
        entry("spark.memory.fraction", "number", "0.6"),
        entry("spark.eventLog.enabled", "boolean", "false"),
        entry("spark.sql.mode", "choice", "STATIC", options=["STATIC", "DYNAMIC"], any_case=True),
        entry("spark.sql.catalogImplementation", "choice", "hive", options=["hive", "in-memory"], any_case=False),
        entry("spark.plugins", "list", ""),
        entry("spark.sql.hidden", "integer", "1", public=False),
        entry("spark.sql.stale", "boolean", "true"),
    ],
    "deprecated": [
        {"name": "spark.cache.class", "since": "0.8", "message": "It is no longer used.", "removed": False},
        {"name": "spark.sql.stale", "since": "3.0", "message": "", "removed": False},
        {"name": "spark.sql.gone", "since": "3.0.0", "message": "It was not needed.", "removed": True},
        {"name": "spark.yarn.old", "since": "2.0", "use": "spark.executor.cores"},
    ],
    "seen": ["spark.read.somewhere", "spark.executorEnv.", "spark.executor.", "spark."],
    "hadoop": [
        {
            "name": "fs.defaultFS",
            "default": "file:///",
            "documentation": "The file system.",
            "file": "core-default.xml",
        },
        {"name": "io.file.buffer.size", "default": "4096", "documentation": "", "file": "core-default.xml"},
        {"name": "fs.trash.on", "default": "false", "documentation": "", "file": "core-default.xml"},
        {"name": "ipc.pause", "default": "30s", "documentation": "", "file": "core-default.xml"},
        {"name": "no.default", "default": None, "documentation": "", "file": "core-default.xml"},
    ],
    "hadoop_deprecated": {"fs.default.name": ["fs.defaultFS"]},
    "failed": [],
}


def catalogue() -> Catalogue:
    """The catalogue of that document."""
    return read_catalogue(DOCUMENT)
