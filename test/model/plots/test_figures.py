"""Pictures are drawn without a word to pyplot, which belongs to the user."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from usdrl_model.evaluation.report import charts
from usdrl_model.plots import clip
from usdrl_model.plots.losses import draw_losses
from usdrl_model.plots.timeline import Row, draw_timeline
from usdrl_model.skeleton.clip import Clip
from usdrl_model.skeleton.segments import Segment

LOSSES = {"loss": np.linspace(2.0, 1.0, 100).tolist(), "similarity": [0.5] * 100}


def test_losses_have_a_panel_each(tmp_path: Path) -> None:
    heights = []
    for losses in (LOSSES, {"loss": [1.0, 2.0]}):
        with (tmp_path / "loss.png").open("wb") as file:
            draw_losses(file, losses)
        pixels = imread(tmp_path / "loss.png")[..., :3]
        assert pixels.std() > 0.05
        heights.append(pixels.shape[0])
    assert heights == [120 * 5.5, 120 * 3.5]


@pytest.mark.parametrize("name", ["price_$5_to_$10", r"a$\frac$", "take_$^$"])
def test_names_of_others_are_no_formulas(tmp_path: Path, name: str) -> None:
    """They may be those of files, sets, people and labels."""
    action = Segment(name, name, 0.0, 1.0)
    draw_timeline(tmp_path / "line.png", [Row(f"{name} truth", [action])], [name], start=0.0, end=2.0, title=name)
    stamps = np.arange(3) / 30.0
    joints, sure = np.zeros((3, 1, 25, 3), np.float32), np.ones((3, 1, 25), np.float32)
    clip.draw(Clip(name, name, stamps, (name,), joints, sure, label=name, segments=(action,)), tmp_path / "clip.png")
    with (tmp_path / "loss.png").open("wb") as file:
        draw_losses(file, {name: [1.0, 2.0]})
    charts.draw_confusion(tmp_path / "confusion.png", np.eye(2, dtype=int), ["none", name], name)


def test_a_run_leaves_the_backend_of_its_process_as_it_is(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from usdrl_model.training.run_folder import write_losses\n"
        "assert not any(name.startswith('matplotlib') for name in sys.modules), 'imported before it is needed'\n"
        "import matplotlib\n"
        "matplotlib.use('svg')\n"
        "write_losses({'loss': [2.0, 1.0]}, Path(sys.argv[1]))\n"
        "assert matplotlib.get_backend() == 'svg'\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "loss.csv").read_text().splitlines() == ["step,loss", "0,2.0", "1,1.0"]
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")
