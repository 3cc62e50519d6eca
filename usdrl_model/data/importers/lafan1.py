"""Ubisoft LAFAN1: five people, long takes of locomotion and sports, motion capture, BVH.

The theme of a take is its label.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from usdrl_model.data.importers import bvh
from usdrl_model.data.importers.arrays import alone
from usdrl_model.data.importers.files import DatasetInfo, members
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import topology
from usdrl_model.terms import Terms

INFO = DatasetInfo(
    title="LAFAN1",
    files="lafan1.zip (or <theme><take>_subject<n>.bvh)",
    where="its repository (github.com/ubisoft/ubisoft-laforge-animation-dataset)",
    terms=Terms("non_commercial", "CC BY-NC-ND 4.0; cite F. Harvey and others, SIGGRAPH 2020"),
)
TOPOLOGY = "lafan1_22"


def load(folder: str | Path) -> Iterator[Recording]:
    """Read every take; its name is that of the file.

    Raises:
        FileNotFoundError: the folder holds no takes.
        ValueError: a malformed file.
    """
    for member in members(Path(folder), r"(?P<name>([A-Za-z]+)(\d+)_(subject\d+))\.bvh$", INFO):
        name, theme, take, subject = member.match.groups()
        motion = bvh.read(member.text(), member.where)
        joints = motion.of(topology(TOPOLOGY).joints, member.where) * bvh.CENTIMETRE
        theme = theme.lower() if theme.isupper() else theme
        label = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in theme).lstrip("_")
        yield Recording(
            name=name,
            topology=TOPOLOGY,
            frames=alone(joints, motion.rate),
            labels=(label,),
            subject=subject.lower(),
            label=label,
            tags={"take": take},
        )
