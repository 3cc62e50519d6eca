"""``usdrl benchmark``: a whole table of results, from pretraining to the page.

usdrl benchmark --suite open --data stores --out runs/open --page docs/results.md

Stop at any time: the same command goes on. Once the models are pretrained, several processes can share ``--out``, each
with its own ``--only``; a last one without it then writes the page from what they have finished.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- usdrl benchmark: begin -->", "<!-- usdrl benchmark: end -->"
"""Lines between which the page holds the results."""


def add_verb(verbs: Any) -> None:
    """Register the verb with the sub-parsers of ``usdrl``."""
    verb = verbs.add_parser("benchmark", help="pretrain, evaluate on many benchmarks, write the table of results")
    verb.add_argument("--suite", required=True, help="name (open), or your own .yaml file")
    verb.add_argument("--data", required=True, type=Path, help="store (usdrl data import), or a packed file of one")
    verb.add_argument("--out", required=True, type=Path, help="folder for models and scores, made where missing")
    verb.add_argument("--page", type=Path, help="Markdown file whose marked part becomes the table (default: none)")
    verb.add_argument("--only", nargs="+", metavar="BENCHMARK/TASK", help="only these evaluations")
    verb.add_argument("--device", default="auto", help="auto, cpu or cuda (default: auto)")
    verb.add_argument("--threads", type=int, default=0, help="CPU threads (default: 0, all cores)")
    verb.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the suite, print the page, and return 1 if something is wrong."""
    import torch  # here, because "usdrl --help" must not wait for it

    from usdrl_model import checkpoint
    from usdrl_model.tasks import report, suite

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    try:
        chosen = suite.load(arguments.suite)
        if arguments.only:
            chosen = chosen.only(arguments.only)
        if arguments.page:  # before hours of work, not after
            text = arguments.page.read_text(encoding="utf-8")
            report.replace_between_markers(text, BEGIN, END, "")
        device = checkpoint.choose_device(arguments.device)
        results = suite.run(chosen, arguments.data, arguments.out, device)
        command = shlex.join(["usdrl", "benchmark", "--suite", arguments.suite, *_only(arguments)])
        page = suite.page(chosen, results, command=command, device=device)
        if arguments.page:
            text = arguments.page.read_text(encoding="utf-8")
            arguments.page.write_text(report.replace_between_markers(text, BEGIN, END, page), encoding="utf-8")
    except (ValueError, OSError, ImportError, FloatingPointError) as error:
        print(f"usdrl benchmark: {error}", file=sys.stderr)
        return 1
    print(page)
    return 0


def _only(arguments: argparse.Namespace) -> list[str]:
    return ["--only", *arguments.only] if arguments.only else []
