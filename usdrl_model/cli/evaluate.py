"""``usdrl evaluate``: one task of one benchmark, pretrained weights beside controls and baselines.

usdrl evaluate --task recognition --benchmark utd_mhad --weights runs/mild/weights --data stores --out out/utd_mhad
usdrl evaluate --task retrieval --benchmark utd_mhad --weights none --data stores --out out/baselines

Every method that has been scored with a seed is kept in ``cells/`` of the folder at once: stop at any time, the same
command with ``--resume`` goes on.
"""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from usdrl_model.cli.common import add_machine, check_resume, device, reported
from usdrl_model.files.atomic_file import write_text

if TYPE_CHECKING:
    from usdrl_model.evaluation.benchmark import Task

NO_WEIGHTS = "none"


def add_verb(verbs: Any) -> None:
    """Register the verb with the sub-parsers of ``usdrl``."""
    verb = verbs.add_parser("evaluate", help="score weights, controls and baselines on a task of a benchmark")
    verb.add_argument("--task", required=True, help="recognition, retrieval, few_shot ... (docs/benchmarks.md)")
    verb.add_argument("--benchmark", required=True, help="name (utd_mhad ...), or your own .yaml file")
    verb.add_argument(
        "--weights", required=True, nargs="+", metavar="WEIGHTS",
        help="pretrained model or detector (foundation, folder, file, hf://owner/name); several: also fused; or none",
    )  # fmt: skip
    verb.add_argument("--data", required=True, type=Path, help="store (usdrl data import), or a packed file of one")
    verb.add_argument("--out", required=True, type=Path, help="folder of the results, made where missing")
    verb.add_argument("--methods", nargs="+", help="only these (default: all that the task and the weights allow)")
    verb.add_argument("--seeds", nargs="+", type=int, help="default: 0 1 2, and for few_shot 0 to 4")
    verb.add_argument("--recipe", type=Path, help="YAML file of the training (default: the package's own)")
    verb.add_argument(
        "overrides",
        nargs="*",
        metavar="key=value",
        help="changes to the recipe; not right behind --weights, --methods or --seeds",
    )
    verb.add_argument("--resume", action="store_true", help="keep what is finished in --out and go on")
    verb.add_argument("--json", action="store_true", help="print the results as JSON")
    add_machine(verb)
    verb.set_defaults(run=reported("usdrl evaluate", run))


def run(arguments: argparse.Namespace) -> None:
    """Evaluate, write the results, and print the table."""
    # Here and below: "usdrl --help" must not wait for torch.
    from usdrl_model.evaluation import benchmark as benchmarks
    from usdrl_model.evaluation.cells import Cells
    from usdrl_model.evaluation.evaluate import evaluate
    from usdrl_model.evaluation.pretrained import Pretrained
    from usdrl_model.evaluation.report import report
    from usdrl_model.evaluation.report.pictures import write_pictures

    check_resume(arguments)
    benchmark = benchmarks.load(arguments.benchmark)
    benchmark.task(arguments.task)
    task: Task = arguments.task
    cells, about = evaluate(
        benchmark,
        task,
        weights=[Pretrained.open(one) for one in arguments.weights if arguments.weights != [NO_WEIGHTS]],
        data=arguments.data,
        cells=Cells(arguments.out / "cells"),
        device=device(arguments),
        titles=arguments.methods,
        seeds=arguments.seeds,
        recipe=arguments.recipe,
        overrides=arguments.overrides,
    )
    about = {**about, report.COMMAND: shlex.join(["usdrl", *_words(arguments)])}
    page = report.to_markdown(benchmark, task, cells, about)
    result = json.dumps(report.to_json(benchmark, task, cells, about), indent=1, allow_nan=False)
    arguments.out.mkdir(parents=True, exist_ok=True)
    write_text(arguments.out / "result.json", result + "\n")
    write_text(arguments.out / "result.md", page)
    print(result if arguments.json else page)
    write_pictures(cells, arguments.out)  # last: without matplotlib everything else is there


def _words(arguments: argparse.Namespace) -> Iterable[str]:
    """The command line that repeats this, without what does not change the result."""
    yield "evaluate"
    yield from arguments.overrides
    for name in ("task", "benchmark", "weights", "data", "out", "methods", "seeds", "recipe"):
        value = getattr(arguments, name)
        if value is not None:
            yield f"--{name}"
            yield from map(str, value if isinstance(value, list) else [value])
