"""The package's files besides its modules: in the source tree, or in the ``share`` that it was installed with."""

from __future__ import annotations

from pathlib import Path


def config_folder(kind: str) -> Path:
    """The folder ``config/KIND``, such as benchmarks, suites, labels.

    Raises:
        FileNotFoundError: the installation lacks it.
    """
    return shared(f"config/{kind}")


def shared(path: str) -> Path:
    """A file or folder by its path in the source tree; FileNotFoundError where the installation lacks it."""
    here = Path(__file__).resolve()
    for root in (here.parents[2], *(parent / "share" / "usdrl_ros" for parent in here.parents)):
        if (root / path).exists():
            return root / path
    raise FileNotFoundError(f"{here}: no {path} in the source tree or in share/usdrl_ros: install it again")
