import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.catalog.content.aggregation import aggregation_key
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.filters.refusals import FilterError
from bursar.catalog.filters.service import canonical_filter, parse_filter, query_uuid
from testing.paths import REFERENCE

COURSE, RUN, PROGRAM = ContentType.COURSE, ContentType.COURSE_RUN, ContentType.PROGRAM
PATHWAY = ContentType.LEARNER_PATHWAY
PROGRAM_UUID = "fcfe93c3-9123-4a58-a190-8614c96b8eab"
FORCED = "enterprise_force_include_aggregation_keys"
ALLOWED = "restricted_runs_allowed"
DEEP: Any = json.loads("[" * 200 + "]" * 200)

A_COURSE: dict[str, Any] = {
    "key": "edx+tr1012",
    "title": "Trench Run 10",
    "course_runs": [
        {
            "key": "course-v1:edx+tr1012+1T2021",
            "seats": [
                {"type": "audit", "price": "0.00", "upgrade_deadline": None},
                {
                    "type": "verified",
                    "price": "100.00",
                    "upgrade_deadline": "2030-09-05T23:59:59Z",
                },
            ],
            "start": "2022-04-12T16:00:00Z",
            "enrollment_end": None,
            "status": "published",
            "estimated_hours": 4.5,
        },
        {"key": "course-v1:edx+tr1012+2T2021", "seats": [], "status": "archived"},
    ],
    "entitlements": [{"mode": "verified", "price": "100.00", "expires": None}],
    "owners": [{"key": "edx", "name": "edX", "slug": "edx-school", "tags": ["charter"]}],
    "level_type": "Introductory",
    "subjects": [{"name": "Social Sciences", "slug": "social-sciences", "uuid": "eefb"}],
    "skills": [],
    "skill_names": ["Python", "Physics"],
    "modified": "2024-01-12T16:45:17.341223Z",
    "card_image_url": None,
    "excluded_from_search": False,
    "enrollment_count": 3,
    "product_source": {"name": "edX", "slug": "edx", "description": "Open courses"},
    "facets.language": "English",
    "product_source.slug": "shadowed",
}
A_RUN: dict[str, Any] = {
    "key": "course-v1:HarvardX+FIH+3T2023",
    "course": "HarvardX+FIH",
    "enrollment_end": "2024-02-07T23:59:59Z",
    "first_enrollable_paid_seat_price": 100,
}
A_PROGRAM: dict[str, Any] = {
    "uuid": PROGRAM_UUID,
    "type": "Masters",
    "hidden": False,
    "authoring_organizations": [{"key": "UCDavis", "slug": "ucdavis"}, {"key": "edx"}],
}


def matches(
    raw: dict[str, Any], document: Mapping[str, Any] = A_COURSE, kind: ContentType = COURSE
) -> bool:
    return parse_filter(raw).matches(document, kind)


def problems_of(raw: object) -> dict[str, str]:
    with pytest.raises(FilterError) as caught:
        parse_filter(raw)
    return dict(caught.value.errors)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({}, True),
        ({"level_type": "Introductory"}, True),
        ({"level_type": "introductory"}, True),
        ({"level_type__exact": "introductory"}, False),
        ({"level_type.raw": "introductory"}, False),
        ({"level_type.raw": "Introductory"}, True),
        ({"excluded_from_search": "False"}, True),
        ({"excluded_from_search": "false"}, True),
        ({"excluded_from_search__exact": "False"}, True),
        ({"excluded_from_search": "True"}, False),
        ({"level_type__exact": ["Advanced", "Introductory"]}, True),
        ({"level_type": []}, False),
        ({"level_type": "Introductory", "title": "Another"}, False),
        ({"card_image_url": None}, True),
        ({"no_such_field": None}, True),
        ({"level_type": None}, False),
        ({"card_image_url": [None, "x"]}, True),
        ({"excluded_from_search": False}, True),
        ({"excluded_from_search": 0}, False),
        ({"enrollment_count": 3.0}, True),
        ({"enrollment_count": "3"}, False),
        ({"skill_names": "Python"}, True),
        ({"skill_names": ["Biology", "Physics"]}, True),
        ({"skill_names": "Biology"}, False),
        ({"skills": None}, False),
        ({"subjects": "social-sciences"}, True),
        ({"subjects": "Social Sciences"}, True),
        ({"subjects": "eefb"}, False),
        ({"owners": "edx"}, True),
        ({"owners": "charter"}, False),
        ({"product_source": "edx"}, True),
    ],
)
def test_exact_compares_values_elements_and_names(raw: dict[str, Any], expected: bool) -> None:
    assert matches(raw) is expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"product_source.slug": "edx"}, True),
        ({"product_source.slug": "shadowed"}, False),
        ({"facets.language": "English"}, True),
        ({"facets.colour": "English"}, False),
        ({"course_runs.status": "archived"}, True),
        ({"course_runs.status": "unpublished"}, False),
        ({"course_runs.seats.type": "audit"}, True),
        ({"owners.tags": "charter"}, True),
        ({"title.slug": "edx"}, False),
        ({"course_runs.start": None}, True),
        ({"skills.name": None}, True),
    ],
)
def test_dots_reach_inside_objects_and_lists(raw: dict[str, Any], expected: bool) -> None:
    assert matches(raw) is expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"key__in": ["edx+tr1012", "MITx+6.00"]}, True),
        ({"key__in": ["MITx+6.00"]}, False),
        ({"key__in": []}, False),
        ({"skill_names__in": ["Physics"]}, True),
        ({"level_type__not": "Introductory"}, False),
        ({"level_type__not": "introductory"}, False),
        ({"key__in": ["EDX+TR1012"]}, True),
        ({"level_type__not": ["Advanced", "Introductory"]}, False),
        ({"level_type__not": "Advanced"}, True),
        ({"no_such_field__not": "x"}, True),
        ({"card_image_url__not": None}, False),
        ({"title__not": None}, True),
        ({"level_type__exclude": "Introductory"}, False),
        ({"subjects__exclude": ["law", "social-sciences"]}, False),
        ({"subjects__exclude": ["law", "history"]}, True),
        ({"skill_names__exclude": "Python"}, False),
        ({"level_type__exclude": []}, True),
    ],
)
def test_in_not_and_exclude(raw: dict[str, Any], expected: bool) -> None:
    assert matches(raw) is expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"enrollment_count__gt": 2}, True),
        ({"enrollment_count__gt": 3}, False),
        ({"enrollment_count__gte": 3}, True),
        ({"enrollment_count__lt": "10"}, True),
        ({"enrollment_count__lte": 2.5}, False),
        ({"entitlements.price__gt": "99.5"}, True),
        ({"entitlements.price__lt": 20}, False),
        ({"course_runs.seats.price__gte": 100}, True),
        ({"course_runs.estimated_hours__gt": 4}, True),
        ({"excluded_from_search__lt": 1}, False),
        ({"title__gt": 1}, False),
        ({"card_image_url__lt": 5}, False),
        ({"no_such_field__gte": 0}, False),
        ({"modified__gt": "2024-01-12"}, True),
        ({"modified__gt": "2024-01-12T17:45:17.341223+01:00"}, False),
        ({"modified__gte": "2024-01-12T17:45:17.341223+01:00"}, True),
        ({"modified__lt": "2024-01-12T16:45:18"}, True),
        ({"modified__gt": "20240101"}, True),
        ({"modified__gt": 20240101}, False),
        ({"course_runs.enrollment_end__lt": "2999-01-01"}, False),
        ({"course_runs.start__lte": "2022-04-12T16:00:00Z"}, True),
        ({"course_runs.seats.upgrade_deadline__gte": "2030-09-06"}, False),
    ],
)
def test_orders_numbers_as_numbers_and_dates_as_dates(raw: dict[str, Any], expected: bool) -> None:
    assert matches(raw) is expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"title__icontains": "TRENCH"}, True),
        ({"title__icontains": "trunk"}, False),
        ({"skill_names__icontains": "pyth"}, True),
        ({"subjects__icontains": "social s"}, True),
        ({"enrollment_count__icontains": "3"}, False),
        ({"card_image_url__icontains": ""}, False),
        ({"card_image_url__exists": True}, False),
        ({"card_image_url__exists": False}, True),
        ({"no_such_field__exists": False}, True),
        ({"title__exists": True}, True),
        ({"skills__exists": True}, True),
        ({"skills.name__exists": True}, False),
        ({"excluded_from_search__exists": True}, True),
        ({"course_runs.enrollment_end__exists": True}, False),
        ({"course_runs.start__exists": True}, True),
    ],
)
def test_icontains_and_exists(raw: dict[str, Any], expected: bool) -> None:
    assert matches(raw) is expected


@pytest.mark.parametrize(
    ("operand", "kinds"),
    [
        ({"content_type": "course"}, {COURSE}),
        ({"content_type": ["courserun", "program"]}, {RUN, PROGRAM}),
        ({"content_type__exact": "program"}, {PROGRAM}),
        ({"content_type__in": ["course"]}, {COURSE}),
        ({"content_type__not": "course"}, {RUN, PROGRAM, PATHWAY}),
        ({"content_type__exclude": ["course", "program"]}, {RUN, PATHWAY}),
        ({"content_type": "learnerpathway"}, {PATHWAY}),
    ],
)
def test_content_type_is_that_of_the_document(
    operand: dict[str, Any], kinds: set[ContentType]
) -> None:
    content_filter = parse_filter(operand)
    assert {kind for kind in ContentType if content_filter.matches({}, kind)} == kinds


OWNED = [
    (A_COURSE, COURSE, "edx"),
    (A_PROGRAM, PROGRAM, "UCDavis"),
    (A_PROGRAM, PROGRAM, "edx"),
    (A_RUN, RUN, "HarvardX"),
    (A_RUN | {"owners": []}, RUN, "HarvardX"),
    (A_RUN | {"key": "MITx/6.00/2013"}, RUN, "MITx"),
    (A_RUN | {"owners": [{"key": "Owner"}]}, RUN, "Owner"),
]


@pytest.mark.parametrize("field", ["org", "organizations", "authoring_organizations"])
@pytest.mark.parametrize(("document", "kind", "key"), OWNED)
def test_an_organization_matches_an_owners_key_in_any_case(
    field: str, document: dict[str, Any], kind: ContentType, key: str
) -> None:
    assert matches({field: key}, document, kind)
    assert matches({field: key.swapcase()}, document, kind)
    assert matches({field: f"{key}: Some Name"}, document, kind)
    assert not matches({f"{field}__exact": key.swapcase()}, document, kind)
    assert not matches({f"{field}__exclude": [key]}, document, kind)
    assert not matches({"org__exempt": key}, document, kind)
    assert not matches({field: key[:-1]}, document, kind)


@pytest.mark.parametrize("own", ["MITx", ["MITx"], ["Other", "MITx: Massachusetts Institute"]])
def test_an_own_organization_counts_before_the_owners(own: object) -> None:
    document = A_COURSE | {"org": own, "organizations": own}
    assert matches({"org": "mitx"}, document)
    assert matches({"organizations": ["MITx"]}, document)
    assert not matches({"org": "edx"}, document)


def test_an_organization_with_its_name_matches_by_either() -> None:
    document = A_COURSE | {"organizations": ["MITx: Massachusetts Institute"]}
    for name in ("MITx", "massachusetts institute", "MITx: Massachusetts Institute"):
        assert matches({"organizations": name}, document)
    assert not matches({"organizations": "Massachusetts"}, document)


@pytest.mark.parametrize(
    ("own", "installation", "asked", "expected"),
    [
        ({}, "edx", "edx", True),
        ({}, "edx", "EDX", True),
        ({}, "acme", "edx", False),
        ({}, "acme", "acme", True),
        ({"partner": "edX"}, "acme", "edx", True),
        ({"partner": "edX"}, "acme", "acme", False),
    ],
)
def test_a_document_without_a_partner_belongs_to_that_of_the_installation(
    own: dict[str, Any], installation: str, asked: str, expected: bool
) -> None:
    for document, kind in ((A_COURSE, COURSE), (A_RUN, RUN), (A_PROGRAM, PROGRAM)):
        content_filter = parse_filter({"partner": asked})
        assert content_filter.matches(document | own, kind, installation) is expected


def test_the_slug_of_an_owner_is_not_its_key() -> None:
    assert not matches({"org": "edx-school"})


@pytest.mark.parametrize(
    ("raw", "document", "kind", "expected"),
    [
        ({"key": "EDX+tr1012"}, A_COURSE, COURSE, True),
        ({"key.raw": ["edx+tr1012"]}, A_COURSE, COURSE, True),
        ({"key.raw": ["EDX+tr1012"]}, A_COURSE, COURSE, False),
        ({"key.raw__in": ["EDX+tr1012"]}, A_COURSE, COURSE, False),
        ({"key.raw__exclude": ["EDX+tr1012"]}, A_COURSE, COURSE, True),
        ({"number": "TR1012"}, A_COURSE, COURSE, True),
        ({"number": "edx+tr1012"}, A_COURSE, COURSE, True),
        ({"number": "fih"}, A_RUN, RUN, True),
        ({"number": "own"}, A_COURSE | {"number": "Own"}, COURSE, True),
        ({"number": "tr1012"}, A_COURSE | {"number": "Own"}, COURSE, False),
    ],
)
def test_keys_compare_in_any_case_except_in_their_exact_form(
    raw: dict[str, Any], document: dict[str, Any], kind: ContentType, expected: bool
) -> None:
    assert matches(raw, document, kind) is expected


def test_an_owner_takes_precedence_over_the_organization_in_a_runs_key() -> None:
    assert not matches({"org": "HarvardX"}, A_RUN | {"owners": [{"key": "Owner"}]}, RUN)


def test_a_run_whose_key_cannot_be_read_has_no_organization() -> None:
    assert matches({"org__exists": False}, {"key": "not a key"}, RUN)


@pytest.mark.parametrize(
    ("document", "kind", "expected"),
    [
        (A_COURSE, COURSE, "course:edx+tr1012"),
        (A_RUN, RUN, "courserun:HarvardX+FIH"),
        (A_PROGRAM, PROGRAM, f"program:{PROGRAM_UUID}"),
        ({"key": 5}, COURSE, "course:"),
    ],
)
def test_aggregation_key_is_compared_with_every_operator(
    document: dict[str, Any], kind: ContentType, expected: str
) -> None:
    assert aggregation_key(document, kind) == expected
    assert matches({"aggregation_key": [expected, "course:other"]}, document, kind)
    assert not matches({"aggregation_key__exclude": expected}, document, kind)
    assert matches({"aggregation_key__icontains": expected.upper()}, document, kind)
    assert matches({"aggregation_key__exists": True}, document, kind)


@pytest.mark.parametrize(
    ("forced", "document", "kind", "expected"),
    [
        ("course:edx+tr1012", A_COURSE, COURSE, True),
        ("course:edx+TR1012", A_COURSE, COURSE, False),
        ("courserun:HarvardX+FIH", A_RUN, RUN, True),
        ("course:HarvardX+FIH", A_RUN, RUN, False),
        (f"program:{PROGRAM_UUID.upper()}", A_PROGRAM, PROGRAM, True),
    ],
)
def test_forced_keys_are_added_whatever_the_rest_says(
    forced: str, document: dict[str, Any], kind: ContentType, expected: bool
) -> None:
    raw = {"content_type__exclude": ["course", "courserun", "program"], FORCED: [forced]}
    assert matches(raw, document, kind) is expected


def test_forced_keys_do_not_narrow_the_rest() -> None:
    assert matches({"level_type": "Introductory", FORCED: ["course:edX+Other"]})


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (None, ""),
        ([], ""),
        ("course", ""),
        ({"content_type": "video"}, "content_type"),
        ({"content_type": ["course", "video"]}, "content_type[1]"),
        ({"content_type": None}, "content_type"),
        ({"content_type__gt": 1}, "content_type__gt"),
        ({"content_type__in": "course"}, "content_type__in"),
        ({"key__foo": 1}, "key__foo"),
        ({"key__": 1}, "key__"),
        ({"owners__key__in": ["edx"]}, "owners__key__in"),
        ({"": 1}, ""),
        ({"__in": [1]}, "__in"),
        ({"a..b": 1}, "a..b"),
        ({3: 1}, "3"),
        ({"key": {"in": ["x"]}}, "key"),
        ({"aggregation_key": ["course:a", "course:b", {}]}, "aggregation_key[2]"),
        ({"key__in": "edx+tr1012"}, "key__in"),
        ({"key__in": ["x", ["y"]]}, "key__in[1]"),
        ({"key__not": float("nan")}, "key__not"),
        ({"start__gt": None}, "start__gt"),
        ({"start__gte": ["2024-01-01"]}, "start__gte"),
        ({"start__lt": "soon"}, "start__lt"),
        ({"start__lte": True}, "start__lte"),
        ({"price__gt": 10**5000}, "price__gt"),
        ({"title__icontains": 5}, "title__icontains"),
        ({"title__exists": "yes"}, "title__exists"),
        ({"title__exists": 1}, "title__exists"),
        ({FORCED: "course:edX+DemoX"}, FORCED),
        ({FORCED: ["course:edX+DemoX", "edX DemoX"]}, f"{FORCED}[1]"),
        ({FORCED: ["courserun:course-v1:edX+DemoX+1T2026"]}, f"{FORCED}[0]"),
        ({FORCED: ["program:not-a-uuid"]}, f"{FORCED}[0]"),
        ({FORCED: ["course:"]}, f"{FORCED}[0]"),
        ({FORCED: [5]}, f"{FORCED}[0]"),
        ({f"{FORCED}__in": ["course:edX+DemoX"]}, f"{FORCED}__in"),
        ({ALLOWED: ["course-v1:edX+DemoX+r"]}, ALLOWED),
        ({ALLOWED: {"course:edX+DemoX": "course-v1:edX+DemoX+r"}}, f"{ALLOWED}.course:edX+DemoX"),
        ({ALLOWED: {"edX+DemoX": ["", "r", 5]}}, f"{ALLOWED}.edX+DemoX[0]"),
        ({f"{ALLOWED}__in": {}}, f"{ALLOWED}__in"),
        ({"include_learner_pathways": "perhaps"}, "include_learner_pathways"),
        ({"exclude_expired_course_run__not": True}, "exclude_expired_course_run__not"),
        ({"ordering": {"by": "key"}}, "ordering"),
        ({"status__startswith": "pub"}, "status__startswith"),
        ({"org__exempt__in": ["edX"]}, "org__exempt__in"),
        ({"key": DEEP}, "key[0]"),
        ({"key": {"a": DEEP}}, "key"),
        ({ALLOWED: {"edX+DemoX": [DEEP]}}, f"{ALLOWED}.edX+DemoX[0]"),
    ],
)
def test_a_bad_filter_is_refused_naming_the_path(raw: object, path: str) -> None:
    assert next(iter(problems_of(raw))) == path


def test_the_reference_documents_are_selected_by_realistic_filters() -> None:
    course, run, program = (
        json.loads((REFERENCE / name).read_text(encoding="utf-8"))
        for name in ("course.json", "course_run.json", "program.json")
    )
    assert matches(
        {"content_type": "course", "partner": "edx", "level_type": ["Introductory"]}, course
    )
    assert matches({"org": "HarvardX", "enrollment_end__gte": "2024-02-07"}, run, RUN)
    assert matches({"org__exclude": ["edx"], "type": "Masters", "hidden": False}, program, PROGRAM)


def test_all_problems_are_reported_at_once() -> None:
    raw = {"content_type": "x", "key__foo": 1, "a__in": 2, FORCED: ["b c", ""], "title": "fine"}
    expected = {"content_type", "key__foo", "a__in", f"{FORCED}[0]", f"{FORCED}[1]"}
    assert set(problems_of(raw)) == expected


def test_an_unknown_operator_is_told_the_known_ones() -> None:
    message = problems_of({"key__foo": 1})["key__foo"]
    assert "__foo" in message
    assert "__icontains" in message


def test_a_filter_has_one_lasting_query_uuid() -> None:
    raw = {"content_type": "course", "level_type": ["Introductory"]}
    assert query_uuid(raw) == UUID("e8081efd-8373-529e-8845-ebd5431cc704")
    assert query_uuid(raw) != query_uuid({"content_type": "course"})


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.0, 1.0, 2.5]),
    st.sampled_from(["", "1", "a", "A", "edx", "2024-01-01"]),
)
json_values = st.recursive(
    st.one_of(
        scalars,
        st.integers(),
        st.floats(),
        st.text(),
        st.datetimes().map(lambda at: at.isoformat()),
    ),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
suffixes = ["", "exact", "in", "not", "exclude", "gt", "gte", "lt", "lte", "icontains", "exists"]
fields = st.sampled_from(
    ["key", "org", "owners", "owners.key", "a.b.c", "aggregation_key", "content_type", FORCED]
)
keys = st.builds(
    lambda field, suffix: f"{field}__{suffix}" if suffix else field,
    fields,
    st.sampled_from([*suffixes, "unknown"]),
)
values = st.one_of(
    scalars,
    st.lists(scalars, max_size=3),
    st.lists(st.fixed_dictionaries({}, optional={"key": scalars, "name": scalars}), max_size=3),
)


class Opaque:
    pass


def nested(value: object, depth: int) -> object:
    for level in range(depth):
        value = [value] if level % 2 else {"b": value, "key": [value]}
    return value


anything = st.one_of(
    json_values,
    st.builds(Opaque),
    st.binary(),
    st.sets(st.integers()),
    st.tuples(st.integers()),
    st.decimals(allow_nan=True),
    st.datetimes(),
    st.sampled_from(
        [
            10**5000,
            "9" * 5000,
            "1e9999",
            "0001-01-01T00:00:00+23:59",
            "9999-12-31T23:59:59-23:59",
            "\ud800",
            "course-v1:\n+\u2028+\x00",
            nested("x", 3000),
            nested(nested("x", 1), 5),
        ]
    ),
)
documents = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ["key", "course", "uuid", "owners", "authoring_organizations", "a", "a.b.c"], anything
    ),
)
valid_entries = st.one_of(
    st.tuples(fields, st.sampled_from(["", "__exact", "__not", "__exclude"]), values),
    st.tuples(fields, st.just("__in"), st.lists(scalars)),
    st.tuples(
        fields,
        st.sampled_from(["__gt", "__gte", "__lt", "__lte"]),
        st.sampled_from([1, 2.5, "10", "20240101", "0001-01-01T00:00:00+14:00", "9999-12-31"]),
    ),
    st.tuples(fields, st.just("__icontains"), st.text()),
    st.tuples(fields, st.just("__exists"), st.booleans()),
).map(lambda parts: {f"{parts[0]}{parts[1]}": parts[2]})


@given(raw=valid_entries, document=documents, kind=st.sampled_from(ContentType))
def test_matching_never_raises_whatever_the_document_holds(
    raw: dict[str, Any], document: dict[str, Any], kind: ContentType
) -> None:
    try:
        content_filter = parse_filter(raw)
    except FilterError:
        return
    assert content_filter.matches(document, kind) in (True, False)


@given(value=values, operand=st.one_of(scalars, st.lists(scalars, max_size=3)))
def test_not_and_exclude_are_the_complement_of_exact(value: object, operand: object) -> None:
    document = {"field": value}
    exact = matches({"field": operand}, document)
    assert exact or not matches({"field__exact": operand}, document)
    assert matches({"field__not": operand}, document) is not exact
    assert matches({"field__exclude": operand}, document) is not exact


@given(value=values, operands=st.lists(scalars, max_size=4))
def test_in_holds_when_any_of_its_values_is_equal(value: object, operands: list[object]) -> None:
    document = {"field": value}
    any_equal = any(matches({"field": operand}, document) for operand in operands)
    assert matches({"field__in": operands}, document) is any_equal


@given(value=scalars, operand=st.sampled_from([0, 1, 2.5, "1", "2024-01-01"]))
def test_the_comparisons_agree_with_each_other(value: object, operand: object) -> None:
    def holds(suffix: str) -> bool:
        return matches({f"field__{suffix}": operand}, {"field": value})

    comparable = holds("lte") or holds("gte")
    assert holds("gt") == (comparable and not holds("lte"))
    assert holds("lt") == (comparable and not holds("gte"))


@given(raw=st.dictionaries(st.text(), scalars | st.lists(scalars)), data=st.data())
def test_the_canonical_form_does_not_depend_on_the_order_of_keys(
    raw: dict[str, Any], data: st.DataObject
) -> None:
    shuffled = dict(data.draw(st.permutations(list(raw.items()))))
    assert canonical_filter(shuffled) == canonical_filter(raw)
    assert query_uuid(shuffled) == query_uuid(raw)
    assert json.loads(canonical_filter(raw)) == raw


@given(raw=st.one_of(json_values, st.dictionaries(st.one_of(keys, st.text()), json_values)))
def test_parsing_raises_nothing_but_filter_errors(raw: object) -> None:
    with suppress(FilterError):
        parse_filter(raw)


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ({"key": "edX\u200b+A"}, "key"),
        ({"key.raw__in": ["edX+A", "edX\u200b+A"]}, "key.raw__in[1]"),
        ({"aggregration__key": ["edX\u200b"]}, "aggregration__key[0]"),
        ({"course_runs.key__icontains": "edX\u200b"}, "course_runs.key__icontains"),
        ({"course_run_keys__exclude": ["edX\u200b"]}, "course_run_keys__exclude[0]"),
        ({"org\u200b": "edX"}, "org\u200b"),
        ({"enterprise_force_include_aggregation_keys": ["edX\u200b"]}, f"{FORCED}[0]"),
        ({"restricted_runs_allowed": {"edX\u200b": []}}, "restricted_runs_allowed.edX\u200b"),
        ({"restricted_runs_allowed": {"edX": ["edX\u200b"]}}, "restricted_runs_allowed.edX[0]"),
    ],
)
def test_a_key_with_an_invisible_character_is_refused(raw: dict[str, Any], path: str) -> None:
    with pytest.raises(FilterError) as refused:
        parse_filter(raw)
    named = f"{path}: the key "
    assert str(refused.value).startswith(named)
    assert str(refused.value).endswith("Remove the invisible character U+200B at position 4.")


def test_a_title_may_need_a_joiner() -> None:
    parse_filter({"title": "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"})
