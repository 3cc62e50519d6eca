"""``usdrl benchmark``: a whole table of results, from pretraining to the page.

usdrl benchmark --suite open --data stores --out runs/open --page docs/results_tables.md

Stop at any time: the same command with ``--resume`` goes on. Once the models are pretrained, several processes can
share ``--out``, each with ``--resume`` and its own ``--only``; a last one without that then writes the page from what
they have finished.
"""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import Any

from usdrl_model.cli.common import add_machine, check_resume, device, reported
from usdrl_model.files.markdown import replace_between_markers

BEGIN, END = "<!-- usdrl benchmark: begin -->", "<!-- usdrl benchmark: end -->"
"""Lines between which the page holds the results."""


def add_verb(verbs: Any) -> None:
    """Register the verb with the sub-parsers of ``usdrl``."""
    verb = verbs.add_parser("benchmark", help="pretrain, evaluate on many benchmarks, write the table of results")
    verb.add_argument("--suite", required=True, help="name (open, unseen), or your own .yaml file")
    verb.add_argument("--data", required=True, type=Path, help="store (usdrl data import), or a packed file of one")
    verb.add_argument("--out", required=True, type=Path, help="folder for models and scores, made where missing")
    verb.add_argument("--page", type=Path, help="Markdown file whose marked part becomes the table (default: none)")
    verb.add_argument(
        "--weights",
        help="score these instead of pretraining any: shipped name, folder or hf://owner/name; refused where they know"
        " the set (default: what the suite pretrains)",
    )  # fmt: skip
    verb.add_argument("--only", nargs="+", metavar="BENCHMARK/TASK", help="only these evaluations")
    verb.add_argument(
        "--keep-pretrained", action="store_true",
        help="take models in --out that other code pretrained; the page says so (default: they are an error)",
    )  # fmt: skip
    verb.add_argument("--resume", action="store_true", help="keep what is finished in --out and go on")
    add_machine(verb)
    verb.set_defaults(run=reported("usdrl benchmark", run))


def run(arguments: argparse.Namespace) -> None:
    """Run the suite, and print the page."""
    # Here, because "usdrl --help" must not wait for torch.
    from usdrl_model.evaluation import suite, suite_file
    from usdrl_model.evaluation.pretrained import Pretrained

    check_resume(arguments)
    chosen = suite_file.load(arguments.suite).written_out()
    if arguments.only:
        chosen = chosen.only(arguments.only)
    if arguments.page:  # before hours of work, not after
        text = arguments.page.read_text(encoding="utf-8")
        replace_between_markers(text, BEGIN, END, "")
    where = device(arguments)
    given = Pretrained.open(arguments.weights) if arguments.weights else None
    results = suite.run(
        chosen, arguments.data, arguments.out, where, keep_pretrained=arguments.keep_pretrained, given=given
    )
    kept = ["--keep-pretrained"] if arguments.keep_pretrained else []
    weights = ["--weights", str(arguments.weights)] if arguments.weights else []
    command = shlex.join(["usdrl", "benchmark", "--suite", arguments.suite, *weights, *_only(arguments), *kept])
    older = () if given else suite.pretrained_by(chosen, arguments.out).values()
    page = suite.page(chosen, results, command=command, device=where, pretrained=older, given=given)
    if arguments.page:
        text = arguments.page.read_text(encoding="utf-8")
        arguments.page.write_text(replace_between_markers(text, BEGIN, END, page), encoding="utf-8")
    print(page)


def _only(arguments: argparse.Namespace) -> list[str]:
    return ["--only", *arguments.only] if arguments.only else []
