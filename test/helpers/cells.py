"""Cells of a benchmark with three classes, as an evaluation keeps them."""

from usdrl_model.evaluation import benchmark as benchmarks
from usdrl_model.evaluation.benchmark import Benchmark, Published, Task, TaskSettings
from usdrl_model.evaluation.result import Cell

LABELS = ("wave", "clap", "drink")


def bench(**tasks: TaskSettings) -> Benchmark:
    known: dict[Task, TaskSettings] = {task: tasks[task] for task in benchmarks.TASKS if task in tasks}
    return Benchmark(
        name="utd_mhad", title="UTD-MHAD", data="utd_mhad", protocol="cross_subject", people=1, tasks=known
    )


def recognition(*published: Published) -> Benchmark:
    return bench(recognition=TaskSettings(metric="accuracy", heads=("finetune",), published=published))


def cell(task: Task, method: str, seed: int = 0, **given: object) -> Cell:
    scores = given.pop("scores", {"all": {"accuracy": 50.0}})
    rest = {"benchmark": "utd_mhad", "seconds": 12.0, "labels": LABELS, **given}
    return Cell(task=task, method=method, seed=seed, scores=scores, **rest)  # type: ignore[arg-type]
