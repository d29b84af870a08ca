from pathlib import Path
from textwrap import dedent

import pytest

from testing.servers.processes import ServerNotReadyError, ServerProcess, is_healthy, run_bursar

pytestmark = pytest.mark.slow

# `python -m bursar` looks in the working folder first.
STAND_IN = dedent("""
    import os, signal, sys
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Health(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()

    if os.environ.get("DEAF"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if sys.argv[1] != "serve":
        sys.exit(f"no command {sys.argv[1]}")
    print("about to serve", flush=True)
    HTTPServer((sys.argv[3], int(sys.argv[5])), Health).serve_forever()
""")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bursar.py").write_text(STAND_IN)
    return tmp_path


def test_server_is_healthy_when_started_and_gone_when_stopped(folder: Path) -> None:
    with ServerProcess(folder, {}) as server:
        assert is_healthy(server.url)
        assert "about to serve" in server.log
    assert not is_healthy(server.url)


def test_killed_server_starts_again_at_the_same_address(folder: Path) -> None:
    with ServerProcess(folder, {}) as server:
        server.kill()
        assert not is_healthy(server.url)
        server.start()
        assert is_healthy(server.url)


def test_server_that_ignores_the_request_to_stop_is_killed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("testing.servers.processes.STOP_TIMEOUT_SECONDS", 0.2)
    with ServerProcess(folder, {"DEAF": "1"}) as server:
        pass
    assert not is_healthy(server.url)


def test_server_that_cannot_start_shows_its_log(folder: Path) -> None:
    (folder / "bursar.py").write_text("raise SystemExit('no luck today')")
    with pytest.raises(ServerNotReadyError, match=r"ended with 1:\nno luck today"):
        ServerProcess(folder, {}).start()


def test_command_returns_its_status_and_its_words(folder: Path) -> None:
    finished = run_bursar("dance", env={}, cwd=folder)
    assert (finished.returncode, finished.stderr) == (1, "no command dance\n")


def test_settings_of_the_shell_do_not_reach_the_command(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BURSAR_SECRET", "of the shell")
    (folder / "bursar.py").write_text("import os; print(os.environ.get('BURSAR_SECRET'))")
    assert run_bursar(env={}, cwd=folder).stdout == "None\n"
    assert run_bursar(env={"BURSAR_SECRET": "given"}, cwd=folder).stdout == "given\n"
