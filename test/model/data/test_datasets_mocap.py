"""Motion capture: BVH and ASF/AMC with their kinematics, on genuine and hand-made files."""

import tarfile
from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from helpers.paths import public
from helpers.tempo import cadence, labelled, speed

from usdrl_model.data import catalogue
from usdrl_model.data.importers import acclaim, bandai_namco, bvh, cmu_mocap, kinematics, lafan1
from usdrl_model.skeleton.person import canonical
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import JOINT_INDEX, topology


def is_a_person(recording: Recording, frame: int = 0) -> None:
    """Sizes and sides of a human body."""
    joints, confidence = canonical(recording.frames[frame].people[0], topology(recording.topology))
    at = {name: joints[index] for name, index in JOINT_INDEX.items()}
    assert (confidence > 0.0).all()
    for side in ("left", "right"):
        for one, other in (("hip", "knee"), ("knee", "ankle")):
            assert 0.3 < np.linalg.norm(at[f"{one}_{side}"] - at[f"{other}_{side}"]) < 0.55
        assert 0.2 < np.linalg.norm(at[f"shoulder_{side}"] - at[f"elbow_{side}"]) < 0.4
    assert at["head"][1] > at["spine_shoulder"][1] > at["spine_mid"][1] > at["spine_base"][1]
    # Left is on the left: across the hips to the left, up the spine, and forwards to the toes turn the right way round.
    toes = at["foot_left"] + at["foot_right"] - at["ankle_left"] - at["ankle_right"]
    across = at["hip_left"] - at["hip_right"]
    assert np.cross(across, at["spine_shoulder"] - at["spine_base"]) @ toes > 0.0


def test_bandai_namco() -> None:
    clips = list(catalogue.load("bandai_namco", public("bandai_namco")))
    assert (len(clips), sum(len(clip.frames) for clip in clips)) == (1_142, 160_323)
    frames = Counter()
    for clip in clips:
        frames[clip.tags["part"], clip.label] += len(clip.frames)
    assert frames["2", "wave_right_hand"] == 14_654
    assert frames["2", "wave_both_hands"] == 14_623
    assert frames["1", "respond"] == 106
    for clip in clips[::100]:
        is_a_person(clip)
    walks, runs = ([move for clip in clips for move in labelled(clip, label)] for label in ("walk", "run"))
    assert 1.2 <= np.median([cadence(*move) for move in walks]) <= 2.6
    assert 2.0 <= np.median([cadence(*move) for move in runs]) <= 3.0
    assert 0.5 <= np.median([speed(*move) for move in walks]) <= 1.8


def test_cmu_mocap(caplog: pytest.LogCaptureFixture) -> None:
    motions = {motion.name: motion for motion in catalogue.load("cmu_mocap", public("cmu_mocap"))}
    told = {name: motion for name, motion in motions.items() if motion.segments}
    assert {name: len(motion.frames) for name, motion in told.items()} == {
        "13_29": 4592, "13_30": 2465, "13_31": 3017, "14_14": 4653, "14_20": 4644,
    }  # fmt: skip
    assert sum(len(motion.frames) for name, motion in motions.items() if name.startswith("02")) == 12_815
    assert "14_06" in caplog.text
    for motion in motions.values():
        is_a_person(motion, 5)
    assert (motions["02_01"].tags["skeleton"], motions["13_29"].tags["skeleton"]) == ("02", "01")
    first = motions["13_31"].segments
    assert [(segment.label, round(10 * (segment.end - segment.start + 1 / 120))) for segment in first[:3]] == [
        ("twist", 33), ("knee_raise", 49), ("toe_touch_one_hand", 34),
    ]  # fmt: skip
    for one, other in zip(first, first[1:], strict=False):
        assert other.start - one.end == pytest.approx(1 / 120, abs=1e-6)
    jogs = [cadence(*move) for motion in motions.values() for move in labelled(motion, "jog")]
    assert 2.0 <= np.median(jogs) <= 3.0


def test_turns_are_right_handed() -> None:
    quarter = np.array([90.0])
    np.testing.assert_allclose(kinematics.rotation("z", quarter)[0] @ (1, 0, 0), (0, 1, 0), atol=1e-12)
    np.testing.assert_allclose(kinematics.rotation("x", quarter)[0] @ (0, 1, 0), (0, 0, 1), atol=1e-12)
    np.testing.assert_allclose(kinematics.rotation("y", quarter)[0] @ (0, 0, 1), (1, 0, 0), atol=1e-12)
    both = kinematics.product(("z", "x"), np.array([[90.0, 90.0]]))[0]
    np.testing.assert_allclose(both @ (0, 1, 0), (0, 0, 1), atol=1e-12)  # x first, then z


BVH = """HIERARCHY
ROOT Hips
{
  OFFSET 5 5 5
  CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation
  JOINT Spine
  {
    OFFSET 0 10 0
    CHANNELS 3 Zrotation Yrotation Xrotation
    JOINT Head
    {
      OFFSET 0 20 0
      CHANNELS 3 Zrotation Yrotation Xrotation
      End Site
      {
        OFFSET 0 5 0
      }
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.05
0 90 0 0 0 0 0 0 0 0 0 0
1 90 0 0 0 90 90 0 0 0 0 0
"""


def test_bvh_positions_replace_offsets_and_turns_carry_the_children() -> None:
    motion = bvh.read(BVH, "test")
    assert (motion.joints, motion.rate) == (("Hips", "Spine", "Head"), 20.0)
    np.testing.assert_allclose(motion.positions[0], [[0, 90, 0], [0, 100, 0], [0, 120, 0]], atol=1e-9)
    # The hips turn y to z, then the spine turns the head from y to -x within them.
    np.testing.assert_allclose(motion.positions[1], [[1, 90, 0], [1, 90, 10], [-19, 90, 10]], atol=1e-9)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a BVH file"),
        (BVH[:200], "expected a BVH file"),
        (BVH.replace("}\nMOTION", "MOTION"), "malformed hierarchy"),
        (BVH.replace("OFFSET 0 10 0", "OFFSET 0 x 0"), "malformed hierarchy"),
        (BVH.replace("Frames: 2", "Frames: 3"), "expected 3 frames, got 2"),
        (BVH[:-6], r"\(motion\) line 2: expected 12 numbers, got 9"),
        (BVH.replace("0.05", "0"), "frame time above 0"),
        (BVH.replace("0.05", "nan"), "frame time above 0"),
        (BVH.replace("0.05", "33.3"), "got 33.3: it is in seconds"),
        (BVH.replace("Xrotation", "Wrotation", 1), r"x\.bvh line 5: .*unknown channel 'Wrotation'; known: xposition"),
        (BVH.replace("Zposition", "Zscale"), r"x\.bvh line 5: .*unknown channel 'Zscale'"),
        (BVH.replace("Yposition", "Xposition"), r"x\.bvh line 5: .*a channel twice"),
        (BVH.replace("CHANNELS 6", "CHANNELS 900000000"), r"line 6: malformed hierarchy \(unknown channel 'JOINT'"),
    ],
)
def test_malformed_bvh(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bvh.read(text, "x.bvh")


@pytest.mark.parametrize("change", [str.upper, str.lower, lambda text: text.replace("\n", "\r\n")])
def test_words_of_bvh_in_any_case(change: Callable[[str], str]) -> None:
    np.testing.assert_array_equal(bvh.read(change(BVH), "x").positions, bvh.read(BVH, "x").positions)


def test_a_joint_may_be_called_after_the_mark_of_the_motion() -> None:
    assert bvh.read(BVH.replace("Spine", "MOTION_Spine"), "x").joints == ("Hips", "MOTION_Spine", "Head")


def test_two_position_channels_move_along_their_axes_and_leave_the_offset_of_the_third() -> None:
    flat = BVH.replace("CHANNELS 6 Xposition Yposition Zposition", "CHANNELS 5 Xposition Zposition")
    flat = flat[: flat.index("0 90")] + "0 7" + " 0" * 9 + "\n1 7" + " 0" * 9 + "\n"
    motion = bvh.read(flat, "x")
    np.testing.assert_allclose(motion.positions[:, 0], [[0, 5, 7], [1, 5, 7]])


ASF = """:version 1.10
:units
  mass 1.0
  length 0.45
  angle deg
:root
   order TX TY TZ RX RY RZ
   axis XYZ
   position 0 0 0
   orientation 0 0 0
:bonedata
  begin
     id 1
     name arm
     direction 1 0 0
     length 2
     axis 0 90 0 XYZ
     dof rx rz
    limits (-90 90)
           (-90 90)
  end
:hierarchy
  begin
    root arm
  end
"""
AMC = """#!OML:ASF x
:FULLY-SPECIFIED
:DEGREES
1
root 1 2 3 0 0 90
arm 0 90
"""


def radians(text: str) -> str:
    return text.replace(" 90", f" {np.pi / 2}").replace(":DEGREES", ":RADIANS").replace("angle deg", "angle rad")


@pytest.mark.parametrize(
    ("skeleton", "motion"),
    [
        (ASF, AMC),
        (ASF.replace("rx rz", "RX RZ").replace("XYZ", "xyz").replace("angle deg", "angle DEG"), AMC.lower()),
        (radians(ASF), radians(AMC)),
        (ASF, radians(AMC)),
        (radians(ASF), radians(AMC).replace(":RADIANS\n", "")),
    ],
)
def test_acclaim_angles_are_in_the_unit_and_the_case_that_the_files_say(skeleton: str, motion: str) -> None:
    body = acclaim.read_skeleton(skeleton, "x.asf")
    names, positions = acclaim.read_motion(motion, body, "x.amc")
    assert names == ("root", "arm")
    unit = acclaim.INCH / 0.45
    np.testing.assert_allclose(positions[0, 0], np.array([1, 2, 3]) * unit)
    # About its own z, which is the world's x, the arm does not move; the root then turns it from x to y.
    np.testing.assert_allclose(positions[0, 1], np.array([1, 4, 3]) * unit, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("dof rx rz", "dof rx l"), "bone arm: expected dof rx, ry or rz, got 'l'"),
        (("axis 0 90 0 XYZ", "axis 0 90 0 ZYX"), "bone arm: expected an axis in the order XYZ"),
        (("order TX TY TZ RX", "order RX TX TY TZ"), "root: expected order TX TY TZ"),
        (("angle deg", "angle grad"), "expected angles in deg or rad, got 'grad'"),
        (("direction 1 0 0", "direction 1 0"), "bone arm: expected a direction"),
        (("direction 1 0 0", "direction 1 nan 0"), "bone arm: expected a finite direction"),
        (("length 0.45", "length 0"), "units: expected a length above 0, got 0"),
        (("length 0.45", "length nan"), "units: expected a length above 0, got nan"),
        (("length 0.45", "length 1e-310"), "units: expected a length above 0"),
    ],
)
def test_acclaim_skeletons_of_other_conventions_are_refused(change: tuple[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=rf"x\.asf: malformed ASF file .*{message}"):
        acclaim.read_skeleton(ASF.replace(*change), "x.asf")


def lafan(root: str = "0 90 0") -> str:
    """A file with the joints of LAFAN1, all in one line upwards."""
    names = topology(lafan1.TOPOLOGY).joints
    head = "HIERARCHY\n" + "".join(
        f"{'JOINT' if index else 'ROOT'} {name}\n{{\nOFFSET 0 {4 if index else 0} 0\n"
        + f"CHANNELS {'3' if index else '6 Xposition Yposition Zposition'} Zrotation Yrotation Xrotation\n"
        for index, name in enumerate(names)
    )
    end = "End Site\n{\nOFFSET 0 1 0\n}\n" + "}\n" * len(names)
    return f"{head}{end}MOTION\nFrames: 1\nFrame Time: 0.033333\n{root} {' '.join(['0'] * 3 * len(names))}\n"


def test_lafan1(tmp_path: Path) -> None:
    (tmp_path / "fightAndSports1_subject4.bvh").write_text(lafan())
    (take,) = lafan1.load(tmp_path)
    assert (take.label, take.subject, take.tags["take"]) == ("fight_and_sports", "subject4", "1")
    np.testing.assert_allclose(take.frames[0].people[0].joints[[0, 1, 21], 1], [0.9, 0.94, 0.9 + 21 * 0.04])


@pytest.mark.parametrize(("name", "label"), [("FIGHT1_SUBJECT4.BVH", "fight"), ("fight1_Subject4.Bvh", "fight")])
def test_names_of_takes_in_upper_case(tmp_path: Path, name: str, label: str) -> None:
    (tmp_path / name).write_text(lafan())
    (take,) = lafan1.load(tmp_path)
    assert (take.label, take.subject) == (label, "subject4")
    (tmp_path / "DATASET-1_BYE_ACTIVE_001.BVH").write_text(BVH)
    with pytest.raises(ValueError, match="has no joints"):  # it is known what the take is
        list(bandai_namco.load(tmp_path))


def test_a_bvh_file_of_another_skeleton_names_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "dance1_subject1.bvh").write_text(BVH)
    with pytest.raises(ValueError, match=r"has no joints \['LeftUpLeg'"):
        list(lafan1.load(tmp_path))
    (tmp_path / "dataset-1_swim_active_001.bvh").write_text(BVH)
    with pytest.raises(ValueError, match="unknown content 'swim'"):
        list(bandai_namco.load(tmp_path))


def cmu_files(folder: Path) -> dict[str, str]:
    """Text of one skeleton, one motion and its labels."""
    files = {}
    with tarfile.open(public("cmu_mocap") / "cmu_mocap.tar.xz") as archive:
        for member in archive:
            if member.name.endswith(("/03.asf", "03_01.amc")):
                files[Path(member.name).name] = archive.extractfile(member).read().decode("ascii")
    for name, text in files.items():
        (folder / name).write_text(text)
    return files


def test_no_cmu_segment_begins_after_the_motion(tmp_path: Path) -> None:
    frames = sum(line.strip().isdigit() for line in cmu_files(tmp_path)["03_01.amc"].splitlines())
    (tmp_path / "truelabels").mkdir()
    (tmp_path / "truelabels" / "03_01.txt").write_text("1 " * (frames // 12) + "2 " * 8)
    (motion,) = cmu_mocap.load(tmp_path)
    assert len(motion.frames) == frames and motion.segments[0].label == "jumping_jack"
    assert all(one.start < one.end <= motion.frames[-1].stamp + 1e-9 for one in motion.segments)


def test_damaged_cmu_files(tmp_path: Path) -> None:
    files = cmu_files(tmp_path)
    amc, asf = tmp_path / "03_01.amc", tmp_path / "03.asf"
    assert len(list(islice(cmu_mocap.load(tmp_path), 1))) == 1

    def refused(file: Path, text: str, message: str) -> None:
        file.write_text(text)
        with pytest.raises(ValueError, match=message):
            list(cmu_mocap.load(tmp_path))
        file.write_text(files[file.name])

    motion = files["03_01.amc"]
    refused(amc, motion[: len(motion) // 2], r"03_01\.amc")
    refused(amc, "", "expected 30 lines a frame, got 0")
    refused(amc, motion.replace("rtibia", "rshin"), "expected values of")
    refused(amc, motion.replace("\nltibia ", "\nltibia x", 1), "ltibia")
    skeleton = files["03.asf"]
    refused(asf, "", "malformed ASF")
    refused(asf, skeleton.replace("length 0.45", "length"), "malformed ASF")
    refused(asf, skeleton.replace("name lfemur", "name thigh"), "malformed ASF file .KeyError 'lfemur'")
    (tmp_path / "truelabels").mkdir()
    labels = tmp_path / "truelabels" / "03_01.txt"
    files[labels.name] = "1 1"
    refused(labels, "1 2 13", "expected labels 1 to 12")
    refused(labels, "1 " * 900, "900 labels at 10.0 Hz do not fit")
    asf.unlink()
    labels.unlink()
    with pytest.raises(FileNotFoundError, match=r"mocap\.cs\.cmu\.edu"):
        list(cmu_mocap.load(tmp_path))
