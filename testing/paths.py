"""Where things are in a checkout."""

from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).parents[1]
REFERENCE: Final = REPOSITORY / "testing" / "data" / "reference"
"""The example documents and the Postman collection of the API reference."""
