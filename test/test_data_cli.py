"""``usdrl data`` from end to end, and what it says when it cannot."""

import re
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from usdrl_model import cli
from usdrl_model.clip_view import animate
from usdrl_model.recording import Recording, Segment
from usdrl_model.skeleton import Person, SkeletonFrame
from usdrl_model.store import Store
from usdrl_model.store_writer import write_set

RNG = np.random.default_rng(2)


def mine(folder: Path) -> Path:
    folder.mkdir()
    for name, subject in (("one", "anna"), ("two", "bob")):
        joints = RNG.normal(0.0, 0.1, (12, 1, 25, 3)) + (0.0, 0.0, 2.0)
        joints[:, :, 7] = np.nan  # the left hand is never seen
        np.savez(folder / f"{name}.npz", joints=joints, rate=10.0, topology="kinect_v2_25", subject=subject,
                 clip_label="wave")  # fmt: skip
    return folder


def test_import_info_view_and_pack(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = str(tmp_path / "store")
    assert cli.main(["data", "import", "own", str(mine(tmp_path / "mine")), "--store", store]) == 0
    assert "2 recordings, 24 frames, 24 skeletons, hash" in capsys.readouterr().out

    picture = tmp_path / "frame.png"
    assert cli.main(["data", "info", store, "--verify", "--picture", str(picture)]) == 0
    said = capsys.readouterr().out
    for words in (
        "own: 2 recordings, 24 frames", "rate: 10.0 Hz", "subjects: 2", "missing joints in 2 recordings: 4.0%",
        "hand_left 100%", "2 of recordings", "all hashes agree",
    ):  # fmt: skip
        assert words in said
    assert Image.open(picture).size[0] > 400

    gif = tmp_path / "clip.gif"
    assert cli.main(["data", "view", store, "--clip", "two", "--out", str(gif)]) == 0
    with Image.open(gif) as animation:
        assert animation.n_frames == 12
        assert animation.info["duration"] == 100  # milliseconds

    packed = tmp_path / "bob.usdrl"
    assert cli.main(["data", "pack", store, "--subject", "bob", "--out", str(packed)]) == 0
    assert "1 recordings of own" in capsys.readouterr().out
    assert [clip.name for clip in Store.open(packed)] == ["two"]
    assert cli.main(["data", "info", str(packed)]) == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["import", "utdmhad", "."], "did you mean 'utd_mhad'"),
        (["import", "utd_mhad", "nowhere"], "nowhere: expected Skeleton.zip .* Get it from .*; free for research"),
        (["import", "own", "mine", "--dtype", "int8"], "dtype: expected one of float32, float16"),
        (["import", "own", "mine", "--store", "store"], "--replace"),
        (["info", "mine"], "usdrl data import"),
        (["info", "store", "--set", "sbu"], "there are own"),
        (["info", "store", "--split", "xsub/train"], "own has no protocol 'xsub'"),
        (["pack", "store", "--split", "standard/test", "--out", "x.usdrl"], "no recording meets all conditions"),
        (["view", "store", "--clip", "three"], "expected a name such as one, or 0 to 1, got three"),
        (["view", "store", "--out", "clip.avi"], "ends with .gif or .mp4"),
    ],
)
def test_what_users_can_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    mine(tmp_path / "mine")
    assert cli.main(["data", "import", "own", "mine", "--store", "store"]) == 0
    capsys.readouterr()
    assert cli.main(["data", *words]) == 1
    said = capsys.readouterr()
    assert "usdrl data: " in said.err
    assert re.search(message, said.err), said.err
    assert "Traceback" not in said.err


def test_memory_holds_one_recording_whatever_the_size_of_the_set(tmp_path: Path) -> None:
    frames, count = 200, 40
    one = frames * 25 * 3 * 8  # bytes of the joints of one recording

    def recordings() -> Iterator[Recording]:
        for index in range(count):
            joints = RNG.normal(0.0, 0.2, (frames, 25, 3)) + 2.0
            seen = tuple(SkeletonFrame(1.0 + n / 30, (Person("1", row),)) for n, row in enumerate(joints))
            yield Recording(f"{index}", "kinect_v2_25", seen)

    tracemalloc.start()
    write_set(tmp_path, "mine", recordings())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * one < count * one


def test_nobody_cannot_be_drawn(tmp_path: Path) -> None:
    frames = (SkeletonFrame(1.0), SkeletonFrame(1.1))
    write_set(tmp_path, "mine", [Recording("empty", "coco_17", frames, segments=(Segment("1", "x", 1.0, 1.1),))])
    with pytest.raises(ValueError, match="mine empty: nobody in any frame"):
        animate(Store.open(tmp_path)[0], tmp_path / "clip.gif")
