"""Of every table it is decided whether its rows travel, and how they are recognised elsewhere."""

from sqlalchemy import UniqueConstraint

from bursar.moving.tables import (
    CONTENT,
    OF_THE_INSTALLATION,
    RECOGNISED,
    SHARED,
    STAYS,
    classified,
    table,
    tables_of_enterprises,
)
from bursar.schema import metadata


def test_of_every_table_it_is_decided_whether_it_travels() -> None:
    undecided = metadata.tables.keys() - classified()
    assert not undecided, (
        f"{sorted(undecided)}: give the table a column enterprise_uuid, or name it in "
        "bursar.moving.tables, where it stays with a reason"
    )
    assert classified() <= metadata.tables.keys()


def test_a_table_is_dumped_once() -> None:
    parts = [*STAYS, *SHARED, *OF_THE_INSTALLATION, *tables_of_enterprises()]
    assert len(parts) == len(set(parts))


def test_every_table_that_stays_says_why() -> None:
    assert all(reason.strip() for reason in STAYS.values())


def test_rows_with_generated_ids_are_recognised_by_something_else() -> None:
    """An id is taken by another row elsewhere, and then the row must be known all the same."""
    for name in {*tables_of_enterprises(), *CONTENT}:
        found = table(name)
        column = found.autoincrement_column
        if column is not None and name != "content_state":
            assert name in RECOGNISED, f"{name}.{column.name} is generated"


def test_what_recognises_a_row_is_unique() -> None:
    for name, recognised in RECOGNISED.items():
        found = table(name)
        assert set(recognised.look) <= set(found.c.keys())
        if recognised.same is None:
            continue
        unique = [{str(column.name) for column in index.columns} for index in found.indexes]
        unique += [
            {str(column.name) for column in constraint.columns}
            for constraint in found.constraints
            if isinstance(constraint, UniqueConstraint)
        ]
        # An event is published once, with a uuid of its own.
        assert name in {"events", "assignment_actions"} or any(
            set(recognised.same) | {"enterprise_uuid"} == columns | {"enterprise_uuid"}
            for columns in unique
        ), name


def test_no_table_refers_to_one_that_does_not_travel() -> None:
    for name in {*tables_of_enterprises(), *SHARED}:
        for key in table(name).foreign_keys:
            assert key.column.table.name not in STAYS, f"{name}.{key.parent.name}"
