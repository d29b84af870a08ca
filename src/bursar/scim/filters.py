"""What a filter says for certain, so that the database need not give all rows to it.

The rows are matched with the whole filter afterwards: this only leaves out rows that cannot match.
"""

from collections.abc import Iterator
from typing import Any

from scim2_models import SearchRequest
from scim2_models.path import CompareOperator, Comparison, LogicalExpr, ValuePath
from scim2_models.path.expressions import FilterNode, LogicalOperator

from bursar.scim.texts import check_texts

Certain = dict[str, str]
"""By attribute in lower case, such as `emails.value`, the text that it must equal."""


def certain_of(request: SearchRequest[Any]) -> Certain:
    """Raises InvalidValueException for a text that can be nobody's."""
    found = {} if request.filter is None else dict(_equalities(request.filter.ast, ""))
    check_texts(found)
    return found


def _equalities(node: FilterNode, prefix: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, LogicalExpr) and node.op is LogicalOperator.and_:
        for term in node.terms:
            yield from _equalities(term, prefix)
    elif isinstance(node, ValuePath):
        yield from _equalities(node.val_filter, f"{node.attr_path.attr}.")
    elif isinstance(node, Comparison) and node.op is CompareOperator.eq:
        path = node.attr_path
        sub = "" if path.sub_attr is None else f".{path.sub_attr}"
        if isinstance(node.value, str):
            yield f"{prefix}{path.attr}{sub}".lower(), node.value
