"""What users and groups refuse alike."""

from scim2_models import Meta, NotFoundException, PreconditionFailedException


def not_found(text: str) -> NotFoundException:
    """`text` is the id that was asked for."""
    return NotFoundException(detail=f"Resource {text} not found")


def refuse_other_version(stored: Meta | None, expected: str | None) -> None:
    """Raises PreconditionFailedException."""
    if expected is not None and (stored is None or stored.version != expected):
        raise PreconditionFailedException
