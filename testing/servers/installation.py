"""An installation of real processes on one database: web servers, and a worker somewhere."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from testing.servers.cli import Cli
from testing.servers.processes import ServerProcess, WorkerProcess
from testing.shops.budget import BudgetShop, open_budget
from testing.shops.service import Service


@dataclass(frozen=True)
class Ground:
    services: tuple[Service, ...]
    worker: WorkerProcess | None
    """None when a server does its work."""
    cli: Cli

    @property
    def processes(self) -> list[ServerProcess]:
        servers = [service.server for service in self.services]
        return servers if self.worker is None else [*servers, self.worker]

    def open_budget(self, **fields: Any) -> list[BudgetShop]:
        """One budget, as each of the servers serves it."""
        return self.everywhere(open_budget(self.services[0], **fields))

    def everywhere(self, budget: BudgetShop) -> list[BudgetShop]:
        return [
            replace(budget, shop=replace(budget.shop, service=service, api=api))
            for service in self.services
            for api in [service.anonymous.acting_as(budget.shop.api.authorization)]
        ]


@contextmanager
def running(
    cli: Cli,
    servers: tuple[tuple[str, ...], ...],
    *,
    has_worker: bool = False,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Ground]:
    """One server for each tuple of options, and a worker process if there is to be one."""
    environment = cli.environment | dict(settings or {})
    with ExitStack() as stack:
        services = tuple(
            Service.behind(stack, cli.url, ServerProcess(cli.folder, environment, *options))
            for options in servers
        )
        work = WorkerProcess(cli.folder, environment) if has_worker else None
        if work is not None:
            stack.enter_context(work)
        yield Ground(services, work, cli)
