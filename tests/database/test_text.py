import pytest
from sqlalchemy import literal, select

from bursar.database.engine import Database
from bursar.database.text import contains_in_any_case


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("Introduction", "DUCT"),
        ("Économie", "éCO"),
        ("ÉCOLE D'ÉTÉ", "d'été"),
        ("Straße", "STRASSE"),
        ("История", "ИСТ"),
        ("100% é", "0% É"),
        ("100% é", "1%É"),
        ("under_score", "R_S"),
        ("underscore", "r_c"),
        ("a\\b/c é", "\\B/C É"),
        ("nothing", "else"),
    ],
)
def test_case_does_not_matter_and_nothing_is_a_wildcard(
    database: Database, text: str, part: str
) -> None:
    with database.read() as connection:
        found = connection.scalar(select(contains_in_any_case(literal(text), part)))
    assert bool(found) == (part.lower() in text.lower())
