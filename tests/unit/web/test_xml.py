from dataclasses import dataclass
from math import inf
from uuid import UUID
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from bursar.web.xml import to_xml
from testing.paths import REFERENCE

DECLARATION = b'<?xml version="1.0" encoding="utf-8"?>\n'

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
    max_leaves=20,
)
awkward_text = st.text(
    st.sampled_from("]>&<\r\n\t \x00\x0b\x1f\x7f\x85\u2028\ud800\udfff\ufffd\ufffe\U0001f600x")
    | st.characters()
)


@dataclass
class Element:
    name: str
    text: str
    children: "list[Element]"


def allowed_in_document(character: str) -> bool:
    code = ord(character)
    return (
        character in "\t\n\r"
        or 0x20 <= code <= 0xD7FF
        or 0xE000 <= code <= 0xFFFD
        or code >= 0x10000
    )


def is_element_name(name: str) -> bool:
    """To both parsers: lxml follows the fifth edition of XML 1.0, expat the ones before."""
    if ":" in name:
        return False
    text = f"<{name}/>"
    try:
        etree.QName(name)
        return etree.fromstring(text).tag == ET.fromstring(text).tag == name
    except (ValueError, etree.XMLSyntaxError, ET.ParseError):
        return False


def expected_name(key: str) -> str:
    name = "".join(c if is_element_name(f"a{c}") else "_" for c in key)
    return name if name and is_element_name(name[0]) else f"_{name}"


def expected_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return "".join(filter(allowed_in_document, value))
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, int):
        return f"{value:d}"
    return msgspec.json.encode(value).decode()


def expected_tree(name: str, value: object) -> Element:
    if isinstance(value, dict):
        members = [expected_tree(expected_name(key), item) for key, item in value.items()]
        return Element(name, "", members)
    if isinstance(value, list):
        return Element(name, "", [expected_tree("list-item", item) for item in value])
    return Element(name, expected_text(value), [])


def parsed_tree(document: bytes) -> Element:
    parser = etree.XMLParser(resolve_entities=False, huge_tree=True)
    return as_element(etree.fromstring(document, parser))


def as_element(node: etree._Element) -> Element:
    assert not node.attrib
    assert not node.tail
    return Element(str(node.tag), node.text or "", [as_element(child) for child in node])


def body(value: object) -> str:
    document = to_xml(value)
    assert document.startswith(DECLARATION + b"<root>")
    assert document.endswith(b"</root>")
    return document.removeprefix(DECLARATION).decode()[len("<root>") : -len("</root>")]


@given(json_values)
def test_any_json_value_parses_to_the_same_elements(value: object) -> None:
    assert parsed_tree(to_xml(value)) == expected_tree("root", value)


@given(st.lists(awkward_text))
def test_awkward_text_survives_but_for_what_xml_forbids(texts: list[str]) -> None:
    assert parsed_tree(to_xml(texts)) == expected_tree("root", texts)


@given(st.dictionaries(awkward_text, st.integers()))
def test_awkward_keys_become_names(members: dict[str, int]) -> None:
    document = to_xml(members)
    assert parsed_tree(document) == expected_tree("root", members)
    ET.fromstring(document)


@pytest.mark.parametrize("name", ["course", "course_run", "program"])
def test_reference_documents_parse_to_the_same_elements(name: str) -> None:
    document = msgspec.json.decode((REFERENCE / f"{name}.json").read_bytes())
    assert parsed_tree(to_xml(document)) == expected_tree("root", document)
    assert ET.fromstring(to_xml(document)).tag == "root"


@pytest.mark.parametrize("empty", [None, "", [], {}])
def test_every_kind_of_nothing_is_the_same_empty_element(empty: object) -> None:
    assert body(empty) == ""
    assert body({"a": empty}) == "<a></a>"
    assert body([empty]) == "<list-item></list-item>"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "True"),
        (False, "False"),
        (0, "0"),
        (-7, "-7"),
        (2**70, "1180591620717411303424"),
        (149.0, "149.0"),
        (0.1, "0.1"),
        (1e22, "1e22"),
        (-0.0, "-0.0"),
        (inf, ""),
        ("2022-04-12T16:00:00Z", "2022-04-12T16:00:00Z"),
        ("a & b < c > d", "a &amp; b &lt; c &gt; d"),
        ("]]>", "]]&gt;"),
        ("one\r\ntwo\tthree", "one&#13;\ntwo\tthree"),
        ("\x00a\x0b\x1f\ufffe\uffff\ud800b", "ab"),
        ("\x7f\x85\u2028\U0001f600", "\x7f\x85\u2028\U0001f600"),
        ("\"quoted\" 'text'", "\"quoted\" 'text'"),
    ],
)
def test_scalars_are_written_as_text(value: object, text: str) -> None:
    assert body(value) == text


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("plain", "plain"),
        ("", "_"),
        ("0", "_0"),
        ("-a", "_-a"),
        (".", "_."),
        ("\u0301", "_\u0301"),
        ("a b", "a_b"),
        (" b", "_b"),
        ("ns:key", "ns_key"),
        ("<a>&", "_a__"),
        ("\ud800", "_"),
        ("é\u0301·", "é\u0301·"),
        ("\U0001f600", "_"),
        ("größe", "größe"),
        ("名前", "名前"),
        ("\u0132", "_"),
        ("xmlThing", "xmlThing"),
    ],
)
def test_keys_become_element_names(key: str, name: str) -> None:
    assert body({key: 1}) == f"<{name}>1</{name}>"


def test_members_keep_their_order_and_arrays_name_theirs() -> None:
    value = {"b": [1, {"c": "x"}, [2]], "a": None}
    assert body(value) == (
        "<b><list-item>1</list-item><list-item><c>x</c></list-item>"
        "<list-item><list-item>2</list-item></list-item></b><a></a>"
    )


def test_nesting_deeper_than_the_interpreter_stack_renders() -> None:
    depth = 50_000
    value: list[object] = []
    for _ in range(depth):
        value = [value]
    assert body(value) == "<list-item>" * depth + "</list-item>" * depth


def test_more_distinct_keys_than_are_remembered_render_alike() -> None:
    members = {f"{number} key": number for number in range(10_000)}
    assert body(members) == "".join(f"<_{n}_key>{n}</_{n}_key>" for n in range(10_000))


def test_something_that_json_does_not_know_is_refused() -> None:
    with pytest.raises(TypeError, match="UUID"):
        to_xml({"uuid": UUID(int=0)})
