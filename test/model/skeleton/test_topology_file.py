"""A joint set of one's own, from a file, and trackers whose left is the person's right."""

import re
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from helpers.paths import ROOT
from helpers.people import pose

from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import pack, write_set
from usdrl_model.skeleton import topology as topology_module
from usdrl_model.skeleton.person import Person, SkeletonFrame, canonical
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import CANONICAL_JOINTS, located, names, topology

JOINTS = [f"my_{joint}" for joint in reversed(CANONICAL_JOINTS)]
ENTRY = {"joints": JOINTS, "map": {joint: {f"my_{joint}": 1} for joint in CANONICAL_JOINTS}}
"""The canonical joints under other names and backwards."""


def written(path: Path, entry: object = ENTRY) -> str:
    path.write_text(yaml.safe_dump(entry, sort_keys=False), encoding="utf-8")
    return str(path)


def changed(**changes: object) -> dict:
    return {key: value for key, value in (ENTRY | changes).items() if value is not None}


def row(joint: str, value: object) -> dict:
    return changed(map=ENTRY["map"] | {joint: value})


@pytest.mark.parametrize("entry", [ENTRY, {"my_tracker": ENTRY}])
def test_a_file_is_a_topology(tmp_path: Path, entry: dict) -> None:
    source = topology(written(tmp_path / "mine.yaml", entry))
    assert source.joints == tuple(JOINTS)
    assert source.direct.all()
    joints, confidence = canonical(Person("1", pose(0.0, up=False)[::-1]), source)
    np.testing.assert_allclose(joints, pose(0.0, up=False), atol=1e-6)
    assert (confidence == 1.0).all()


def test_joints_of_the_same_name_need_no_row(tmp_path: Path) -> None:
    bare = {"joints": list(CANONICAL_JOINTS)}
    for name in ("mine.yml", "MINE.YAML"):
        np.testing.assert_array_equal(topology(written(tmp_path / name, bare)).matrix, np.eye(25))


def test_the_page_names_every_canonical_joint() -> None:
    page = (ROOT / "docs/topics.md").read_text(encoding="utf-8")
    (told,) = re.findall(r"^The 25 canonical joints.*?\n\n", page, re.MULTILINE | re.DOTALL)
    middle, sides = (set(re.findall(r"`([a-z]\w*)`", part)) for part in told.split("of each side"))
    named = (middle - {"kinect_v2_25"}) | {f"{one}_{side}" for one in sides for side in ("left", "right")}
    assert named == set(CANONICAL_JOINTS)


def test_a_path_is_relative_to_who_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "mine.yaml")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert topology("mine.yaml").name == topology("~/mine.yaml").name == path
    assert topology(topology("mine.yaml").name).name == path
    assert located("mine.yaml", tmp_path / "sub") == str(tmp_path / "sub" / "mine.yaml")
    assert located("coco_17", tmp_path) == "coco_17"


WRONG = {
    "a list": ([1, 2], "expected a mapping with joints and map, got \\[1, 2\\]"),
    "nothing": (None, "expected a mapping"),
    "another key": (changed(bones=[]), "unknown key 'bones'; known: joints, map"),
    "no joints": (changed(joints=None), "joints: expected a list of names, got None"),
    "joints that are numbers": (changed(joints=[1, 2]), "joints: expected a list of names"),
    "no joint": (changed(joints=[]), "expected 1 to 256 names, got 0"),
    "too many joints": (changed(joints=[f"j{n}" for n in range(257)]), "expected 1 to 256 names, got 257"),
    "a long name": (changed(joints=[*JOINTS, "x" * 65]), "names of 1 to 64 characters"),
    "a joint twice": (changed(joints=[*JOINTS, JOINTS[0]]), "got 'my_thumb_right' twice"),
    "a map that is none": (changed(map=[]), "map: expected"),
    "a canonical joint that is none": (row("haed", {"my_head": 1}), "map: unknown joint 'haed'; did you mean 'head'"),
    "a joint that is none": (row("head", {"my_haed": 1}), "map.head: unknown joint 'my_haed'; did you mean 'my_head'"),
    "no weights": (row("head", {}), "map.head: expected"),
    "a weight that is a text": (row("head", {"my_head": "1"}), "map.head.my_head: expected a weight"),
    "a weight that is none": (row("head", {"my_head": float("nan")}), "map.head.my_head: expected a weight"),
    "a weight far out": (row("head", {"my_head": 11, "my_neck": -10}), "at most 10"),
    "weights of half a joint": (row("head", {"my_head": 0.5}), "map.head: expected weights that add up to 1, got 0.5"),
    "a joint of the other side": (
        row("hand_left", {"my_hand_right": 1}),
        "map.hand_left: expected joints of the same side, got my_hand_right",
    ),
    "joints of the other side": (
        row("thumb_right", {"my_hand_left": 1.5, "my_wrist_left": -0.5}),
        "map.thumb_right: expected joints of the same side, got my_hand_left, my_wrist_left",
    ),
    "a joint of the other side, beside joints without rows": (
        {"joints": list(CANONICAL_JOINTS), "map": {"foot_left": {"foot_right": 1}}},
        "map.foot_left: expected joints of the same side, got foot_right",
    ),
    "a joint without a row": (changed(map={"head": {"my_head": 1}}), "map: lacks spine_base, spine_mid"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_file_that_is_none_says_where(tmp_path: Path, wrong: str) -> None:
    entry, reason = WRONG[wrong]
    with pytest.raises(ValueError, match=reason) as error:
        topology(written(tmp_path / "mine.yaml", entry))
    assert str(tmp_path / "mine.yaml") in str(error.value)
    assert "\n" not in str(error.value)


def test_a_tracker_may_name_all_sides_as_a_mirror_does(tmp_path: Path) -> None:
    swapped = changed(map={joint: {f"my_{_flipped(joint)}": 1} for joint in CANONICAL_JOINTS})
    source = topology(written(tmp_path / "mine.yaml", swapped))
    straight = topology(written(tmp_path / "straight.yaml"))
    np.testing.assert_array_equal(source.matrix, straight.matrix[:, straight.order(mirrored=True)])


def test_a_joint_may_be_made_of_both_sides(tmp_path: Path) -> None:
    topology(written(tmp_path / "mine.yaml", row("hip_left", {"my_hip_right": -1, "my_spine_base": 2})))
    topology(written(tmp_path / "mine.yml", row("hand_left", {"my_wrist_left": 2, "my_hand_right": -1})))


@pytest.mark.parametrize("name", names())
def test_the_shipped_joint_sets_keep_left_and_right(tmp_path: Path, name: str) -> None:
    table = yaml.safe_load(Path(topology_module.__file__).with_name("topologies.yaml").read_text(encoding="utf-8"))
    topology(written(tmp_path / "mine.yaml", table[name]))


def test_a_file_that_is_not_there_or_no_yaml(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"gone.yaml: cannot be read \(No such file"):
        topology(str(tmp_path / "gone.yaml"))
    with pytest.raises(ValueError, match=r"cannot be read \(Is a directory"):
        (tmp_path / "folder.yaml").mkdir()
        topology(str(tmp_path / "folder.yaml"))
    for content in (b"{joints: [", b"\xff\xfe\x00", b"!!python/object/apply:os.system ['true']"):
        (tmp_path / "mine.yaml").write_bytes(content)
        with pytest.raises(ValueError, match="mine.yaml"):
            topology(str(tmp_path / "mine.yaml"))


def test_a_file_cannot_grow(tmp_path: Path) -> None:
    layers = ["a0: &a0 [x, x, x, x, x, x, x, x]"]
    layers += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]" for n in range(1, 12)]
    for text in ("\n".join([*layers, "joints: *a11"]), "[" * 60_000, "- " * 30_000, "joints: [" + "a, " * 3_000_000):
        (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
        start = time.perf_counter()
        with pytest.raises(ValueError, match=r"mine.yaml") as error:
            topology(str(tmp_path / "mine.yaml"))
        assert time.perf_counter() - start < 5.0
        assert len(str(error.value)) < 1000


def test_an_unknown_name_says_that_files_are_possible() -> None:
    with pytest.raises(ValueError, match="or the path of a .yaml file"):
        topology("mine")


def test_a_stored_recording_does_not_need_the_file(tmp_path: Path) -> None:
    path = written(tmp_path / "mine.yaml")
    joints = [pose(t / 10, up=False)[::-1].copy() for t in range(5)]
    joints[2][3] = 0.0
    frames = tuple(SkeletonFrame(1.0 + t / 10, (Person("1", one),)) for t, one in enumerate(joints))
    expected = [canonical(frame.people[0], topology(path)) for frame in frames]
    write_set(tmp_path / "stores", "own", [Recording("take", path, frames)])
    Path(path).unlink()
    store = Store.open(tmp_path / "stores")
    pack(store, tmp_path / "packed.usdrl")
    for opened, exact in ((store, 1e-6), (Store.open(tmp_path / "packed.usdrl"), 1e-3)):
        clip = opened[0]
        for t, (place, sure) in enumerate(expected):
            np.testing.assert_allclose(clip.joints[t, 0], place, atol=exact)
            np.testing.assert_allclose(clip.confidence[t, 0], sure, atol=1 / 255)
        assert opened.recording(0).topology == "kinect_v2_25"


def test_confidence_that_is_halved_is_not_judged_again(tmp_path: Path) -> None:
    path = written(tmp_path / "mine.yaml", row("spine_mid", {"my_spine_base": 0.5, "my_neck": 0.5}))
    joints = pose(0.0, up=False)[::-1].copy()
    frames = tuple(SkeletonFrame(1.0 + t / 10, (Person("1", joints, np.full(25, 0.15)),)) for t in range(3))
    _, live = canonical(frames[0].people[0], topology(path))
    assert live.min() == pytest.approx(0.075)
    write_set(tmp_path / "stores", "own", [Recording("take", path, frames)])
    np.testing.assert_allclose(Store.open(tmp_path / "stores")[0].confidence[0, 0], live, atol=1 / 255)


def _flipped(joint: str) -> str:
    return joint.replace("left", "?").replace("right", "left").replace("?", "right")


@pytest.mark.parametrize("name", names())
def test_mirrored_names_exchange_the_sides_and_nothing_else(name: str) -> None:
    source = topology(name)
    order = source.order(mirrored=True)
    np.testing.assert_array_equal(order[order], np.arange(len(source.joints)))
    np.testing.assert_array_equal(source.order(mirrored=False), np.arange(len(source.joints)))
    flipped = [CANONICAL_JOINTS.index(_flipped(joint)) for joint in CANONICAL_JOINTS]
    joints = np.random.default_rng(0).normal(size=(len(order), 3))
    np.testing.assert_allclose(source.matrix @ joints[order], (source.matrix @ joints)[flipped], atol=1e-12)


def test_what_cannot_be_mirrored_says_so(tmp_path: Path) -> None:
    one_sided = changed(joints=[*JOINTS, "ear_left"])
    with pytest.raises(ValueError, match="'ear_left' has no joint on the other side"):
        topology(written(tmp_path / "one.yaml", one_sided)).order(mirrored=True)
    numbers = {"joints": ["j0"], "map": {joint: {"j0": 1} for joint in CANONICAL_JOINTS}}
    with pytest.raises(ValueError, match="no joint is named left or right"):
        topology(written(tmp_path / "none.yaml", numbers)).order(mirrored=True)
