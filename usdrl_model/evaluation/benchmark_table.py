"""The table of docs/benchmarks.md: every benchmark, its set, its tasks and how many published numbers they have."""

from __future__ import annotations

from pathlib import Path

from usdrl_model.evaluation.benchmark import Benchmark, available, load
from usdrl_model.files import markdown

PAGE = Path("docs/benchmarks.md")
BEGIN, END = "<!-- benchmarks -->", "<!-- end of benchmarks -->"


def page(text: str) -> str:
    """The text of docs/benchmarks.md with the table as it must be: a row a benchmark."""
    heads = ["benchmark", "what", "set: splits", "people", "tasks (published numbers)"]
    table = markdown.table(heads, (_row(load(name)) for name in available()))
    return markdown.replace_between_markers(text, BEGIN, END, table)


def _row(benchmark: Benchmark) -> list[object]:
    splits = f"{len(benchmark.folds)} folds of `{benchmark.protocol}`" if benchmark.folds else f"`{benchmark.protocol}`"
    tasks = [
        f"{task} ({len(settings.published)})" if settings.published else task
        for task, settings in benchmark.tasks.items()
    ]
    where = f"`{benchmark.data}`: {splits}"
    return [f"`{benchmark.name}`", benchmark.title, where, benchmark.people, ", ".join(tasks)]


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"written: {PAGE}")
