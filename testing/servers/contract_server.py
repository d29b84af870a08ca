"""Serves the application with the endpoints of tests: `python -m testing.servers.contract_server`.

Settings come from the environment, as for the real server.
"""

import sys

from granian.constants import Interfaces, Loops
from granian.log import LogLevels
from granian.server import Server
from litestar.types import ASGIApp

from bursar import logs
from bursar.app import create_app
from bursar.cli.serve import CONNECTIONS
from bursar.settings import get_settings
from bursar.work import open_web_database
from testing.cheap_secrets import make_secrets_cheap
from testing.servers.contract_endpoints import test_endpoints as endpoints_of_tests


def create() -> ASGIApp:
    make_secrets_cheap()
    settings = get_settings()
    logs.configure(settings)
    database = open_web_database(settings)
    return create_app(settings, database, endpoints_of_tests())


def main(port: int) -> None:
    Server(
        "testing.servers.contract_server:create",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGI,
        factory=True,
        loop=Loops.uvloop,
        backpressure=CONNECTIONS,
        websockets=False,
        log_level=LogLevels.warning,
    ).serve()


if __name__ == "__main__":
    main(int(sys.argv[1]))
