"""The catalogue of one distribution: which key has a name, which names begin so, which are near a mistyped one."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from config_store.catalogue.keys import Key, hadoop_keys, spark_keys
from config_store.errors import reject

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: In front of what Spark hands to Hadoop.
HADOOP_PREFIX = "spark.hadoop."
_SEPARATORS = re.compile(r"[^a-z0-9]")


class KeyIndex:
    """Keys by name, with the names near to one."""

    def __init__(self, keys: Iterable[Key], others: Iterable[str] = ()) -> None:
        self.keys: dict[str, Key] = {}
        for key in keys:
            first = self.keys.setdefault(key.name, key)
            if key.deprecated and not first.deprecated:  # told apart from what declares it
                self.keys[key.name] = replace(first, deprecated=key.deprecated, use=key.use)
        self.others = frozenset(others)

    def complete(self, text: str) -> list[Key]:
        """The keys that may be proposed for a beginning, then those that hold it elsewhere; by name, any case."""
        wanted = text.lower()
        found = [key for _, key in sorted(self.keys.items()) if _may_propose(key, wanted)]
        return sorted(found, key=lambda key: not key.name.lower().startswith(wanted))

    def near(self, name: str) -> tuple[str, ...]:
        """The known names that differ by one slip: a letter too many, too few, wrong or swapped, case, separators."""
        found: dict[str, None] = {}
        for shape in _shapes(name):
            found |= dict.fromkeys(self._by_shape.get(shape, ()))
        return tuple(sorted(found))

    @cached_property
    def _by_shape(self) -> dict[str, list[str]]:
        """Names by all of their shapes: so many small look-ups replace a comparison with each name."""
        shapes: dict[str, list[str]] = {}
        for name in sorted({*(key.name for key in self.keys.values() if not key.deprecated), *self.others}):
            for shape in _shapes(name):
                shapes.setdefault(shape, []).append(name)
        return shapes


def _may_propose(key: Key, wanted: str) -> bool:
    return key.public and not key.deprecated and wanted in key.name.lower()


def _shapes(name: str) -> set[str]:
    """The name without case and separators, and that with one letter less: two names one slip apart share one."""
    plain = _SEPARATORS.sub("", name.lower()[:250])
    return {plain, *(plain[:index] + plain[index + 1 :] for index in range(len(plain)))}


class Catalogue:
    """The keys of a Spark distribution and of its Hadoop; ``spark_home`` is where it lies."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.spark_home = str(document["spark_home"])
        self.spark_version = str(document["spark_version"])
        seen = [str(text) for text in document["seen"]]
        self.spark = KeyIndex(spark_keys(document), (text for text in seen if not text.endswith(".")))
        self.hadoop = KeyIndex(hadoop_keys(document))
        self._open = tuple(filter(self._is_open, (text for text in seen if text.endswith("."))))

    def _is_open(self, prefix: str) -> bool:
        """Whether the user makes up what follows, as behind ``spark.executorEnv.``: Spark declares no key there."""
        return prefix.count(".") > 1 and not any(name.startswith(prefix) for name in self.spark.keys)

    def find(self, name: str) -> Key | None:
        """What is known of a key of a configuration; of ``spark.hadoop.…`` what Hadoop says of the rest."""
        if name.startswith(HADOOP_PREFIX):
            return self.hadoop.keys.get(name.removeprefix(HADOOP_PREFIX))
        return self.spark.keys.get(name)

    def is_known(self, name: str) -> bool:
        """Whether something in Spark reads the key, or the user is free to make it up."""
        return name in self.spark.keys or name in self.spark.others or name.startswith(self._open)

    def complete(self, text: str) -> list[Key]:
        """The keys of a configuration to propose; Hadoop's behind ``spark.hadoop.``, when that was typed."""
        if not text.startswith(HADOOP_PREFIX):
            return self.spark.complete(text)
        found = self.hadoop.complete(text.removeprefix(HADOOP_PREFIX))
        return [replace(key, name=HADOOP_PREFIX + key.name) for key in found]


def read_catalogue(document: Any) -> Catalogue:
    """The catalogue out of its document; raises InvalidInput for a damaged one."""
    try:
        return Catalogue(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise reject("catalogue", f"is damaged: {type(error).__name__} {error}") from error


class Installed(NamedTuple):
    """The catalogue of a Spark on this machine; where there is none, ``missing`` says why, and how to get it."""

    catalogue: Catalogue | None
    missing: str = ""
