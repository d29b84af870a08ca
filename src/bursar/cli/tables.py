"""Tables that commands print."""

from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.table import Table

WIDTH_OF_FILES = 240


def print_table(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Prints the named values of each row, and - for None."""
    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        cells = (row[name] for name in columns)
        table.add_row(*("-" if cell is None else str(cell) for cell in cells))
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console.width = WIDTH_OF_FILES
    console.print(table)
