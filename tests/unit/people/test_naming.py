from bursar.emails import is_tombstone
from bursar.people.naming import Names, all_emptied, new_tombstone

NAMES = Names(("ana@x.org", "a.b+c@x.org"), (7,))
BY = {"ana@x.org": "gone@y.org", "a.b+c@x.org": "also@y.org"}


def test_an_address_is_found_on_its_own_only() -> None:
    assert NAMES.are_in("Ana@X.org")
    assert NAMES.are_in({"told": ["mail to <ana@x.org>, please"]})
    assert NAMES.are_in({"ana@x.org": 1})
    for longer in ("diana@x.org", "ana@x.org.uk", "ana@x.organic", "x-ana@x.org", "a+ana@x.org"):
        assert not NAMES.are_in(longer), longer
    assert NAMES.are_in("It is ana@x.org.")
    assert not NAMES.are_in(None)


def test_every_spelling_is_replaced() -> None:
    told = "ANA@x.org or a.b+c@x.org, not diana@x.org"
    assert NAMES.replaced(told, BY) == "gone@y.org or also@y.org, not diana@x.org"


def test_what_else_an_object_says_of_the_person_goes_too() -> None:
    value = {
        "email": "ana@x.org",
        "username": "ana",
        "price": 100,
        "inner": [{"lms_user_id": 7, "title": "Chess"}, {"lms_user_id": 8, "country": "US"}],
    }
    assert NAMES.erased(value, BY) == {
        "email": "gone@y.org",
        "username": None,
        "price": 100,
        "inner": [{"lms_user_id": None, "title": "Chess"}, {"lms_user_id": 8, "country": "US"}],
    }


def test_changes_keep_which_fields_changed() -> None:
    changes = {"lms_user_id": [None, 7], "state": ["allocated", "accepted"]}
    assert NAMES.describe(changes)
    assert all_emptied(changes) == {
        "lms_user_id": [None, None],
        "state": ["allocated", "accepted"],
    }


def test_others_are_not_in_what_is_ones_own() -> None:
    value = {"emails": ["ana@x.org", "bob@x.org"], "told": "ana@x.org and bob@x.org"}
    assert NAMES.own(value) == {"emails": ["ana@x.org"], "told": "ana@x.org and (another person)"}


def test_tombstones_are_unique_and_recognised() -> None:
    assert new_tombstone() != new_tombstone()
    assert is_tombstone(new_tombstone())
    assert not is_tombstone("ana@x.org")
