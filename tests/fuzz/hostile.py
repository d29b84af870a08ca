"""Input that nobody means well: strategies for the fuzzers, and how many examples they try.

`FUZZ_EXAMPLES=5000 ./run test tests/fuzz --timeout 0` looks longer than the suite does.
"""

import gzip
import json
from typing import Any, Final
from urllib.parse import quote_from_bytes

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from testing.examples import FUZZ_EXAMPLES

fuzzing = settings(
    max_examples=FUZZ_EXAMPLES,
    suppress_health_check=list(HealthCheck),
)

_BROKEN_TEXT: Final = ["", " ", "\x00", "a\x00b", "\ud800", "\U0010ffff", "\u202e", "\ufeff", "'"]
TEXTS: Final = [*_BROKEN_TEXT, "0", "-1", "1e999", "NaN", "null", "true", "[]", "%s%n", "a" * 5000]
NUMBERS: Final = [0, -1, 2**31, 2**63 - 1, 2**63, -(2**63) - 1, 10**30, 1.5, 1e308, -0.0]
UUIDS: Final = ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"]

texts = st.sampled_from(TEXTS) | st.text(max_size=20) | st.sampled_from(UUIDS)
scalars = st.none() | st.booleans() | st.sampled_from(NUMBERS) | st.integers() | st.floats() | texts
json_trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)
header_bytes = st.binary(max_size=60).map(
    lambda raw: bytes(byte for byte in raw if byte == 9 or (byte >= 32 and byte != 127))
)


def spots_in(tree: Any) -> list[tuple[Any, Any]]:
    """Every container with each of its keys."""
    if isinstance(tree, dict):
        keys: list[Any] = list(tree)
    elif isinstance(tree, list):
        keys = list(range(len(tree)))
    else:
        return []
    return [(tree, key) for key in keys] + [spot for key in keys for spot in spots_in(tree[key])]


@st.composite
def spoiled(draw: st.DrawFn, good: Any) -> Any:
    """A good tree with some of its places changed, lost, repeated or renamed."""
    tree = json.loads(json.dumps(good))
    for _ in range(draw(st.integers(1, 3))):
        spots = spots_in(tree)
        if not spots:
            return draw(json_trees)
        container, key = draw(st.sampled_from(spots))
        what = draw(st.sampled_from(["change", "lose", "repeat", "rename"]))
        if what == "lose":
            del container[key]
        elif what == "rename" and isinstance(container, dict):
            container[draw(texts)] = container.pop(key)
        elif what == "repeat" and isinstance(container, list):
            container += [container[key]] * draw(st.sampled_from([1, 5, 300]))
        else:
            container[key] = draw(json_trees)
    return tree


def written(tree: Any) -> bytes:
    """As JSON, with whatever JSON has no right to hold: NaN, lone surrogates."""
    return json.dumps(tree).encode()


def broken_bodies(good: Any) -> list[bytes]:
    """Of a body that is a list, also lists of one broken item."""
    if isinstance(good, list):
        item = good[0]
        within = [b"[" + body + b"]" for body in broken_bodies(item)]
        return [*_broken(good, next(iter(item))), *within]
    return _broken(good, next(iter(good or {"a": 0})))


def _broken(good: Any, key: str) -> list[bytes]:
    text = written(good)
    return [
        b"\x00",
        b"\xff\xfe" + text,
        b"\xef\xbb\xbf" + text,
        text[:-1],
        text + text,
        gzip.compress(text),
        b"[" * 100_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        *(b'{"%s": %s1%s}' % (key.encode(), b'{"a":[' * n, b"]}" * n) for n in (100, 450)),
        b'{"' + key.encode() + b'": NaN}',
        b'{"' + key.encode() + b'": "\xed\xa0\x80"}',
        b'{"' + key.encode() + b'": "\\ud800"}',
        b'{"' + key.encode() + b'": "\\u0000"}',
        b'{"' + key.encode() + b'": 1' + b"0" * 5_000 + b"}",
        b'{"' + key.encode() + b'": 1e99999}',
        text[:-1] + b', "' + key.encode() + b'": []}',
        text.replace(b'"', b"'"),
        text.decode().encode("utf-16"),
    ]


segments = (
    st.binary(max_size=12).map(lambda raw: quote_from_bytes(raw, safe="").encode())
    | st.sampled_from(
        [b"", b".", b"..", b"%00", b"%2F", b"%2f..", b"%", b"%zz", b"%C0%AF", b"%ED%A0%80", b"\xff"]
    )
    | st.sampled_from([b"a" * 9000, b";", b"a;b=c", b"*", b"+", b"%252F", b"{catalog_id}"])
)
