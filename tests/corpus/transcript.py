"""The text in which requests and answers are kept: exact to the byte, and still readable.

A transcript is a list of exchanges. Each has a name, and lines: `> ` what was asked, `< ` the
status and the headers of the answer, `| ` the body. A long line of a body is folded: `. ` goes on
with the line before, without a line feed between the two.
"""

import base64
import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

HEADING = "=== "
SAME = "= the body of "
SHORTEST_TO_FOLD = 100
SHORTEST_TO_REFER = 300
SHOWN_DIFFERENCES = 12
SHOWN_LINES = 60

# A comma between two members of JSON, or the end of an XML element before the next begins.
_JSON_FOLD = re.compile(r'"(?:[^"\\]|\\.)*"|(,)')
_XML_FOLD = re.compile(r">(?=<)")
# Characters that an editor or git would change, or that break lines.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\\]| $")
_ESCAPED = {"\r": "\\r", "\t": "\\t", "\\": "\\\\"}


@dataclass(frozen=True, slots=True)
class Exchange:
    """`body` is whole lines, folded; `head` everything above it."""

    name: str
    head: tuple[str, ...]
    body: tuple[str, ...]

    @property
    def lines(self) -> list[str]:
        return [*self.head, *self.body]

    @property
    def status(self) -> int:
        """Of the answer; 0 for a command."""
        found = (line for line in self.head if re.fullmatch(r"< [0-9]{3}", line))
        return int(next(found, "< 0").removeprefix("< "))

    @property
    def asked(self) -> tuple[str, str]:
        """Method and path, without the query."""
        method, _, target = self.head[0].removeprefix("> ").partition(" ")
        return method, target.partition("?")[0]


def escaped(text: str) -> str:
    def replaced(found: re.Match[str]) -> str:
        character = found[0]
        return _ESCAPED.get(character, f"\\u{ord(character):04x}")

    return _UNSAFE.sub(replaced, text)


def lines_of(body: bytes) -> list[str]:
    """Marked and folded. Joined again, with a line feed before each `| `, they are the body."""
    if not body:
        return []
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return [f"| base64 {base64.b64encode(body).decode()}"]
    return [
        mark + escaped(part)
        for line in text.split("\n")
        for mark, part in _marked(line)
    ]  # fmt: skip


def _marked(line: str) -> Iterator[tuple[str, str]]:
    mark = "| "
    for part in _folded(line):
        yield mark, part
        mark = ". "


def _folded(line: str) -> list[str]:
    if len(line) < SHORTEST_TO_FOLD:
        return [line]
    if line.startswith(("{", "[")):
        ends = [found.end() for found in _JSON_FOLD.finditer(line) if found[1]]
    elif line.startswith("<"):
        ends = [found.end() for found in _XML_FOLD.finditer(line)]
    else:
        ends = []
    starts = [0, *ends]
    return [line[start:end] for start, end in zip(starts, [*ends, len(line)], strict=True)]


class Names:
    """Stable names for what is made anew in each run, by where it was first seen."""

    def __init__(self, generated: re.Pattern[str]) -> None:
        self._generated = generated
        self._names: dict[str, str] = {}

    def replaced(self, text: str, exchange: str) -> str:
        seen_before = sum(name.startswith(f"<{exchange}.") for name in self._names.values())

        def name(found: re.Match[str]) -> str:
            nonlocal seen_before
            plain = found[0].replace("-", "").lower()
            if plain not in self._names:
                seen_before += 1
                self._names[plain] = f"<{exchange}.{seen_before}>"
            return self._names[plain]

        return self._generated.sub(name, text)


_TOKEN = re.compile(r"(eyJ[\w-]+)\.([\w-]+)\.[\w-]+")
_KEY = re.compile(r'"(x|y|kid)":"[^"]*"')


def without_secrets(text: str) -> str:
    """Tokens as what they claim, and without what differs between keys."""

    def opened(found: re.Match[str]) -> str:
        try:
            return f"<token {' '.join(_decoded(part) for part in found.groups())}>"
        except ValueError:
            return "<broken token>"

    return _KEY.sub(r'"\1":"<\1>"', _TOKEN.sub(opened, text))


def _decoded(part: str) -> str:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()


def written(exchanges: Iterable[Exchange]) -> str:
    """A body that is the same as one before is only referred to."""
    known: dict[tuple[str, ...], str] = {}
    text: list[str] = []
    for each in exchanges:
        before = known.setdefault(each.body, each.name)
        is_short = sum(map(len, each.body)) < SHORTEST_TO_REFER
        body = each.body if is_short or before == each.name else (f"{SAME}{before}",)
        text += [f"{HEADING}{each.name}", *each.head, *body, ""]
    return "\n".join(text)


def read(text: str) -> list[Exchange]:
    found: list[Exchange] = []
    bodies: dict[str, tuple[str, ...]] = {}
    for block in text.split(f"\n{HEADING}"):
        name, *lines = block.removeprefix(HEADING).rstrip("\n").split("\n")
        head = tuple(line for line in lines if line.startswith(("> ", "< ")))
        body = tuple(line for line in lines if line.startswith(("| ", ". ")))
        if lines[-1].startswith(SAME):
            body = bodies[lines[-1].removeprefix(SAME)]
        bodies[name] = body
        found.append(Exchange(name, head, body))
    return found


def differences(recorded: Iterable[Exchange], given: Iterable[Exchange]) -> list[str]:
    """A readable text for each exchange that is not as it was."""
    before, now = _by_name(recorded), _by_name(given)
    return [
        "\n".join(_difference(name, before.get(name), now.get(name)))
        for name in dict.fromkeys([*before, *now])
        if before.get(name) != now.get(name)
    ]


def _by_name(exchanges: Iterable[Exchange]) -> Mapping[str, Exchange]:
    return {each.name: each for each in exchanges}


def _difference(name: str, before: Exchange | None, now: Exchange | None) -> Iterator[str]:
    asked = (before or now or Exchange(name, ("",), ())).head[0]
    yield f"{HEADING}{name}: {asked.removeprefix('> ')}"
    lines = list(
        difflib.unified_diff(
            before.lines if before else [],
            now.lines if now else [],
            "recorded" if before else "recorded: nothing",
            "answered" if now else "answered: nothing",
            n=2,
            lineterm="",
        )
    )
    yield from (line[:400] for line in lines[:SHOWN_LINES])
    if len(lines) > SHOWN_LINES:
        yield f"... and {len(lines) - SHOWN_LINES} more lines"
