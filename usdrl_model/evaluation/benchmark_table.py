"""The table of docs/benchmarks.md: ``python -m usdrl_model.evaluation.benchmark_table`` prints it, a test compares."""

from __future__ import annotations

from usdrl_model.evaluation.benchmark import Benchmark, available, load


def table() -> str:
    """A row a benchmark, in Markdown."""
    head = "| benchmark | what | set: splits | people | tasks (published numbers) |\n|---|---|---|---|---|"
    return "\n".join([head, *(_row(load(name)) for name in available())])


def _row(benchmark: Benchmark) -> str:
    splits = f"{len(benchmark.folds)} folds of `{benchmark.protocol}`" if benchmark.folds else f"`{benchmark.protocol}`"
    tasks = [
        f"{task} ({len(settings.published)})" if settings.published else task
        for task, settings in benchmark.tasks.items()
    ]
    return (
        f"| `{benchmark.name}` | {benchmark.title} | `{benchmark.data}`: {splits} | {benchmark.people} |"
        f" {', '.join(tasks)} |"
    )


if __name__ == "__main__":
    print(table())
