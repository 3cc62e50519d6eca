"""Reports say what the cells say."""

import dataclasses
import json
import math
import re

import numpy as np
import pytest
from helpers.cells import bench, cell, recognition
from hypothesis import given
from hypothesis import strategies as st

from usdrl_model.checkpoints.code_version import CodeVersion
from usdrl_model.evaluation import benchmark as benchmarks
from usdrl_model.evaluation.benchmark import Benchmark, Published, TaskSettings
from usdrl_model.evaluation.report.names import METRICS, TITLES
from usdrl_model.evaluation.report.report import results_table, to_json, to_markdown
from usdrl_model.evaluation.result import Cell

SHARES = ("0.01", "0.1")


def few_labels() -> Benchmark:
    quoted = Published(method="MS2L", value=33.1, setting="0.01", note="quoted from a later paper")
    settings = TaskSettings(metric="accuracy", heads=("linear",), settings=(0.01, 0.1), published=(quoted,))
    return bench(semi_supervised=settings)


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
