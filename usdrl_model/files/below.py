"""All files below a folder, wherever its links lead; what cannot be reached is said."""

from __future__ import annotations

import logging
import os
from collections import deque
from pathlib import Path

from usdrl_model.errors.shown import LINE, cut


def files_below(folder: Path) -> list[Path]:
    """Every file, sorted by its path.

    Each folder is read once, also where links form a ring, and by its own name rather than by that of a link. Links
    to nothing and folders without the permission to read them are left out with a warning.

    Raises:
        OSError: ``folder`` itself may not be read, or the disk has a fault.
    """
    found: list[Path] = []
    read: set[tuple[int, int]] = set()
    folders, links = deque([folder]), deque[Path]()
    while folders or links:
        here = (folders or links).popleft()
        try:
            status = here.stat()
            if (status.st_dev, status.st_ino) in read:
                continue
            read.add((status.st_dev, status.st_ino))
            with os.scandir(here) as scanned:
                entries = sorted(scanned, key=lambda entry: entry.name)
        except PermissionError:
            if here == folder:
                raise
            warn_forbidden(here)
            continue
        for entry in entries:
            path = here / entry.name
            if entry.is_symlink() and not _leads_somewhere(path):
                continue
            if entry.is_dir():
                (links if entry.is_symlink() else folders).append(path)
            elif entry.is_file():
                found.append(path)
    return sorted(found)


def warn_forbidden(path: Path) -> None:
    """Say that a folder is left out: ``lost+found`` of a disk, say, belongs to root."""
    logging.getLogger(__name__).warning("%s: not read, for want of permission", cut(path, LINE))


def _leads_somewhere(link: Path) -> bool:
    try:
        link.stat()
    except PermissionError:
        warn_forbidden(link)
        return False
    except OSError:  # missing, or a ring of links
        logging.getLogger(__name__).warning("%s: a link to nothing", cut(link, LINE))
        return False
    return True
