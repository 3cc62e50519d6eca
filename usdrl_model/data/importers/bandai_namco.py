"""Bandai-Namco Research Motiondataset 1 and 2: acted everyday motions in many styles, motion capture, BVH.

The clip label is the content; the style is a tag.
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
    title="the Bandai-Namco Research Motiondataset",
    files="dataset-N_<content>_<style>_<take>.bvh (in a folder or archive)",
    where="its repository (github.com/BandaiNamcoResearchInc/Bandai-Namco-Research-Motiondataset)",
    terms=Terms("non_commercial", "CC BY-NC 4.0; cite M. Kobayashi and others, arXiv 2306.08861"),
)
TOPOLOGY = "bandai_namco_21"
LABELS = (
    "walk", "run", "dash", "walk_back", "walk_left", "walk_right", "bow", "bye", "guide", "byebye", "respond", "call",
    "punch", "kick", "slash", "dance_long", "dance_short", "walk_turn_left", "walk_turn_right", "wave_both_hands",
    "wave_left_hand", "wave_right_hand", "raise_up_both_hands", "raise_up_left_hand", "raise_up_right_hand",
)  # fmt: skip


def load(folder: str | Path) -> Iterator[Recording]:
    """Read every take; its name is that of the file.

    Raises:
        FileNotFoundError: the folder holds no takes.
        ValueError: a malformed file.
    """
    for member in members(Path(folder), r"(?P<name>dataset-([12])_([\w-]+)_([a-z-]+)_(\d+))\.bvh$", INFO):
        name, part, content, style, take = (word.lower() for word in member.match.groups())
        label = content.replace("-", "_")
        if label not in LABELS:
            raise ValueError(f"{member.where}: unknown content {content!r}; known: {', '.join(LABELS)}")
        motion = bvh.read(member.text(), member.where)
        joints = motion.of(topology(TOPOLOGY).joints, member.where) * bvh.CENTIMETRE
        yield Recording(
            name=name,
            topology=TOPOLOGY,
            frames=alone(joints, motion.rate),
            labels=LABELS,
            label=label,
            tags={"part": part, "style": style, "take": take},
        )
