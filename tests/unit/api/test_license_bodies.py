from typing import Any

import pytest

from bursar.api.license_bodies import LONGEST_TEXT, AssignBody, RevokeBody
from bursar.subscriptions.licenses.commands import LicenseFilter
from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.web.fields import MOST_ITEMS
from bursar.web.validation import validate

SFID = "001OE000001f26OXZP"
ONE = {"user_emails": ["a@b.example"]}


def errors_of(model: type[AssignBody] | type[RevokeBody], value: Any) -> dict[str, Any]:
    body, errors = validate(model, value)
    assert (body is None) == bool(errors)
    return errors


def assign_body(**value: Any) -> AssignBody:
    body, errors = validate(AssignBody, value)
    assert isinstance(body, AssignBody), errors
    return body


def filters_of(*filters: Any) -> list[LicenseFilter]:
    body, errors = validate(RevokeBody, {"filters": list(filters)})
    assert isinstance(body, RevokeBody), errors
    return body.filters


class TestAssign:
    def test_emails_are_normalised_and_the_first_id_of_a_repeated_one_counts(self) -> None:
        body = assign_body(
            user_emails=[" B@x.example", "a@x.example", "b@X.example "],
            user_sfids=[SFID, "", SFID[::-1]],
        )
        assert list(body.sfids_by_email.items()) == [("b@x.example", SFID), ("a@x.example", None)]
        assert body.notify_users

    def test_ids_can_be_left_out(self) -> None:
        assert assign_body(**ONE).sfids_by_email == {"a@b.example": None}
        assert assign_body(**ONE, user_sfids=[None]).sfids_by_email == {"a@b.example": None}

    @pytest.mark.parametrize(
        ("value", "errors"),
        [
            ({}, {"user_emails": ["This field is required."]}),
            ({"user_emails": []}, {"user_emails": ["This list may not be empty."]}),
            (
                {"user_emails": "a@b.example"},
                {"user_emails": ['Expected a list of items but got type "str".']},
            ),
            (
                {"user_emails": ["a@b.example", "no"]},
                {"user_emails": {"1": ["Enter a valid email address."]}},
            ),
            ({"user_emails": [1]}, {"user_emails": {"0": ["Not a valid string."]}}),
            ({**ONE, "notify_users": "true"}, {"notify_users": ["Must be a valid boolean."]}),
            ({**ONE, "greeting": 1}, {"greeting": ["Not a valid string."]}),
            ({**ONE, "closing": None}, {"closing": ["This field may not be null."]}),
            (
                {**ONE, "user_sfids": ["short"]},
                {"user_sfids": {"0": ["Ensure this field has exactly 18 characters."]}},
            ),
        ],
    )
    def test_each_field_says_what_is_wrong_with_it(
        self, value: dict[str, Any], errors: dict[str, Any]
    ) -> None:
        assert errors_of(AssignBody, value) == errors

    @pytest.mark.parametrize("sfids", [[], [SFID, SFID]])
    def test_every_email_needs_its_id(self, sfids: list[str]) -> None:
        value = {**ONE, "user_sfids": sfids}
        assert list(errors_of(AssignBody, value)) == ["non_field_errors"]

    def test_nothing_is_endless(self) -> None:
        addresses = [f"a{number}@b.example" for number in range(MOST_ITEMS + 1)]
        assert len(assign_body(user_emails=addresses[1:]).sfids_by_email) == MOST_ITEMS
        assert list(errors_of(AssignBody, {"user_emails": addresses})) == ["user_emails"]
        long = {**ONE, "greeting": "x" * (LONGEST_TEXT + 1)}
        assert list(errors_of(AssignBody, long)) == ["greeting"]


class TestRevoke:
    def test_both_forms_of_filters_say_the_same(self) -> None:
        assert filters_of(
            {"user_email": " al "},
            {"name": "user_email", "filter_value": "al"},
            {"status_in": ["activated", "assigned"]},
            {"name": "status_in", "filter_value": ["assigned", "activated"]},
            {"user_email": "al", "status_in": ["revoked"]},
        ) == [
            LicenseFilter("al"),
            LicenseFilter("al"),
            LicenseFilter(None, frozenset({LicenseStatus.ACTIVATED, LicenseStatus.ASSIGNED})),
            LicenseFilter(None, frozenset({LicenseStatus.ACTIVATED, LicenseStatus.ASSIGNED})),
            LicenseFilter("al", frozenset({LicenseStatus.REVOKED})),
        ]

    @pytest.mark.parametrize(
        "wrong",
        [
            {},
            None,
            [],
            "al",
            1,
            {"email": "al"},
            {"user_email": "al", "email": "al"},
            {"user_email": ""},
            {"user_email": " "},
            {"user_email": None},
            {"user_email": ["al"]},
            {"status_in": []},
            {"status_in": "assigned"},
            {"status_in": ["assigned", "gone"]},
            {"status_in": [["assigned"]]},
            {"status_in": [{}]},
            {"status_in": None},
            {"name": "user_email"},
            {"filter_value": "al"},
            {"name": "email", "filter_value": "al"},
            {"name": ["user_email"], "filter_value": "al"},
            {"name": "user_email", "filter_value": "al", "user_email": "al"},
            {"name": "status_in", "filter_value": "assigned"},
            {"name": {"name": "user_email"}, "filter_value": {"user_email": "al"}},
        ],
    )
    def test_a_filter_that_is_not_understood_is_refused(self, wrong: Any) -> None:
        errors = errors_of(RevokeBody, {"filters": [{"user_email": "al"}, wrong]})
        assert list(errors) == ["filters"]
        assert list(errors["filters"]) == ["1"]

    @pytest.mark.parametrize(
        ("value", "field"),
        [
            ({}, "non_field_errors"),
            ({**ONE, "filters": [{"user_email": "al"}]}, "non_field_errors"),
            ({"filters": []}, "filters"),
            ({"filters": None}, "filters"),
            ({"filters": {"user_email": "al"}}, "filters"),
            ({"user_emails": []}, "user_emails"),
            ({"user_emails": ["no"]}, "user_emails"),
            ({"user_emails": None}, "user_emails"),
        ],
    )
    def test_exactly_one_way_must_name_the_licenses(
        self, value: dict[str, Any], field: str
    ) -> None:
        assert list(errors_of(RevokeBody, value)) == [field]
