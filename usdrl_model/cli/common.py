"""What the verbs of the ``usdrl`` command share: where the work is done, and what becomes of an error."""

from __future__ import annotations

import argparse
import logging
import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from usdrl_model.errors.missing import advice
from usdrl_model.errors.shown import MESSAGE, cut

if TYPE_CHECKING:
    import torch

EXPECTED = (ValueError, OSError, ImportError, FloatingPointError, MemoryError)
"""What bad input, missing files and libraries, a training that collapsed and too little memory raise."""


MOST_THREADS = 1024
NO_MEMORY = ("allocate memory", "out of memory", "not enough memory")
"""What PyTorch says, in an error without a type of its own, when there is too little memory."""


def add_machine(verb: argparse.ArgumentParser) -> None:
    """Add the options that ``device`` reads."""
    verb.add_argument("--device", default="auto", help="auto, cpu or cuda (default: auto)")
    verb.add_argument("--threads", type=int, default=0, help="CPU threads (default: 0, all cores)")


def device(arguments: argparse.Namespace) -> torch.device:
    """The device that was asked for; from here on this process uses the threads that were asked for.

    Raises:
        ValueError: no such device on this machine.
    """
    import torch  # here, because "usdrl --help" must not wait for it

    from usdrl_model.network.device import choose_device

    if not 0 <= arguments.threads <= MOST_THREADS:
        raise ValueError(f"--threads: expected 0 (all cores) to {MOST_THREADS}, got {arguments.threads}")
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    return choose_device(arguments.device)


def reported(name: str, work: Callable[[argparse.Namespace], None]) -> Callable[[argparse.Namespace], int]:
    """Work as a verb does it: exit status 0, or 1 and one line on stderr that says what is wrong."""

    def run(arguments: argparse.Namespace) -> int:
        logging.basicConfig(format="%(message)s")
        try:
            work(arguments)
        except ModuleNotFoundError as error:
            print(f"usdrl {name}: {advice(error)}", file=sys.stderr)
            return 1
        except EXPECTED as error:
            print(f"usdrl {name}: {cut(str(error) or 'not enough memory', MESSAGE)}", file=sys.stderr)
            return 1
        except RuntimeError as error:
            if not any(words in str(error) for words in NO_MEMORY):
                raise
            wanted = re.search(r"tried to allocate ([\d.]+ \w+)", str(error))
            much = f" for {wanted[1]} at once" if wanted else ""
            print(f"usdrl {name}: not enough memory{much}: take a smaller batch, or a smaller model", file=sys.stderr)
            return 1
        return 0

    return run
