"""A real learning record store on this machine: Ralph, with files behind it, as `./run` installs
it in an environment of its own."""

import json
import subprocess
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from testing.paths import REPOSITORY
from testing.servers.processes import ServerProcess

KEY, SECRET = "acme", "only here"
HEADERS: Final = {"X-Experience-API-Version": "1.0.3", "Content-Type": "application/json"}
_FOLDER: Final = REPOSITORY / ".tools/lrs/bin"
_FILE: Final = "statements.jsonl"
# Its file backend refuses to write to a file that is there; it can append, and has no option for
# it. `ralph runserver` would start a second process that reloads the first one.
_PROGRAM: Final = """
import sys, uvicorn
from ralph.backends.data.base import BaseOperationType
from ralph.backends.lrs.fs import FSLRSBackend
FSLRSBackend.default_operation_type = BaseOperationType.APPEND
from ralph.api import app
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]))
"""


class LearningRecordStore(ServerProcess):
    """KEY and SECRET open it. It keeps its statements when it is stopped and started."""

    python = str(_FOLDER / "python")

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.users = folder / "auth.json"
        self._variables = {
            "RALPH_APP_DIR": str(folder),
            "RALPH_AUTH_FILE": str(self.users),
            "RALPH_RUNSERVER_BACKEND": "fs",
            "RALPH_BACKENDS__LRS__FS__DEFAULT_DIRECTORY_PATH": str(folder),
            "RALPH_BACKENDS__LRS__FS__DEFAULT_LRS_FILE": _FILE,
        }
        super().__init__(folder, self._variables)
        self.endpoint = f"{self.url}/xAPI"

    def command(self) -> list[str]:
        return ["-c", _PROGRAM, str(self.port)]

    def is_ready(self) -> bool:
        try:
            with urlopen(f"{self.url}/__heartbeat__", timeout=10) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def start(self) -> None:
        if not self.users.exists():
            self._add_user()
        super().start()

    @property
    def statements(self) -> list[dict[str, Any]]:
        """In the order in which they came."""
        file = self.folder / _FILE
        text = file.read_text() if file.exists() else ""
        # The last line may be one that is being written.
        whole, _, _ = text.rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    def empty(self) -> None:
        (self.folder / _FILE).unlink(missing_ok=True)

    def post(self, *statements: Mapping[str, Any]) -> int:
        """As another system does. Returns the status of the answer."""
        credentials = b64encode(f"{KEY}:{SECRET}".encode()).decode()
        request = Request(
            f"{self.endpoint}/statements",
            json.dumps(statements).encode(),
            {**HEADERS, "Authorization": f"Basic {credentials}"},
        )
        try:
            with urlopen(request, timeout=60) as answer:
                status: int = answer.status
                return status
        except HTTPError as error:
            return error.code

    def _add_user(self) -> None:
        self._ralph("auth", "-u", KEY, "-p", SECRET, "-s", "all", "-M", "mailto:acme@example.org",
                    "-N", "acme", "-w")  # fmt: skip

    def _ralph(self, *arguments: str) -> None:
        subprocess.run(
            [_FOLDER / "ralph", *arguments],
            env=self._environment,
            check=True,
            capture_output=True,
            timeout=120,
        )
