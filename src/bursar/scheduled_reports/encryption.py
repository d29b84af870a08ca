"""Encrypts a file for the owner of an OpenPGP key, in constant memory."""

from pathlib import Path

from bursar.scheduled_reports.keys import UnusableKey, first_line, pgp_key
from bursar.scheduled_reports.spooling import NotSpooled


def encrypted(file: Path, public_key: str) -> Path:
    """A new file beside it, in the binary form, and removes the plain one.

    Raises NotSpooled, also when the key has expired since it was declared.
    """
    # For who has a key.
    from pysequoia import encrypt_file  # noqa: PLC0415

    target = file.with_name(f"{file.name}.pgp")
    try:
        encrypt_file(file, target, recipients=[pgp_key(public_key)], armor=False)
    except UnusableKey as error:
        raise NotSpooled(f"pgp_public_key {error}") from error
    except (RuntimeError, OSError) as error:
        raise NotSpooled(f"it could not be encrypted: {first_line(error)}") from error
    file.unlink()
    return target
