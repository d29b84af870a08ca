"""Every answer of the API is what it was, to the byte: see CONTRIBUTING.md.

`CORPUS_RECORD=1 ./run test tests/corpus` records anew what is meant to be different.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.corpus import transcript
from tests.corpus.chapters import (
    catalogs,
    closing,
    credit,
    direct,
    frame,
    licenses,
    opening,
    reads,
    redemption,
    reporting,
)
from tests.corpus.stage import Stage

RECORDED = Path(__file__).parent / "recorded.txt"
CHAPTERS: dict[str, Callable[[Stage], None]] = {
    "opening": opening.play,
    "reads": reads.play,
    "frame": frame.play,
    "catalogs": catalogs.play,
    "credit": credit.play,
    "reporting": reporting.play,
    "redemption": redemption.play,
    "licenses": licenses.play,
    "direct": direct.play,
    "closing": closing.play,
}


@pytest.mark.slow
def test_every_answer_is_as_recorded(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(database_url, tmp_path, monkeypatch)
    try:
        for name, play in CHAPTERS.items():
            stage.begin(name)
            play(stage)
    finally:
        stage.close()
    if os.environ.get("CORPUS_RECORD"):
        RECORDED.write_text(transcript.written(stage.exchanges))
    found = transcript.differences(transcript.read(RECORDED.read_text()), stage.exchanges)
    shown = "\n\n".join(found[: transcript.SHOWN_DIFFERENCES])
    assert not found, f"{len(found)} answers are not as recorded:\n\n{shown}"
