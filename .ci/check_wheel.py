"""Fails unless a wheel holds every module, data file and share file of the tree: ``check_wheel.py WHEEL``."""

import sys
import zipfile
from pathlib import Path

PACKAGES = ("usdrl_model", "usdrl_ros")
SHARE = ("config", "docs", "examples", "launch")


def files(folder: str) -> set[str]:
    """Every file of a folder of the tree, but what Python compiled."""
    there = (path for path in Path(folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.as_posix() for path in there}


wheel = Path(sys.argv[1])
names = set(zipfile.ZipFile(wheel).namelist())
share = {name.split(".data/data/share/")[1] for name in names if ".data/data/share/" in name}
packaged = {file for package in PACKAGES for file in files(package)}
shared = {"ament_index/resource_index/packages/usdrl_ros", "usdrl_ros/package.xml"} | {
    f"usdrl_ros/{file}" for folder in SHARE for file in files(folder)
}
missing = sorted(packaged - names) + sorted(shared - share)
# A module that the tree no longer has comes from an old build.
left_over = sorted(
    name for name in names if name.startswith(tuple(f"{package}/" for package in PACKAGES)) and not Path(name).is_file()
)
if missing or left_over:
    sys.exit(f"{wheel} lacks {', '.join(missing) or 'nothing'}, and has what the tree has not: {left_over}")
print(f"{wheel}: {len(names)} files, complete")
