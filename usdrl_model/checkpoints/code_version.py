"""The version of the running code: release, commit where it is known, and a hash of the sources.

Results are cached under the hash, because it also changes with edits that are not committed. It covers every ``.py``
and ``.yaml`` file of the package, comments too: a needless recomputation is cheaper than an old number of other code.
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
    """The code that made a file or a result; unknown parts are empty."""

    version: str = ""
    commit: str = ""
    """Ends in "-dirty" where files differ from the commit."""
    hash: str = ""
    """16 hex digits of the sources."""

    def __str__(self) -> str:
        parts = {"version": self.version, "commit": self.commit, "code": self.hash}
        return ", ".join(f"{name} {cut(value, NAME) or UNKNOWN}" for name, value in parts.items())


@functools.cache
def current() -> CodeVersion:
    """The running code, as it was at the first call.

    Call it early: sources that are edited later are not what runs.
    """
    return CodeVersion(version=usdrl_model.__version__, commit=_commit(PACKAGE.parent), hash=sources_hash(PACKAGE))


def sources_hash(package: Path) -> str:
    """16 hex digits of the names and contents of all sources below a folder."""
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
