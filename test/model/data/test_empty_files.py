"""Files without a frame: errors, not recordings of no length with a label."""

import io
from pathlib import Path

import numpy as np
import pytest

from usdrl_model.cli import main
from usdrl_model.data.catalogue import load


def saved(frames: int) -> bytes:
    file = io.BytesIO()
    np.savez(file, joints=np.ones((frames, 1, 17, 3)), rate=20.0, topology="coco_17", clip_label="wave")
    return file.getvalue()


SBU = ",".join(["1"] + ["0.5"] * 90)
FILES: dict[str, tuple[str, dict[str, bytes]]] = {
    "sbu": ("s01s02_03_002", {"s01s02/03/001/skeleton_pos.txt": SBU.encode(), "s01s02/03/002/skeleton_pos.txt": b""}),
    "utkinect": ("s01_e01", {"joints/joints_s01_e01.txt": b"\n \n", "actionLabel.txt": b"s01_e01\nwalk: 252 390\n"}),
    "ntu60": ("S001C001P001R001A001", {"S001C001P001R001A001.skeleton": b"0\n"}),
    "pku_mmd_2": ("A10N08-L", {"A10N08-L.txt": b""}),
    "own": ("b", {"a.npz": saved(3), "b.npz": saved(0)}),
}


@pytest.mark.parametrize("dataset", FILES)
def test_a_file_without_frames(tmp_path: Path, capsys: pytest.CaptureFixture[str], dataset: str) -> None:
    name, files = FILES[dataset]
    for path, content in files.items():
        (tmp_path / "files" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "files" / path).write_bytes(content)
    with pytest.raises(ValueError, match=f"files: {name} has no frames: an empty file"):
        list(load(dataset, tmp_path / "files"))
    assert main.main(["data", "import", dataset, str(tmp_path / "files"), "--store", str(tmp_path / "store")]) == 1
    assert f"{name} has no frames: an empty file? get it again, or take it out" in capsys.readouterr().err
    assert not (tmp_path / "store" / dataset).exists()
