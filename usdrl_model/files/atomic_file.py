"""Files that appear whole or not at all: after ``kill -9`` or on a full disk, a path holds what it held before.

    with replacing("runs/a/training.pt") as file:
        torch.save(state, file)

The content goes into a new file of a fresh name in the same folder, which then takes the place of the old one in one
step. No link is followed, files get the mode that the umask allows, and what a killed writer left is removed by the
next writer of the same path.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What a disk, a quota or a limit that is used up answers."""


@contextlib.contextmanager
def replacing(path: str | Path, keep: str | Path | None = None) -> Iterator[IO[bytes]]:
    """A file, open for writing, that takes the place of ``path`` when the block ends without an error.

    Args:
        path: what to replace; its folder is made where missing. A link there is replaced, not followed.
        keep: name in the same folder that the file before gets. Killed at the wrong moment, only that one is there.

    Raises:
        OSError: it could not be written; ``path`` is as before, and no part of the new file is left.
    """
    path = Path(path)
    check_no_folder(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    partial, file = _fresh(path)
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if keep is not None and path.exists():
                os.replace(path, keep)
            os.replace(partial, path)
        sync_folder(path.parent)
    except BaseException as error:
        partial.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in FULL:
            raise full(path, error) from error
        raise


def check_no_folder(path: Path) -> None:
    """Raise IsADirectoryError where a file is to be written and a folder is."""
    if path.is_dir() and not path.is_symlink():
        raise IsADirectoryError(errno.EISDIR, "a folder, expected the name of a file", str(path))


def write_bytes(path: str | Path, content: bytes) -> None:
    """Replace ``path`` with ``content``; errors as ``replacing``."""
    with replacing(path) as file:
        file.write(content)


def write_text(path: str | Path, text: str) -> None:
    """Replace ``path`` with ``text`` in UTF-8; errors as ``replacing``."""
    write_bytes(path, text.encode())


def full(path: Path, error: OSError) -> OSError:
    """What to tell a user whose disk is full."""
    reason = error.strerror or str(error)
    return OSError(f"{path} could not be written ({reason}): the state before is intact; make room")


def sync_folder(folder: Path) -> None:
    """Make what was renamed in a folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_at(descriptor: int, path: Path) -> bool:
    """Whether an open file is still the one at ``path``: between opening and locking, another may have removed it."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False


def _fresh(path: Path) -> tuple[Path, IO[bytes]]:
    """A new file beside ``path``, locked as long as it is open, so that no other writer sweeps it away."""
    while True:
        partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
        descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        with contextlib.suppress(OSError):  # a file system without locks: leftovers stay there
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if is_at(descriptor, partial):
            return partial, os.fdopen(descriptor, "w+b")
        os.close(descriptor)


def _sweep(path: Path) -> None:
    """Remove what writers of ``path`` left who are no longer there."""
    prefix = f".{path.name}."
    with os.scandir(path.parent) as entries:
        left = [entry.path for entry in entries if entry.name.startswith(prefix) and entry.name.endswith(".partial")]
    for one in left:
        try:
            descriptor = os.open(one, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:  # gone meanwhile, a link, or somebody else's
            continue
        try:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(one)
        except OSError:  # somebody is writing it, or removed it first
            continue
        finally:
            os.close(descriptor)
