"""Reading files that people name: whatever stands there, it ends."""

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
