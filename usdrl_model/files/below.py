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
    to nothing are warned about.

    Raises:
        OSError: a folder that cannot be read.
    """
    found: list[Path] = []
    read: set[tuple[int, int]] = set()
    folders, links = deque([folder]), deque[Path]()
    while folders or links:
        here = (folders or links).popleft()
        status = here.stat()
        if (status.st_dev, status.st_ino) in read:
            continue
        read.add((status.st_dev, status.st_ino))
        with os.scandir(here) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                path = here / entry.name
                if entry.is_symlink() and not _leads_somewhere(path):
                    logging.getLogger(__name__).warning("%s: a link to nothing", cut(path, LINE))
                elif entry.is_dir():
                    (links if entry.is_symlink() else folders).append(path)
                elif entry.is_file():
                    found.append(path)
    return sorted(found)


def _leads_somewhere(link: Path) -> bool:
    try:
        link.stat()
    except PermissionError:
        raise
    except OSError:  # missing, or a ring of links
        return False
    return True
