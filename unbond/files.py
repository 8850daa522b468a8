"""Files that people name: reading ends whatever stands there, and writing is whole or nothing."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
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
        OSError: when it cannot be written; what was there stays.
    """
    write_files({path: content})


def write_files(files: Mapping[Path, bytes]) -> None:
    """Write files whole, so that they last: all of them or, where one cannot be written, none.

    Each is written beside its place before the first is put there.

    Raises:
        OSError: when one cannot be written, with its name; what was there stays.
    """
    drafts: dict[Path, Path] = {}
    path = None
    try:
        for path, content in files.items():
            # Nothing can be put in its place, which would be noticed too late.
            if path.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            new = path.with_name(f"{path.name}.new")
            with new.open("wb") as file:
                drafts[path] = new
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for path in files:
            drafts[path].replace(path)
            del drafts[path]
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        for new in drafts.values():
            new.unlink(missing_ok=True)
    for folder in {path.parent for path in files}:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def made(folder: Path) -> Iterator[None]:
    """A folder is there while something is written; if that fails, what was not there is not.

    Raises:
        OSError: when it cannot be made.
    """
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for one in missing:
            with suppress(OSError):
                one.rmdir()
        raise
