"""The keys that Spark and Hadoop know, as the installed distribution tells them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from admin_views.api.access import Limit, Offset, ServicesDep, permitted
from admin_views.api.schemas import Shape
from admin_views.permissions import Resource
from admin_views.services import Caller
from config_store.catalogue.keys import Key, KeyType

router = APIRouter(prefix="/catalogue", tags=["catalogue"])

Reader = Annotated[Caller, Depends(permitted("GET", Resource.GROUPS))]


class KeyShape(Shape):
    """One key; ``unit`` is what a bare number counts, ``default`` null where it has none."""

    name: str
    type: KeyType
    unit: str
    default: str | None
    since: str
    documentation: str
    options: list[str]


class FoundKeys(Shape):
    """The keys found in one distribution; ``missing`` says why nothing is known, and is else empty."""

    spark_home: str
    spark_version: str
    missing: str
    items: list[KeyShape]
    total: int


@router.get("")
def list_keys(
    services: ServicesDep,
    _: Reader,
    prefix: Annotated[str, Query(description="keys that begin so come first, then those that hold it")] = "",
    spark_home: Annotated[str | None, Query(description="a name out of [couture] spark_homes")] = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> FoundKeys:
    """The keys of Spark by name; of Hadoop where `prefix` begins with `spark.hadoop.`"""
    catalogue, missing = services.key_catalogues.find(spark_home)
    if catalogue is None:
        return FoundKeys(spark_home="", spark_version="", missing=missing, items=[], total=0)
    found = catalogue.complete(prefix)
    return FoundKeys(
        spark_home=catalogue.spark_home,
        spark_version=catalogue.spark_version,
        missing="",
        items=[_shape(key) for key in found[offset : offset + limit]],
        total=len(found),
    )


def _shape(key: Key) -> KeyShape:
    return KeyShape(
        name=key.name,
        type=key.type,
        unit=key.unit,
        default=key.default,
        since=key.since,
        documentation=key.documentation,
        options=list(key.options),
    )
