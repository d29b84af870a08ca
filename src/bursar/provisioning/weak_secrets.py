"""Client secrets that can be guessed."""

from collections.abc import Iterator, Sequence
from typing import Final

from bursar.provisioning.manifest import Manifest
from bursar.provisioning.problems import problem
from bursar.provisioning.references import placed_enterprises

SHORTEST_SECRET: Final = 16


def weak_secrets(manifests: Sequence[Manifest]) -> Iterator[str]:
    """A problem for each declared secret that is too short, with its path."""
    for place, enterprise in placed_enterprises(manifests):
        for index, client in enumerate(enterprise.clients):
            secret = client.client_secret
            if secret is not None and len(secret) < SHORTEST_SECRET:
                path = f"{place}.clients[{index}].client_secret"
                yield problem(path, f"must have at least {SHORTEST_SECRET} characters")
