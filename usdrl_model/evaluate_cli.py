"""``usdrl evaluate``: one task of one benchmark, pretrained weights beside controls and baselines.

usdrl evaluate --task recognition --benchmark utd_mhad --weights runs/mild/weights --data stores --out out/utd_mhad
usdrl evaluate --task retrieval --benchmark utd_mhad --weights none --data stores --out out/baselines

Every method that has been scored with a seed is kept in ``cells/`` of the folder at once: stop at any time, the same
command goes on.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import usdrl_model

if TYPE_CHECKING:
    from usdrl_model.tasks.benchmark import Benchmark, Task
    from usdrl_model.tasks.result import Cell
    from usdrl_model.tasks.weights import Pretrained

NO_WEIGHTS = "none"
SEEDS = (0, 1, 2)
DRAWS = (0, 1, 2, 3, 4)
"""Seeds of ``few_shot``, where each is another draw of the examples: which ones they are decides more than training."""


def add_verb(verbs: Any) -> None:
    """Register the verb with the sub-parsers of ``usdrl``."""
    verb = verbs.add_parser("evaluate", help="score weights, controls and baselines on a task of a benchmark")
    verb.add_argument("--task", required=True, help="recognition, retrieval, few_shot ... (docs/benchmarks.md)")
    verb.add_argument("--benchmark", required=True, help="name (utd_mhad ...), or your own .yaml file")
    verb.add_argument(
        "--weights", required=True, help="pretrained model or detector (folder, file, Hugging Face repository), or none"
    )
    verb.add_argument("--data", required=True, type=Path, help="store (usdrl data import), or a packed file of one")
    verb.add_argument("--out", required=True, type=Path, help="folder of the results, made where missing")
    verb.add_argument("--methods", nargs="+", help="only these (default: all that the task and the weights allow)")
    verb.add_argument("--seeds", nargs="+", type=int, help="default: 0 1 2, and for few_shot 0 to 4")
    verb.add_argument("--recipe", type=Path, help="YAML file of the training (default: config/recognition.yaml)")
    verb.add_argument("--device", default="auto", help="auto, cpu or cuda (default: auto)")
    verb.add_argument("--threads", type=int, default=0, help="CPU threads (default: 0, all cores)")
    verb.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Evaluate, write the results, print the table, and return 1 if something is wrong."""
    import torch  # here, because "usdrl --help" must not wait for it

    from usdrl_model.tasks import report
    from usdrl_model.tasks.pictures import write_pictures

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    try:
        benchmark, task, cells, about = _evaluate(arguments)
        arguments.out.mkdir(parents=True, exist_ok=True)
        page = report.to_markdown(benchmark, task, cells, about)
        result = json.dumps(report.to_json(benchmark, task, cells, about), indent=1, allow_nan=False)
        (arguments.out / "result.json").write_text(result + "\n", encoding="utf-8")
        (arguments.out / "result.md").write_text(page, encoding="utf-8")
        write_pictures(cells, arguments.out)
    except (ValueError, OSError, ImportError, FloatingPointError) as error:
        print(f"usdrl evaluate: {error}", file=sys.stderr)
        return 1
    print(page)
    return 0


def _evaluate(arguments: argparse.Namespace) -> tuple[Benchmark, Task, list[Cell], dict[str, str]]:
    from usdrl_model import checkpoint, config
    from usdrl_model.finetune_config import FinetuneConfig
    from usdrl_model.tasks import benchmark as benchmarks
    from usdrl_model.tasks import clips, methods
    from usdrl_model.tasks.cells import Cells
    from usdrl_model.tasks.weights import Pretrained

    benchmark = benchmarks.load(arguments.benchmark)
    settings = benchmark.task(arguments.task)
    task: Task = arguments.task
    device = checkpoint.choose_device(arguments.device)
    recipe_path = arguments.recipe or benchmarks.folder().parent / "recognition.yaml"
    recipe = config.load(FinetuneConfig, recipe_path)
    weights = None if arguments.weights == NO_WEIGHTS else Pretrained.open(arguments.weights)
    if task == "transfer":
        if weights is None:
            raise ValueError("transfer needs weights, made on other sets: give --weights")
        weights.check_transfer(benchmark.target_sets)
    chosen = methods.build(
        arguments.methods or methods.usual(task, settings.heads, weights),
        weights=weights,
        recipe=recipe,
        people=benchmark.people,
        causal=task == "early_prediction",
        device=device,
    )
    store = benchmarks.open_benchmark(benchmark, arguments.data, task)
    seeds = arguments.seeds or (DRAWS if task == "few_shot" else SEEDS)
    cells = clips.run(benchmark, task, store, chosen, seeds=seeds, cells=Cells(arguments.out / "cells"))
    about = {
        "weights": _described(weights, benchmark),
        "recipe": f"{recipe_path} ({config.content_hash(recipe)})",
        "data": f"{benchmark.data} ({store.hash})",
        "device": str(device),
        "version": usdrl_model.__version__,
        "command": shlex.join(["usdrl", *_words(arguments)]),
    }
    return benchmark, task, cells, about


def _described(weights: Pretrained | None, benchmark: Benchmark) -> str:
    if weights is None:
        return NO_WEIGHTS
    sets = f"made on {', '.join(weights.sets)}" if weights.sets else "the file does not say what they were made on"
    alone = ""
    if weights.shape.people < benchmark.people:
        alone = f"; they see {weights.shape.people} of {benchmark.people} people, those who are there longest"
    return f"{weights.path} ({weights.hash}), {sets}{alone}"


def _words(arguments: argparse.Namespace) -> Iterable[str]:
    """The command line that repeats this, without what does not change the result."""
    yield "evaluate"
    for name in ("task", "benchmark", "weights", "data", "out", "methods", "seeds", "recipe"):
        value = getattr(arguments, name)
        if value is not None:
            yield f"--{name}"
            yield from map(str, value if isinstance(value, list) else [value])
