"""One process at a time works in a folder; another one is told who does.

    with held(Path("runs/a")):
        ...

The lock is the kernel's, on a file of the folder, so it is gone with its process, however that ended.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import logging
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from usdrl_model.files.atomic_file import is_at

LOCK = "lock"
_SHOWN = 100
"""Characters of a lock file that are shown."""
_LOOK = 0.02
"""Seconds between two looks at a folder that another process works in."""


@contextlib.contextmanager
def held(folder: Path, patience: float = 0.0, name: str = LOCK) -> Iterator[None]:
    """Nobody else works in ``folder``, which is made where missing, until the block ends.

    Args:
        folder: to work in.
        patience: seconds to wait for another process that works there.
        name: of the lock file, which nothing else in the folder has.

    Raises:
        BlockingIOError: another process still does; the message says which.
        OSError: the lock file cannot be made, or is a link.
    """
    path = folder / name
    descriptor = _taken(folder, path, time.monotonic() + patience)
    try:
        now = datetime.datetime.now().astimezone().isoformat(" ", "seconds")
        os.ftruncate(descriptor, 0)
        with contextlib.suppress(OSError):  # who it is can be left out on a full disk; the lock cannot
            os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()} since {now}".encode())
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _taken(folder: Path, path: Path, end: float) -> int:
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        except FileNotFoundError:  # the folder was removed by the one who held it
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, _SHOWN, 0).decode(errors="replace")
            os.close(descriptor)
            if time.monotonic() < end:
                time.sleep(_LOOK)
                continue
            who = "".join(letter if letter.isprintable() else "?" for letter in holder) or "another process"
            raise BlockingIOError(f"{folder} is in use by {who}: wait, stop it, or choose another folder") from None
        except OSError as error:
            logging.getLogger(__name__).warning(
                "%s: no locks on this file system (%s): see to it that nothing else works here", folder, error
            )
            return descriptor
        if is_at(descriptor, path):
            return descriptor
        os.close(descriptor)
