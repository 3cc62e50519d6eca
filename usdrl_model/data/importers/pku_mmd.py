"""PKU-MMD, phases I and II: long recordings of 51 actions, frame labels, two bodies, three Kinect v2 (L, M, R).

Labels belong to the scene; they are given to person "1", the first body of the file (``scene_labels``: what the other
one learns). The one corrupt row of the
published labels (0043-L: it ends before it starts) is kept: it matches nothing, and the official numbers include it.
The authors' archives are .7z, which Python cannot open: unpack them.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from usdrl_model.data.importers.arrays import EPOCH, frames, regular
from usdrl_model.data.importers.files import DatasetInfo, members, warn_unmatched
from usdrl_model.files.text_table import table
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment
from usdrl_model.terms import Terms

INFO = DatasetInfo(
    title="PKU-MMD",
    files="the unpacked skeleton files (0002-L.txt or A01N01-L.txt ...), the label files of the same names in a folder "
    "called Label, and Split/cross-subject.txt",
    where="STRUCT group, Peking University (www.icst.pku.edu.cn/struct/Projects/PKUMMD.html), on request",
    terms=Terms("research", "academic use, cite C. Liu and others, arXiv 1703.07475"),
    together=frozenset({"give", "handshake", "hug", "kick", "pat_on_back", "point_finger", "punch", "push"}),
)
TOPOLOGY = "kinect_v2_25"
RATE = 30.0
COLUMNS = 2 * 25 * 3
ACTOR = "1"
_LABELS = """
bow brush_hair brush_teeth check_time cheer_up clap cross_hands drink drop eat fall give wave handshake hop hug
jump_up kick kick_something phone_call pat_on_back pick_up play_with_phone point_finger point_to_something punch
push put_on_hat put_in_pocket read rub_hands salute sit_down stand_up take_off_hat take_off_glasses take_off_jacket
take_out_of_pocket selfie tear_paper throw touch_back touch_chest touch_head touch_neck type use_fan wear_jacket
wear_glasses wipe_face write
"""
LABELS = tuple(_LABELS.split())
_NAMES = {1: r"\d{4}-[LMR]", 2: r"A\d\dN\d\d-[LMR]"}


def load(folder: str | Path, *, phase: int = 1) -> Iterator[Recording]:
    """Read every recording of a phase (``0002-L`` ..., ``A01N01-L`` ...).

    Raises:
        FileNotFoundError: the folder holds no skeleton files.
        ValueError: a malformed file, or some recordings have labels and this one has none; the message names it.
    """
    truth, parts = labels(folder, phase=phase), _splits(Path(folder))
    if not truth:
        logging.getLogger(__name__).warning("%s: no label files of phase %d: recordings without labels", folder, phase)
    unused = {name for name in parts if re.fullmatch(_NAMES[phase], name)}
    # Label files have the same names; only the folder differs.
    pattern = rf"^(?!.*[Ll]abel).*?(?P<name>{_NAMES[phase]})\.txt$"
    for member in members(Path(folder), pattern, INFO):
        name = member.match["name"].upper()
        unused.discard(name)
        if truth and name not in truth:
            raise ValueError(f"{member.where}: the label files have none of this name")
        rows = table(member.text(), COLUMNS, member.where).reshape(-1, 2, 25, 3)
        tags = {"camera": name[-1]} | ({"cross_subject": parts[name]} if name in parts else {})
        yield Recording(
            name=name,
            topology=TOPOLOGY,
            frames=frames(regular(len(rows), RATE), {ACTOR: rows[:, 0], "2": rows[:, 1]}),
            segments=truth.get(name, ()),
            labels=LABELS,
            subject=name[4:6] if phase == 2 else None,
            tags=tags,
        )
    warn_unmatched(unused, folder, "its split lists")


def labels(folder: str | Path, *, phase: int = 1) -> dict[str, tuple[Segment, ...]]:
    """Recording -> its segments, of all label files below ``folder``; empty where there are none.

    Raises:
        ValueError: a malformed label file; the message names file and line.
    """
    truth = {}
    for member in members(Path(folder), rf"[Ll]abel.*/(?P<name>{_NAMES[phase]})\.txt$", INFO, needed=False):
        rows = table(member.text(), 4, member.where, separator=",")
        if not np.isfinite(rows).all():
            raise ValueError(f"{member.where}: expected numbers, got nan or inf")
        for number, (action, *_) in enumerate(rows, start=1):
            if action not in range(1, len(LABELS) + 1):
                raise ValueError(f"{member.where} row {number}: expected action 1 to {len(LABELS)}, got {action:g}")
        truth[member.match["name"].upper()] = tuple(
            Segment(ACTOR, LABELS[int(action) - 1], EPOCH + start / RATE, EPOCH + end / RATE)
            for action, start, end, _ in rows
        )
    return truth


def _splits(folder: Path) -> dict[str, str]:
    """Recording -> train or test, of the cross-subject lists; empty where there are none.

    Raises:
        ValueError: a list without a heading, or a recording in both parts; the message names it.
    """
    parts: dict[str, str] = {}
    for member in members(folder, r"(?i)cross[-_ ]subject\w*\.txt$", INFO, needed=False):
        part = None
        for word in re.split(r"[,\s]+", member.text()):
            if word.lower().startswith(("train", "valid", "test")):
                part = "train" if word.lower().startswith("train") else "test"
            elif re.fullmatch("|".join(_NAMES.values()), name := word.upper()):
                if part is None:
                    raise ValueError(f"{member.where}: expected 'Training videos:' before {word}")
                if parts.setdefault(name, part) != part:
                    raise ValueError(f"{member.where}: {name} is in both parts")
    return parts
