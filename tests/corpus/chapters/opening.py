"""The world is declared."""

from tests.corpus import world
from tests.corpus.stage import Stage


def play(stage: Stage) -> None:
    manifest = world.manifest()
    stage.apply(manifest)
    stage.apply(manifest)
    stage.run("check")
