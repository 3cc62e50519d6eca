"""The package's files of configuration: in the source tree, or in the ``share`` that it was installed with."""

from __future__ import annotations

from pathlib import Path


def config_folder(kind: str) -> Path:
    """The folder ``config/KIND``, such as benchmarks, suites, labels.

    Raises:
        FileNotFoundError: the installation lacks it.
    """
    here = Path(__file__).resolve()
    places = [
        here.parents[2] / "config" / kind,
        *(parent / "share" / "usdrl_ros" / "config" / kind for parent in here.parents),
    ]
    for place in places:
        if place.is_dir():
            return place
    raise FileNotFoundError(f"{here}: no config/{kind} in the source tree or in share/usdrl_ros: install it again")
