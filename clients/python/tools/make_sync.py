"""Makes the synchronous client from the asynchronous one. Run it as a script, without arguments.

Both differ in a few words only. What differs in more is in `concurrency.py`, written twice by hand.
"""

import re
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "src/bursar_client"
BY_HAND = frozenset({"concurrency.py", "__init__.py"})
WORDS = (
    (r"\basync (def|for|with)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\bAsync(?=[A-Z])", ""),
    (r"\basynccontextmanager\b", "contextmanager"),
    (r"\b__a(iter|next|enter|exit)__\b", r"__\1__"),
    (r"\ba(close|read|iter_bytes)\b", r"\1"),
    (r"\bbursar_client\._async\b", "bursar_client._sync"),
    (
        r"\bOne task renews it, while the others wait\b",
        "One thread renews it, while the others wait",
    ),
)


def translated(source: str) -> str:
    for pattern, replacement in WORDS:
        source = re.sub(pattern, replacement, source)
    title, rest = source.split("\n", 1)
    note = "# Made from bursar_client._async by tools/make_sync.py; a test compares them.\n"
    return _formatted(f"{title}\n\n{note}{rest}")


def _formatted(source: str) -> str:
    ruff = [sys.executable, "-m", "ruff"]
    for arguments in (["check", "--fix", "--quiet", "--select", "I"], ["format", "--quiet"]):
        command = [*ruff, *arguments, "--stdin-filename", str(PACKAGE / "_sync/made.py"), "-"]
        done = subprocess.run(command, input=source, capture_output=True, text=True, check=True)  # noqa: S603
        source = done.stdout
    return source


def made() -> dict[Path, str]:
    """The files by where they belong."""
    sources = (PACKAGE / "_async").glob("*.py")
    return {
        PACKAGE / "_sync" / path.name: translated(path.read_text(encoding="utf-8"))
        for path in sorted(sources)
        if path.name not in BY_HAND
    }


def main() -> None:
    for path, text in made().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
