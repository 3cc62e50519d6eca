"""Reports and pictures say what the cells say."""

import dataclasses
import json
import math
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from usdrl_model.checkpoints.code_version import CodeVersion
from usdrl_model.evaluation import benchmark as benchmarks
from usdrl_model.evaluation.benchmark import Benchmark, Published, Task, TaskSettings
from usdrl_model.evaluation.report import charts
from usdrl_model.evaluation.report.names import METRICS, TITLES
from usdrl_model.evaluation.report.pictures import write_pictures
from usdrl_model.evaluation.report.report import results_table, to_json, to_markdown
from usdrl_model.evaluation.result import Cell
from usdrl_model.metrics.average_precision import Curve

LABELS = ("wave", "clap", "drink")
SHARES = ("0.01", "0.1")


def bench(**tasks: TaskSettings) -> Benchmark:
    known: dict[Task, TaskSettings] = {task: tasks[task] for task in benchmarks.TASKS if task in tasks}
    return Benchmark(
        name="utd_mhad", title="UTD-MHAD", data="utd_mhad", protocol="cross_subject", people=1, tasks=known
    )


def recognition(*published: Published) -> Benchmark:
    return bench(recognition=TaskSettings(metric="accuracy", heads=("finetune",), published=published))


def few_labels() -> Benchmark:
    quoted = Published(method="MS2L", value=33.1, setting="0.01", note="quoted from a later paper")
    settings = TaskSettings(metric="accuracy", heads=("linear",), settings=(0.01, 0.1), published=(quoted,))
    return bench(semi_supervised=settings)


def cell(task: Task, method: str, seed: int = 0, **given: object) -> Cell:
    scores = given.pop("scores", {"all": {"accuracy": 50.0}})
    rest = {"benchmark": "utd_mhad", "seconds": 12.0, "labels": LABELS, **given}
    return Cell(task=task, method=method, seed=seed, scores=scores, **rest)  # type: ignore[arg-type]


def shares(method: str, seed: int, *values: float) -> Cell:
    scores = {share: {"accuracy": value} for share, value in zip(SHARES, values, strict=False)}
    return cell("semi_supervised", method, seed, scores=scores)


def table(page: str, head: str = "method") -> dict[str, dict[str, str]]:
    """Method -> column -> entry, of the first table with this first column."""
    lines = [line.replace("\\|", "/") for line in page.splitlines()]
    split = [[entry.strip() for entry in line.strip("|").split("|")] for line in lines]
    first = next(index for index, line in enumerate(split) if line[0] == head)
    body = split[first + 2 :]
    end = next((index for index, line in enumerate(body) if len(line) < 2), len(body))
    assert all(len(line) == len(split[first]) for line in body[:end])
    return {line[split[first].index("method")]: dict(zip(split[first], line, strict=True)) for line in body[:end]}


def test_a_row_a_method_and_a_column_a_setting() -> None:
    cells = [shares("1D-CNN", 0, 20.0, 60.0), shares("linear", 1, 31.25, 70.0), shares("linear", 0, 29.0, 74.0)]
    page = to_markdown(few_labels(), "semi_supervised", cells, {})
    measured = table(page)
    assert list(measured) == ["linear", "1D-CNN"], "the baseline goes below the method on the encoder"
    assert measured["linear"]["1 %"] == "30.1 (29.0 to 31.2)"
    assert measured["linear"]["10 %"] == "72.0 (70.0 to 74.0)"
    assert measured["1D-CNN"]["1 %"] == "20.0"
    assert [measured[method]["seeds"] for method in measured] == ["2", "1"]
    assert measured["linear"]["seconds"] == "12"


@given(st.lists(st.floats(0.0, 100.0), min_size=1, max_size=5))
def test_the_mean_lies_between_the_lowest_and_the_highest(values: list[float]) -> None:
    cells = [cell("recognition", "linear", seed, scores={"all": {"accuracy": v}}) for seed, v in enumerate(values)]
    (row,) = to_json(recognition(), "recognition", cells, {})["table"]
    entry = row["scores"]["all"]["accuracy"]
    assert entry["lowest"] == min(values) and entry["highest"] == max(values) and entry["seeds"] == len(values)
    assert entry["mean"] == pytest.approx(np.mean(values))
    shown = table(to_markdown(recognition(), "recognition", cells, {}))["linear"]["accuracy"]
    numbers = [float(number) for number in re.findall(r"[\d.]+", shown)]
    assert numbers == pytest.approx([entry["mean"], min(values), max(values)][: 3 if len(values) > 1 else 1], abs=0.051)


def test_published_numbers_are_in_a_block_of_their_own() -> None:
    page = to_markdown(few_labels(), "semi_supervised", [shares("linear", 0, 30.0, 70.0)], {})
    measured, published = page.split("## Published")
    assert "MS2L" not in measured and "Not measured here" in published
    row = table(published)["MS2L"]
    assert row == {"method": "MS2L", "1 %": "33.1", "10 %": "-", "note": "quoted from a later paper"}


def test_what_is_missing_is_a_dash() -> None:
    cells = [shares("linear", 0, 30.0), shares("1D-CNN", 0, 20.0, 60.0)]
    measured = table(to_markdown(few_labels(), "semi_supervised", cells, {}))
    assert measured["linear"]["10 %"] == "-" and measured["1D-CNN"]["10 %"] == "60.0"
    page = to_markdown(few_labels(), "semi_supervised", [], {})
    assert table(page) == {} and "1 %" in page


def test_numbers_that_are_none_do_not_get_into_the_json() -> None:
    odd = cell("recognition", "linear", seconds=math.nan, details={"confusion": {"all": [[math.nan]]}})
    written = to_json(recognition(), "recognition", [odd], {})
    text = json.dumps(written, allow_nan=False)
    assert json.loads(text)["cells"][0]["details"]["confusion"]["all"] == [[None]]
    assert table(to_markdown(recognition(), "recognition", [odd], {}))["linear"]["seconds"] == "-"


def test_json_gives_the_cells_back() -> None:
    cells = [shares("linear", seed, 30.0, 70.0) for seed in range(2)]
    written = json.loads(json.dumps(to_json(few_labels(), "semi_supervised", cells, {"commit": "abc"})))
    assert [Cell.from_dict(one) for one in written["cells"]] == cells
    made = {"made by": str(cells[0].code), "made on": cells[0].date}
    assert written["about"] == {"commit": "abc", **made} and written["published"][0]["value"] == 33.1


def test_the_page_says_what_was_evaluated_and_how_to_repeat_it() -> None:
    folds = {"all": {"cross_subject": {"accuracy": 50.0, "train": 431, "test": 430}}}
    about = {"weights": "runs/mild (1a2b)", "commit": "abc123", "command": "usdrl evaluate --task recognition"}
    page = to_markdown(recognition(), "recognition", [cell("recognition", "linear", details={"folds": folds})], about)
    for fact in ("UTD-MHAD", "cross_subject", "runs/mild (1a2b)", "abc123", "| training clips | 431 |", "| 430 |"):
        assert fact in page
    assert "```\nusdrl evaluate --task recognition\n```" in page
    assert METRICS["accuracy"][1] in page


def test_no_page_mixes_cells_of_different_code() -> None:
    old = dataclasses.replace(cell("recognition", "linear", 1), code=CodeVersion(version="0.1.0", hash="0" * 16))
    cells = [cell("recognition", "linear"), old]
    for page in (
        lambda: to_markdown(recognition(), "recognition", cells, {}),
        lambda: to_json(recognition(), "recognition", cells, {}),
        lambda: results_table([(recognition(), "recognition", [one]) for one in cells]),
    ):
        with pytest.raises(ValueError, match="expected cells made by the same code"):
            page()
    assert f"code {'0' * 16}" in to_markdown(recognition(), "recognition", [old], {})


def test_splits_one_by_one() -> None:
    folded = Benchmark(
        name="sbu",
        title="SBU",
        data="sbu",
        protocol="five_fold",
        folds=("five_fold/1", "five_fold/2"),
        people=2,
        tasks={"recognition": TaskSettings(metric="accuracy", heads=("linear",))},
    )
    parts = {f"five_fold/{n}": {"accuracy": 90.0 + n, "train": 220 + n, "test": 60} for n in (1, 2)}
    of_sbu = cell("recognition", "linear", benchmark="sbu", details={"folds": {"all": parts}})
    page = to_markdown(folded, "recognition", [of_sbu], {})
    assert "| training clips | 221 to 222 in each of 2 splits |" in page
    assert "| test clips | 60 in each of 2 splits |" in page
    assert table(page.split("## Splits")[1])["linear"]["five_fold/2"] == "92.0"


def test_nothing_ends_a_cell_of_a_table() -> None:
    odd = Published(method="A|B", value=1.0, note="line\nbreak | bar")
    page = to_markdown(recognition(odd), "recognition", [], {"weights": "a|b\nc"})
    assert table(page.split("## Published")[1])["A/B"]["note"] == "line break / bar"
    assert "| weights | a\\|b c |" in page


def test_cells_of_something_else_are_refused() -> None:
    with pytest.raises(ValueError, match="expected cells of utd_mhad recognition, got one of sbu recognition"):
        to_markdown(recognition(), "recognition", [cell("recognition", "linear", benchmark="sbu")], {})
    with pytest.raises(ValueError, match="two cells of linear with seed 0"):
        to_json(recognition(), "recognition", [cell("recognition", "linear")] * 2, {})
    with pytest.raises(ValueError, match="no task retrieval"):
        to_json(recognition(), "retrieval", [], {})


def test_metrics_are_columns_where_there_are_no_settings() -> None:
    utkinect = bench(segmentation=TaskSettings(metric="f1@50", heads=("dense",)))
    scores = {"all": {"frame_accuracy": 78.0, "f1@25": 73.0, "f1@50": 64.0}}
    page = to_markdown(utkinect, "segmentation", [cell("segmentation", "TCN", scores=scores)], {})
    assert table(page)["TCN"] == {
        "method": "TCN", "frame accuracy": "78.0", "F1@25": "73.0", "**F1@50**": "64.0", "seeds": "1", "seconds": "12",
    }  # fmt: skip
    assert "F1@25, F1@50: F1 of segments" in page


def test_every_task_and_metric_of_the_benchmarks_has_a_name() -> None:
    assert set(TITLES) == set(benchmarks.TASKS)
    for name in benchmarks.available():
        for settings in benchmarks.load(name).tasks.values():
            assert settings.metric in METRICS


def test_seconds_and_alarms_are_no_percent() -> None:
    live = bench(stream=TaskSettings(metric="stream_recall", heads=("dense",)))
    scores = [{"stream_recall": 60.0 + seed, "false_alarms_per_hour": 270.0, "onset_delay_median": 0.46 + seed / 4}
              for seed in (0, 1)]  # fmt: skip
    cells = [cell("stream", "fine-tuned", seed, scores={"all": scores[seed]}) for seed in (0, 1)]
    for page in (to_markdown(live, "stream", cells, {}), results_table([(live, "stream", cells)])):
        row = next(line for line in page.splitlines() if "| fine-tuned |" in line)
        assert "| 60.5 (60.0 to 61.0) | 270.0 (270.0 to 270.0) | 0.58 (0.46 to 0.71) |" in row
        assert "All scores are in percent" not in page
        assert "an hour of everything that was run" in page and "seconds from the true onset" in page
    assert "Scores are in percent where the lines below give no other unit" in to_markdown(live, "stream", cells, {})


def test_the_compact_table_has_a_section_a_task() -> None:
    jtm = Published(method="JTM", value=85.8, note="recalled")
    dense = bench(segmentation=TaskSettings(metric="f1@50", heads=("dense",)))
    text = results_table(
        [
            (dense, "segmentation", [cell("segmentation", "TCN", scores={"all": {"frame_f1": 1.0, "f1@50": 64.0}})]),
            (recognition(jtm), "recognition", [cell("recognition", "1D-CNN"), cell("recognition", "linear")]),
        ]
    )
    assert re.findall(r"^### (.*)$", text, re.MULTILINE) == ["Recognition", "Segmentation"], "in the order of the tasks"
    rows = table(text, "benchmark")
    assert list(rows) == ["linear", "1D-CNN", "*JTM (published; recalled)*"]
    assert rows["*JTM (published; recalled)*"]["accuracy"] == "85.8"
    assert {row["benchmark"] for row in rows.values()} == {"UTD-MHAD"}
    dense_row = table(text.split("### Segmentation")[1], "benchmark")["TCN"]
    assert dense_row["F1@50"] == "64.0" and "frame F1" not in dense_row, "compact: no secondary metrics"


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
