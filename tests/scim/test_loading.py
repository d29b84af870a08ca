import subprocess
import sys


def test_a_process_starts_without_the_models_of_the_protocol() -> None:
    program = "import sys, bursar.app, bursar.work; print(*sys.modules)"
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    imported = {name.partition(".")[0] for name in finished.stdout.split()}
    assert "litestar" in imported
    assert not imported & {"scim2_models", "scim2_server"}
