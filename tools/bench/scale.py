"""How much is measured: the sizes that the goals are about, and small ones to see that everything works."""

from __future__ import annotations

from dataclasses import dataclass

MB = 1_000_000


@dataclass(frozen=True)
class Scale:
    """Counts of runs and sizes.

    ``growth``: how many times the second store of ``resolve`` is the first. ``chain_length``: children in a row.
    ``page_…``: of the store behind the pages; ``page_settings``: of its one large group, ``page_requests``: for
    each page.
    """

    name: str
    spark_runs: int
    log_runs: int
    log_lines: int
    groups: int
    settings: int
    artifacts: int
    receipts: int
    growth: int
    submissions: int
    artifact_runs: int
    artifact_bytes: int
    upload_runs: int
    upload_bytes: int
    operators: int
    parse_runs: int
    import_runs: int
    cli_runs: int
    chain_runs: int
    chain_length: int
    page_settings: int
    page_artifacts: int
    page_receipts: int
    page_requests: int
    connections: int
    xml_bytes: int


FULL = Scale(
    name="full",
    spark_runs=5,
    log_runs=5,
    log_lines=200_000,
    groups=100,
    settings=1000,
    artifacts=1000,
    receipts=1000,
    growth=10,
    submissions=300,
    artifact_runs=5,
    artifact_bytes=500 * MB,
    upload_runs=5,
    upload_bytes=2000 * MB,
    operators=1000,
    parse_runs=11,
    import_runs=21,
    cli_runs=7,
    chain_runs=5,
    chain_length=10,
    page_settings=10_000,
    page_artifacts=1000,
    page_receipts=100_000,
    page_requests=40,
    connections=1000,
    xml_bytes=5 * MB,
)
SMALL = Scale(
    name="small",
    spark_runs=1,
    log_runs=1,
    log_lines=20_000,
    groups=10,
    settings=100,
    artifacts=100,
    receipts=100,
    growth=2,
    submissions=20,
    artifact_runs=2,
    artifact_bytes=20 * MB,
    upload_runs=1,
    upload_bytes=100 * MB,
    operators=100,
    parse_runs=2,
    import_runs=3,
    cli_runs=2,
    chain_runs=1,
    chain_length=2,
    page_settings=300,
    page_artifacts=100,
    page_receipts=2000,
    page_requests=3,
    connections=100,
    xml_bytes=200_000,
)
SCALES = {scale.name: scale for scale in (FULL, SMALL)}
