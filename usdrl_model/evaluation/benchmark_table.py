"""The table of docs/benchmarks.md: ``python -m usdrl_model.evaluation.benchmark_table`` prints it, a test compares."""

from __future__ import annotations

from usdrl_model.evaluation.benchmark import Benchmark, available, load
from usdrl_model.files import markdown


def table() -> str:
    """A row a benchmark, in Markdown."""
    heads = ["benchmark", "what", "set: splits", "people", "tasks (published numbers)"]
    return markdown.table(heads, (_row(load(name)) for name in available()))


def _row(benchmark: Benchmark) -> list[object]:
    splits = f"{len(benchmark.folds)} folds of `{benchmark.protocol}`" if benchmark.folds else f"`{benchmark.protocol}`"
    tasks = [
        f"{task} ({len(settings.published)})" if settings.published else task
        for task, settings in benchmark.tasks.items()
    ]
    where = f"`{benchmark.data}`: {splits}"
    return [f"`{benchmark.name}`", benchmark.title, where, benchmark.people, ", ".join(tasks)]


if __name__ == "__main__":
    print(table())
