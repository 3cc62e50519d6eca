"""Adapters of other packages: a distribution on sys.path that registers one."""

import sys
from contextlib import contextmanager
from pathlib import Path


def write(folder: Path, name: str, code: str, module: str = "") -> str:
    """Write a module with an ``ADAPTER`` and the metadata of its distribution; its name."""
    module = module or f"{name}_adapter"
    (folder / f"{module}.py").write_text(code)
    info = folder / f"{module}-2.1.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 2.1\n")
    (info / "entry_points.txt").write_text(f"[usdrl_ros.inputs]\n{name} = {module}:ADAPTER\n")
    return module


@contextmanager
def register(folder: Path, monkeypatch, name: str, code: str):
    """An adapter that this process finds."""
    monkeypatch.syspath_prepend(str(folder))
    module = write(folder, name, code)
    try:
        yield
    finally:
        sys.modules.pop(module, None)
