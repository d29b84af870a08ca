"""Replaces words in what DBOS keeps about jobs: arguments, results and errors."""

import json
from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import Text, bindparam, cast, column, or_, select, table, update
from sqlalchemy.orm import Session

from bursar.database.text import contains_in_any_case
from bursar.jobs.names import SCHEMA

_COLUMNS: Final = {
    "workflow_input": (("workflow_uuid",), ("inputs",)),
    "workflow_output": (("workflow_uuid",), ("output", "error")),
    "workflow_status": (("workflow_uuid",), ("inputs", "output", "error")),
    "operation_outputs": (("workflow_uuid", "function_id"), ("output", "error")),
}


def rewrite_jobs(session: Session, words: Sequence[str], rewrite: Callable[[str], str]) -> None:
    """Rewrites every text that contains one of the words, in any case."""
    is_sqlite = session.connection().dialect.name == "sqlite"
    for name, (keys, texts) in _COLUMNS.items():
        rows = table(
            name,
            *map(column, (*keys, *texts)),
            schema=None if is_sqlite else SCHEMA,
        )
        found = or_(
            *(
                contains_in_any_case(cast(rows.c[text], Text), word)
                for text in texts
                for word in spellings(words)
            )
        )
        change = (
            update(rows)
            .where(*(rows.c[key] == bindparam(f"key_{key}") for key in keys))
            .values({text: bindparam(f"new_{text}") for text in texts})
        )
        values = [
            {f"key_{key}": row[key] for key in keys}
            | {f"new_{text}": row[text] and _rewritten(row[text], rewrite) for text in texts}
            for row in session.execute(select(rows).where(found)).mappings()
        ]
        if values:
            session.connection().execute(change, values)


def spellings(words: Sequence[str]) -> list[str]:
    """The words as they are, and as JSON writes them in ASCII."""
    return list(dict.fromkeys(each for word in words for each in (word, json.dumps(word)[1:-1])))


def _rewritten(text: str, rewrite: Callable[[str], str]) -> str:
    rewritten = rewrite(text)
    if rewritten != text or text.isascii() is False:
        return rewritten
    try:
        plain = json.dumps(json.loads(text), ensure_ascii=False)
    except ValueError:
        return text
    return json.dumps(json.loads(rewrite(plain)))
