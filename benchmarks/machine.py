"""Where the figures were made."""

import os
import platform

import psycopg

from benchmarks.kernel import memory_told, told
from bursar import clock
from testing.databases.postgres import PostgresAddress


def describe(address: PostgresAddress) -> list[str]:
    before = os.getloadavg()[0]
    return [
        f"- date: {clock.format_instant(clock.now())}",
        f"- processor: {told('/proc/cpuinfo', 'model name') or 'unknown'}, {os.cpu_count()} cores, "
        "shared by wrk, PostgreSQL and Bursar",
        f"- memory: {memory_told('/proc/meminfo', 'MemTotal') / 1024**3:.0f} GiB",
        f"- load before the start: {before:.1f} (above 0.5: others were using the machine)",
        f"- Python {platform.python_version()}, PostgreSQL {_postgres_version(address)}, "
        f"Linux {platform.release()}",
    ]


def _postgres_version(address: PostgresAddress) -> str:
    with psycopg.connect(address.url("postgres")) as connection:
        row = connection.execute("SHOW server_version").fetchone()
    return str(row[0]) if row else "unknown"
