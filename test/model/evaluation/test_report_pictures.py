"""Pictures of a report show what the cells say."""

import math
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from helpers.cells import LABELS, cell

from usdrl_model.evaluation.report import charts
from usdrl_model.evaluation.report.pictures import write_pictures
from usdrl_model.metrics.average_precision import Curve


def picture(path: Path) -> np.ndarray:
    """(H, W, 3) of a PNG file that shows something."""
    from matplotlib.image import imread

    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    pixels = imread(path)[..., :3]
    assert min(pixels.shape[:2]) > 100 and pixels.std() > 0.05
    return pixels


def words(path: Path) -> list[str]:
    """What is written in an SVG file."""
    return re.findall(r"<!-- (.*?) -->", path.read_text(encoding="utf-8"))


def confusion(right: int, wrong: int, labels: Iterable[str] = LABELS) -> list[list[int]]:
    names = list(labels)
    return [[right if a == b else wrong for b in names] for a in names]


def test_a_cell_draws_what_it_has(tmp_path: Path) -> None:
    cells = []
    for method, right in (("linear", 8), ("1-NN DTW", 6)):
        for seed in range(2):
            scores = {"0.4": {"accuracy": 40.0 + seed}, "1": {"accuracy": 80.0}}
            counts = {"0.4": confusion(4, 3), "1": confusion(right, 1)}
            cells.append(cell("early_prediction", method, seed, scores=scores, details={"confusion": counts}))
    paths = write_pictures(cells, tmp_path / "new")
    names = ["early_prediction.png", "classes.png", "confusion_linear.png", "confusion_1_nn_dtw.png"]
    assert [path.name for path in paths] == names
    for path in paths:
        picture(path)
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(names)


def test_a_detection_draws_curves_and_timelines(tmp_path: Path) -> None:
    labels = ("none", *LABELS)
    curves = {label: {"precision": [0.5, 1.0], "recall": [1.0, 0.5]} for label in LABELS}
    lines = [
        {"name": f"s{n}", "end": 9.0, "truth": [["wave", 1.0, 3.0]], "found": [["clap", 1.5, 3.0]]} for n in range(12)
    ]
    details = {"precision_recall": curves, "timelines": lines}
    cells = [
        cell("detection", method, labels=labels, scores={"all": {"mAP_action": 50.0}}, details=details)
        for method in ("fine-tuned", "TCN")
    ]
    paths = write_pictures(cells, tmp_path)
    assert [path.name for path in paths] == [
        "timelines.png", "classes.png", "precision_recall_fine_tuned.png", "precision_recall_tcn.png",
    ]  # fmt: skip
    sizes = [picture(path).shape for path in paths]
    few = [cell("detection", "TCN", labels=labels, details={"timelines": lines[:1]})]
    (path,) = write_pictures(few, tmp_path / "few")
    assert picture(path).shape[0] < sizes[0][0], "fewer recordings, a lower picture"


def test_cells_without_details_draw_nothing(tmp_path: Path) -> None:
    assert write_pictures([], tmp_path) == []
    assert write_pictures([cell("recognition", "linear"), cell("recognition", "1D-CNN")], tmp_path) == []


def test_cells_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one benchmark and task, got utd_mhad recognition, utd_mhad retrieval"):
        write_pictures([cell("recognition", "linear"), cell("retrieval", "1-NN")], tmp_path)
    with pytest.raises(ValueError, match="the same labels"):
        write_pictures([cell("recognition", "linear"), cell("recognition", "biGRU", labels=("wave",))], tmp_path)
    short = cell("recognition", "linear", details={"confusion": {"all": [[1, 0], [0, 1]]}})
    with pytest.raises(ValueError, match="3 x 3 counts"):
        write_pictures([short], tmp_path)


@pytest.mark.parametrize("classes", [1, 2, 27, 60])
def test_a_confusion_names_every_class_and_every_count(tmp_path: Path, classes: int) -> None:
    labels = [f"class {n}" for n in range(classes)]
    counts = np.diag(np.arange(classes) + 100)
    counts[0, -1] += 13
    charts.draw_confusion(tmp_path / "matrix.svg", counts, labels, "the title")
    found = words(tmp_path / "matrix.svg")
    assert {*labels, "the title", f"class 0 ({counts[0].sum()})"} <= set(found)
    assert {str(count) for count in counts[counts > 0]} <= set(found)
    assert ("nothing" in found) == (classes == 1)
    if classes > 1:
        assert any(f"class 0 → class {classes - 1}: 13 of 113" in line for line in found)


def test_a_class_without_test_clips_is_left_empty(tmp_path: Path) -> None:
    counts = {"all": [[3, 1, 0], [0, 4, 0], [0, 0, 0]]}
    for path in write_pictures([cell("recognition", "linear", details={"confusion": counts})], tmp_path):
        picture(path)
    charts.draw_bars(tmp_path / "bars.svg", {"linear": [75.0, math.nan, 20.0]}, LABELS, title="t", x="accuracy")
    found = words(tmp_path / "bars.svg")
    assert {"linear (mean 47.5)", "75", "20", "-"} <= set(found)
    places = [found.index(label) for label in ("wave", "drink", "clap")]
    assert places == sorted(places), "the best first, the unknown last"


def test_a_class_that_was_never_found_is_in_the_mean(tmp_path: Path) -> None:
    good = Curve(np.array([1.0, 1.0]), np.array([0.5, 1.0]))
    nothing = Curve(np.zeros(0), np.zeros(0))
    charts.draw_precision_recall(tmp_path / "pr.svg", {"wave": good, "clap": nothing}, "title")
    assert {"wave (100)", "clap (0)", "mean of 2 (50)"} <= set(words(tmp_path / "pr.svg"))


def test_curves_name_methods_and_chance(tmp_path: Path) -> None:
    curves = {"linear": {10.0: [20.0, 30.0], 100.0: [90.0]}, "1D-CNN": {10.0: [10.0]}}
    charts.draw_curves(tmp_path / "c.svg", curves, title="t", x="seen", y="score", dashed=["1D-CNN"], chance=100 / 27)
    assert {"linear", "1D-CNN", "chance (3.7)", "seen", "score", "10", "100"} <= set(words(tmp_path / "c.svg"))


def test_drawing_leaves_no_global_state(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from usdrl_model.evaluation.report import charts, pictures, report\n"
        "assert not any(name.startswith('matplotlib') for name in sys.modules), 'imported before it is needed'\n"
        "charts.draw_bars(sys.argv[1], {'linear': [50.0]}, ['wave'], title='t', x='x')\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "bars.png")], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    picture(tmp_path / "bars.png")
