"""MSR Action3D: ten people, twenty gaming gestures, one action a clip.

The confidence column is not used: it is 0 for the neck, the spine, the hip centre and the feet in nine frames of ten,
although their positions are right. 557 of the 567 clips are in the list of the paper that introduced the protocol;
the other ten are damaged and carry the tag ``listed: no``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from usdrl_model.data.importers.arrays import alone
from usdrl_model.data.importers.files import DatasetInfo, members, warn_unmatched
from usdrl_model.files.text_table import table
from usdrl_model.skeleton.recording import Recording
from usdrl_model.terms import Terms

INFO = DatasetInfo(
    title="MSR Action3D",
    files="MSRAction3DSkeletonReal3D.zip (or aAA_sSS_eEE_skeleton3D.txt) and files_used_in_cvpr12_paper.txt",
    where="the authors' page (sites.google.com/view/wanqingli/data-sets/msr-action3d)",
    terms=Terms("research", "research use, cite W. Li, Z. Zhang, Z. Liu, CVPRW 2010"),
)
TOPOLOGY = "msr_action3d_20"
RATE = 15.0
LABELS = (
    "high_arm_wave", "horizontal_arm_wave", "hammer", "hand_catch", "forward_punch", "high_throw", "draw_x",
    "draw_tick", "draw_circle", "hand_clap", "two_hand_wave", "side_boxing", "bend", "forward_kick", "side_kick",
    "jogging", "tennis_swing", "tennis_serve", "golf_swing", "pick_up_and_throw",
)  # fmt: skip
LIST = "files_used_in_cvpr12_paper.txt"
_LISTED = re.compile(r"(?<![a-z0-9])a\d\d_s\d\d_e\d\d(?!\d)")
"""A name in the list, whatever ends it and stands between two: some copies name the whole file, or have commas."""


def load(folder: str | Path) -> Iterator[Recording]:
    """Read every clip (``a01_s01_e01`` ...); frames without a skeleton have no person.

    Raises:
        FileNotFoundError: the folder lacks the clips or the list of good ones.
        ValueError: a malformed file, or a list without names; the message names file and line.
    """
    folder = Path(folder)
    lists = list(members(folder, rf"{re.escape(LIST)}$", INFO, either=True))
    listed = {name for file in lists for name in _LISTED.findall(file.text().lower())}
    if not listed:
        raise ValueError(
            f"{lists[0].where}: expected names of clips (a01_s01_e01 ...), got none: no clip is in a split"
        )
    unused = set(listed)
    for member in members(folder, r"a(\d\d)_s(\d\d)_e(\d\d)_skeleton3D\.txt$", INFO):
        action, subject, take = member.match.groups()
        name = f"a{action}_s{subject}_e{take}"
        if not 1 <= int(action) <= len(LABELS):
            raise ValueError(f"{member.where}: expected action 1 to {len(LABELS)}, got {action}")
        unused.discard(name)
        rows = table(member.text(), 4, member.where)
        if len(rows) % 20:
            raise ValueError(f"{member.where}: expected 20 rows a frame, got {len(rows)} rows")
        joints = rows[:, :3].reshape(-1, 20, 3)
        yield Recording(
            name=name,
            topology=TOPOLOGY,
            frames=alone(joints, RATE),
            labels=LABELS,
            subject=subject,
            label=LABELS[int(action) - 1],
            tags={"take": take, "listed": "yes" if name in listed else "no"},
        )
    warn_unmatched(unused, folder, LIST)
