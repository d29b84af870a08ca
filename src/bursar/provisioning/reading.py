"""Reads YAML or JSON, told apart by content. The result holds only what JSON can express."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from bursar.provisioning.problems import ManifestError, Part, path_of, problem

_FASTEST: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST: Final = 200
"""How deeply collections of YAML may be nested."""
_MERGE_TAG: Final = "tag:yaml.org,2002:merge"
_BOOL_TAG: Final = "tag:yaml.org,2002:bool"
_TIMESTAMP_TAG: Final = "tag:yaml.org,2002:timestamp"
# What PyYAML lets through from values that contradict their explicit tag, such as `!!int x`.
_READING_ERRORS: Final = (
    yaml.YAMLError,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
    OverflowError,
    RecursionError,
)


class _Loader(_FASTEST):  # type: ignore[misc]  # the C loader exists only where libyaml does
    """Only `true` and `false` are booleans (Norway is `NO`), and a date stays the text it was."""

    yaml_implicit_resolvers: Final = {
        first: [(tag, form) for tag, form in resolvers if tag not in {_BOOL_TAG, _TIMESTAMP_TAG}]
        for first, resolvers in _FASTEST.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver(
    _BOOL_TAG, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


def read_data(file: Path) -> object:
    """Raises ManifestError; its problems do not name the file unless it cannot be read."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ManifestError([f"{file}: {error.strerror or error}"]) from error
    except UnicodeDecodeError as error:
        raise ManifestError([f"not UTF-8 text: byte {error.start}"]) from error
    return parse_data(text)


def parse_data(text: str) -> object:
    try:
        return _parse_json(text) if _looks_like_json(text) else _parse_yaml(text)
    except RecursionError as error:
        raise ManifestError(["nested too deeply"]) from error
    except _READING_ERRORS as error:
        raise ManifestError([_reason(error)]) from error


def _looks_like_json(text: str) -> bool:
    """A YAML flow mapping begins alike, but its keys need no quotes."""
    return re.match(r"\s*(?:\{\s*[\"}]|\[\s*[\[\]{\"])", text) is not None


def _parse_json(text: str) -> object:
    try:
        return json.loads(
            text, object_pairs_hook=_without_repetition, parse_constant=_refuse_constant
        )
    except json.JSONDecodeError as error:
        try:
            return _parse_yaml(text)  # YAML in JSON's clothes: a comment, a trailing comma
        except _READING_ERRORS:
            raise error from None


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        keys = [key for key, _ in pairs]
        repeated = sorted({key for key in keys if keys.count(key) > 1})
        raise ManifestError([f"{key}: given twice in one mapping" for key in repeated])
    return mapping


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON value")


def _parse_yaml(text: str) -> object:
    _check_depth(text)
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return None
        if problems := list(_structural_problems(root)):
            raise ManifestError(problems)
        return loader.construct_document(root)
    finally:
        loader.dispose()


def _check_depth(text: str) -> None:
    """The C composer recurses without a limit, until the process has no stack left and dies."""
    depth = 0
    for event in yaml.parse(text, Loader=_FASTEST):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise ManifestError(["nested too deeply"])


def _structural_problems(root: yaml.Node) -> Iterator[str]:
    """Repeated keys, and anchors that contain themselves. Each node is looked at once."""
    done: set[int] = set()
    above: set[int] = set()

    def walk(node: yaml.Node, path: tuple[Part, ...]) -> Iterator[str]:
        if id(node) in above:
            yield problem(path_of(path), "refers to itself")
        if id(node) in done:
            return
        done.add(id(node))
        above.add(id(node))
        yield from _repeated_keys(node, path)
        for part, child in _children(node):
            yield from walk(child, (*path, part))
        above.discard(id(node))

    return walk(root, ())


def _children(node: yaml.Node) -> Iterator[tuple[Part, yaml.Node]]:
    if isinstance(node, yaml.SequenceNode):
        yield from enumerate(node.value)
    elif isinstance(node, yaml.MappingNode):
        yield from ((str(key.value), value) for key, value in node.value)


def _repeated_keys(node: yaml.Node, path: tuple[Part, ...]) -> Iterator[str]:
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[tuple[str, str]] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            yield problem(path_of(path), "keys must be text")
        elif (key.tag, key.value) in seen and key.tag != _MERGE_TAG:
            line = key.start_mark.line + 1
            yield problem(path_of((*path, key.value)), f"given twice in one mapping (line {line})")
        else:
            seen.add((key.tag, key.value))


def _reason(error: BaseException) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno}: {error.msg}"
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        what = getattr(error, "problem", None) or getattr(error, "context", None)
        return f"line {mark.line + 1}, column {mark.column + 1}: {what}"
    first_line = str(error).partition("\n")[0]
    return f"not readable: {first_line or type(error).__name__}"
