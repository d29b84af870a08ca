"""Keys that are declared: what makes them usable, and how they are read.

Their libraries are imported when a key is looked at: most commands and processes see none.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncssh import SSHKey
    from pysequoia import Cert


class UnusableKey(ValueError):
    """A sentence for the operator, which does not quote the key."""


def host_keys(text: str) -> "list[SSHKey]":
    """The server's public keys: one a line, as in a `.pub` file or as `ssh-keyscan` prints them.

    Raises UnusableKey.
    """
    lines = [line.strip() for line in text.splitlines()]
    found = [_host_key(line) for line in lines if line and not line.startswith("#")]
    if not found:
        raise UnusableKey("must be a public key, as `ssh-keyscan -t ed25519 HOST` prints it")
    return found


def _host_key(line: str) -> "SSHKey":
    from asyncssh import KeyImportError, import_public_key  # noqa: PLC0415 - for who sees a key

    # ssh-keyscan and known_hosts put the name of the host in front.
    for candidate in (line, line.partition(" ")[2].strip()):
        try:
            return import_public_key(candidate)
        except (KeyImportError, ValueError):
            continue
    raise UnusableKey("must be a public key, as `ssh-keyscan -t ed25519 HOST` prints it")


def private_key(text: str) -> "SSHKey":
    """Raises UnusableKey."""
    # For who sees a key.
    from asyncssh import KeyEncryptionError, KeyImportError, import_private_key  # noqa: PLC0415

    try:
        return import_private_key(text)
    except KeyEncryptionError:
        raise UnusableKey(_PROTECTED) from None
    except (KeyImportError, ValueError) as error:
        if "passphrase" in str(error).lower():
            raise UnusableKey(_PROTECTED) from None
        raise UnusableKey("must be a private key in OpenSSH's or PEM's form") from None


_PROTECTED = "is protected by a passphrase, which nobody could type in: give one without"


def pgp_key(text: str) -> "Cert":
    """Raises UnusableKey, for instance for a key that cannot encrypt any more."""
    from pysequoia import Cert, encrypt  # noqa: PLC0415 - for who sees a key

    # The library would read a private key too, which must not lie in the database.
    if "PRIVATE KEY BLOCK" in text:
        raise UnusableKey("is a private key: give the public one, and replace this one")
    try:
        cert = Cert.from_bytes(text.encode())
    except RuntimeError:
        raise UnusableKey(
            "must be one OpenPGP public key, as `gpg --armor --export ADDRESS` prints it"
        ) from None
    try:
        encrypt(b"", recipients=[cert])
    except RuntimeError as error:
        raise UnusableKey(f"cannot encrypt: {first_line(error)}") from None
    return cert


def first_line(error: Exception) -> str:
    """What the library says, without the stack behind it."""
    return str(error).partition("\n")[0]
