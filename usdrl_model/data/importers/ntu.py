"""NTU RGB+D 60 and 120: 40 and 106 people, one action a clip, up to three Kinect v2 at a time.

Raw ``.skeleton`` files. Bodies keep the id of the sensor and their order in the file; recordings in the authors'
list of missing skeletons are left out. ``ntu_official`` makes the input of the published checkpoints.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from usdrl_model.data.importers import ntu_text
from usdrl_model.data.importers.arrays import regular
from usdrl_model.data.importers.files import DatasetInfo, Member, members
from usdrl_model.data.importers.ntu_missing import missing_skeletons
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.terms import Terms

INFO = DatasetInfo(
    title="NTU RGB+D",
    files="nturgbd_skeletons_s001_to_s017.zip, nturgbd_skeletons_s018_to_s032.zip, or SsssCcccPpppRrrrAaaa.skeleton",
    where="ROSE Lab, Nanyang Technological University (rose1.ntu.edu.sg/dataset/actionRecognition), on request",
    terms=Terms(
        "research",
        "academic research only, no redistribution; cite A. Shahroudy and others, CVPR 2016, and J. Liu and others, "
        "TPAMI 2019",
    ),
)
TOPOLOGY = "kinect_v2_25"
RATE = 30.0
COLUMNS = 12
"""x y z, two image positions, a rotation, tracking state."""
_LABELS = """
drink eat brush_teeth brush_hair drop pick_up throw sit_down stand_up clap read write tear_paper put_on_jacket
take_off_jacket put_on_shoe take_off_shoe put_on_glasses take_off_glasses put_on_hat take_off_hat cheer_up wave
kick_something reach_into_pocket hop jump_up phone_call play_with_phone type point_to_something selfie check_time
rub_hands nod shake_head wipe_face salute put_palms_together cross_hands cough stagger fall touch_head touch_chest
touch_back touch_neck vomit use_fan punch kick push pat_on_back point_finger hug give touch_pocket handshake
walk_towards walk_apart put_on_headphone take_off_headphone shoot_at_basket bounce_ball tennis_swing
juggle_table_tennis hush flick_hair thumb_up thumb_down ok_sign victory_sign staple_book count_money cut_nails
cut_paper snap_fingers open_bottle sniff squat toss_coin fold_paper ball_up_paper magic_cube cream_on_face
cream_on_hand put_on_bag take_off_bag put_into_bag take_out_of_bag open_box move_heavy_objects shake_fist
throw_up_cap hands_up cross_arms arm_circles arm_swings run_on_spot butt_kicks cross_toe_touch side_kick yawn
stretch blow_nose hit_with_object wield_knife knock_over grab_stuff shoot_with_gun step_on_foot high_five
cheers_and_drink carry_together take_photo follow whisper exchange_things support rock_paper_scissors
"""
LABELS = tuple(_LABELS.split())
_SURE = np.array([0.0, 0.5, 1.0])
"""Confidence of the sensor's tracking states: not tracked, inferred, tracked."""


def load(folder: str | Path, *, actions: int = 120) -> Iterator[Recording]:
    """Read every clip of the first ``actions`` classes (60 or 120); its name is that of the file.

    Raises:
        FileNotFoundError: the folder holds no ``.skeleton`` files.
        ValueError: a malformed file; the message names file and line.
    """
    missing, left_out = missing_skeletons(), 0
    for member in members(Path(folder), r"(?P<name>S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3}))\.skeleton$", INFO):
        action = int(member.match[6])
        if not 1 <= action <= len(LABELS):
            raise ValueError(f"{member.where}: expected action 1 to {len(LABELS)}, got {action}")
        if member.match["name"].upper() in missing:
            left_out += 1
        elif action <= actions:
            yield _recording(member, LABELS[:actions])
    if left_out:
        logging.getLogger(__name__).warning(
            "%d recordings of the authors' list of missing skeletons left out", left_out
        )


def _recording(member: Member, labels: tuple[str, ...]) -> Recording:
    name, setup, camera, performer, replication, action = member.match.groups()
    bodies = ntu_text.read(member.text(), 25, COLUMNS, member.where)
    stamps = regular(len(bodies), RATE).tolist()
    return Recording(
        name=name.upper(),
        topology=TOPOLOGY,
        frames=tuple(
            SkeletonFrame(stamp, tuple(_person(body, member.where) for body in seen))
            for stamp, seen in zip(stamps, bodies, strict=True)
        ),
        labels=labels,
        subject=performer,
        label=labels[int(action) - 1],
        tags={"setup": setup, "camera": str(int(camera)), "replication": replication},
    )


def _person(body: ntu_text.Body, where: str) -> Person:
    states = body.joints[:, 11]
    if not np.isin(states, (0, 1, 2)).all():
        raise ValueError(f"{where}: expected tracking states 0, 1 or 2 in the last column, got {states}")
    return Person(body.id, body.joints[:, :3], _SURE[states.astype(int)])
