"""Which code this is: its version, its commit where that is known, and a hash of its sources.

The version changes with a release and the commit with a checkout, but a number is made by the sources as they are, and
only their hash tells two of them apart. It is that of every ``.py`` and ``.yaml`` file of the package: a comment
changes it too, whose price is a computation too many; leaving modules out would risk an old number under new code.
"""

from __future__ import annotations

import functools
import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path

import usdrl_model
from usdrl_model.config import HASH_LENGTH
from usdrl_model.errors.shown import NAME, cut

PACKAGE = Path(usdrl_model.__file__).resolve().parent
UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeVersion:
    """What made a file or a number; a part that is not known is empty."""

    version: str = ""
    commit: str = ""
    """With "-dirty" where files were changed since."""
    hash: str = ""
    """16 hex digits, of the sources."""

    def __str__(self) -> str:
        parts = {"version": self.version, "commit": self.commit, "code": self.hash}
        return ", ".join(f"{name} {cut(value, NAME) or UNKNOWN}" for name, value in parts.items())


@functools.cache
def current() -> CodeVersion:
    """The code that runs, as it was when it was first asked for.

    A program reads its sources bit by bit; ask early, so that what is edited meanwhile is not taken for what runs.
    """
    return CodeVersion(version=usdrl_model.__version__, commit=_commit(PACKAGE.parent), hash=sources_hash(PACKAGE))


def sources_hash(package: Path) -> str:
    """16 hex digits of the names and the content of all sources below a folder."""
    digest = hashlib.sha256()
    for path in sorted(path for path in package.rglob("*") if path.suffix in (".py", ".yaml")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(package).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:HASH_LENGTH]


def _commit(root: Path) -> str:
    if not (root / ".git").exists():  # else git would find whatever repository lies around an installation
        return ""
    try:
        shown = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=10", "--exclude=*"],
            cwd=root, capture_output=True, text=True, check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return ""
    return shown.stdout.strip()
