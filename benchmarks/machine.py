"""Where the figures were made."""

import os
import platform
from pathlib import Path

import psycopg

from bursar import clock
from testing.databases.postgres import PostgresAddress


def describe(address: PostgresAddress) -> list[str]:
    before = os.getloadavg()[0]
    return [
        f"- date: {clock.format_instant(clock.now())}",
        f"- processor: {_first('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores, shared by "
        "wrk, PostgreSQL and Bursar",
        f"- memory: {_gibibytes():.0f} GiB",
        f"- load before the start: {before:.1f} (above 0.5: others were using the machine)",
        f"- Python {platform.python_version()}, PostgreSQL {_postgres_version(address)}, "
        f"Linux {platform.release()}",
    ]


def _first(file: str, name: str) -> str:
    for line in Path(file).read_text().splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return "unknown"


def _gibibytes() -> float:
    return int(_first("/proc/meminfo", "MemTotal").split()[0]) / 1024 / 1024


def _postgres_version(address: PostgresAddress) -> str:
    with psycopg.connect(address.url("postgres")) as connection:
        row = connection.execute("SHOW server_version").fetchone()
    return str(row[0]) if row else "unknown"
