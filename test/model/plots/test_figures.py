"""Pictures are drawn without a word to pyplot, which belongs to the user."""

import subprocess
import sys
from pathlib import Path

import numpy as np
from matplotlib.image import imread

from usdrl_model.plots.losses import draw_losses

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
