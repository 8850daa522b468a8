"""Files that people name: reading ends whatever stands there, and writing is whole or nothing."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

LARGEST: Final = 2**24
"""How large a file may be, in bytes; the largest of ours have a tenth of that."""


def read_file(path: Path) -> bytes:
    """The content of a file of no more than :data:`LARGEST` bytes.

    Raises:
        OSError: when it cannot be read, or is larger.
    """
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    return content


def write_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, so that it lasts.

    Raises:
        OSError: when it cannot be written.
    """
    new = path.with_name(f"{path.name}.new")
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
