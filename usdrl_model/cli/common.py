"""What commands share: where the work is done, how its result is given, and what becomes of an error."""

from __future__ import annotations

import argparse
import json
import logging
import re
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from usdrl_model.errors.missing import advice
from usdrl_model.errors.shown import MESSAGE, cut, reason, shown
from usdrl_model.files.atomic_file import check_no_folder, write_text
from usdrl_model.files.suffix import suffix

if TYPE_CHECKING:
    import torch

    from usdrl_model.checkpoints.loaded_detector import LoadedDetector
    from usdrl_model.online.pretrained import Pretrained

EXPECTED = (ValueError, OSError, ImportError, FloatingPointError, MemoryError)
"""What bad input, missing files and libraries, a training that collapsed and too little memory raise."""
BAG_FILES = (".mcap", ".db3", ".zstd", ".bag")
PART_ENDINGS = (*BAG_FILES, ".yaml", ".yml", ".npy", ".npz", ".safetensors")
PART_NAMES = ("index.json", "config.json")
"""Of the files that bags, stores, recordings and weights consist of; others beside them are what commands wrote."""
MOST_THREADS = 1024
NO_MEMORY = ("allocate memory", "out of memory", "not enough memory")
"""What PyTorch says, in an error without a type of its own, when there is too little memory."""


class Defaults(argparse.ArgumentDefaultsHelpFormatter):
    """Help with the defaults that say something: neither None nor False nor an empty text."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        says_nothing = action.default is None or action.default is False or action.default == ""
        return action.help if says_nothing else super()._get_help_string(action)


class Once(argparse.Action):
    """An option that is refused a second time, where one might think that several are taken."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        """Store the value; ends the command where there is one already."""
        given = vars(namespace).setdefault("given_once", {})  # a value alone may be the default, in so many words
        if self.dest in given:
            parser.error(f"{option}: expected once, got {given[self.dest]} and {values}")
        given[self.dest] = values
        setattr(namespace, self.dest, values)


def add_machine(verb: argparse.ArgumentParser, threads: int = 0) -> None:
    """Add the options that ``device`` reads; ``threads`` is the default, 1 for a model too small to gain from more."""
    verb.add_argument("--device", default="auto", type=device_name, help="auto, cpu, cuda or cuda:N (default: auto)")
    verb.add_argument("--threads", type=int, default=threads, help=f"CPU threads, 0: all cores (default: {threads})")


def add_purpose(verb: argparse.ArgumentParser) -> None:
    """Add the option that asks for weights of which a product may be made."""
    verb.add_argument(
        "--terms",
        choices=["commercial"],
        help="refuse data and starting weights whose terms do not allow a commercial use (default: any terms)",
    )


def device_name(text: str) -> str:
    """A value of ``--device``; ArgumentTypeError for any other."""
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", text):
        raise argparse.ArgumentTypeError(f"expected auto, cpu, cuda or cuda:N, got {shown(text)}")
    return text


def add_result(verb: argparse.ArgumentParser) -> None:
    """Add the options that ``result`` reads."""
    verb.add_argument("--json", action="store_true", help="print the result as JSON")
    verb.add_argument("--out", type=Path, help="also write it to this file, as JSON")


def result(arguments: argparse.Namespace, content: Mapping[str, Any]) -> bool:
    """Write and print a result as JSON, as asked for; True where it was printed.

    Raises:
        OSError: the file of ``--out`` cannot be written.
    """
    text = json.dumps(content, indent=1, allow_nan=False) + "\n"
    if arguments.out:
        write_text(arguments.out, text)
    if arguments.json:
        print(text, end="")
    return bool(arguments.json)


def check_resume(arguments: argparse.Namespace) -> None:
    """Refuse to mix results: FileExistsError where ``--out`` holds finished cells and ``--resume`` is not given."""
    if not arguments.resume and any((arguments.out / "cells").glob("*.json")):
        raise FileExistsError(f"{arguments.out} holds results already: go on with --resume, or choose another folder")


def training_command(arguments: argparse.Namespace, *verb: str) -> str:
    """The command line that repeats a training or a calibration, as the weights and their card say it.

    Args:
        arguments: of the command.
        verb: the words before its options.
    """
    names = ("config", "data", "out", "terms")  # a calibration has no terms to ask for
    given = [(f"--{name}", getattr(arguments, name, None)) for name in names]
    options = [word for name, value in given if value is not None for word in (name, str(value))]
    return shlex.join(["usdrl", *verb, *options, *arguments.overrides])


def check_new(out: Path) -> None:
    """Refuse to write over what is there: FileExistsError unless nothing is at ``out``, or an empty folder."""
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise FileExistsError(f"{out} is there already: choose another name, or remove it")


def check_output(option: str, out: Path | None, *inputs: str | Path | None) -> None:
    """Refuse to write over what is read, before any work.

    Args:
        option: that names ``out``, for the message.
        out: the file to write; None: none.
        inputs: files and folders that are read; names of what is no file, and None, are passed over.

    Raises:
        ValueError: ``out`` is an input, or a file that belongs to one.
        IsADirectoryError: ``out`` is a folder.
    """
    if out is None:
        return
    if any(_belongs(out, Path(one)) for one in inputs if one):
        raise ValueError(f"{option} {out} is part of the input: choose another name")
    check_no_folder(out)


def _belongs(out: Path, source: Path) -> bool:
    if not out.exists() or not source.exists():
        return False
    if out.samefile(source):
        return True
    if source.is_dir():
        files = [*source.rglob("*"), *source.glob("*/*")]  # of the two, only the second goes into linked folders
    else:  # labels and metadata are beside the messages of a bag
        files = list(source.parent.glob("*")) if suffix(source) in BAG_FILES else []
    return any(_is_part(file) and file.exists() and out.samefile(file) for file in files)


def _is_part(file: Path) -> bool:
    return suffix(file) in PART_ENDINGS or file.name in PART_NAMES


def check_folder(out: Path) -> None:
    """Refuse a single file where a detector is to be written; ValueError."""
    if suffix(out) == ".safetensors":
        raise ValueError(f"{out}: expected a folder, because detectors are loaded from folders: give one")


def device(arguments: argparse.Namespace) -> torch.device:
    """The device that was asked for; from here on this process uses the threads that were asked for.

    Raises:
        ValueError: no such device on this machine.
    """
    import torch  # here, because "usdrl --help" must not wait for it

    from usdrl_model.network.device import choose_device

    if threads := cpu_threads(arguments):
        torch.set_num_threads(threads)
    return choose_device(arguments.device)


def check_machine(arguments: argparse.Namespace) -> None:
    """Refuse, before anything is read, the options of ``add_machine`` that cannot be; ValueError."""
    cpu_threads(arguments)
    if arguments.device.startswith("cuda"):
        from usdrl_model.network.device import choose_device

        choose_device(arguments.device)


def detector(arguments: argparse.Namespace) -> LoadedDetector:
    """The detector of ``--weights``, on what ``add_machine`` offers; a file that needs no torch is loaded without it.

    Raises:
        ValueError: no such device, or as ``load.load``; FileNotFoundError and ImportError as that.
    """
    from usdrl_model.inference import load

    return load.load(arguments.weights, arguments.device, threads=cpu_threads(arguments))


def add_stream(verb: argparse.ArgumentParser) -> None:
    """Add the options that ``pretrained`` reads, but for the device."""
    verb.add_argument(
        "--weights",
        action=Once,
        default="default",
        help="shipped detector, folder or .onnx file (default: %(default)s)",
    )
    add_beside(verb)


def add_beside(verb: argparse.ArgumentParser) -> None:
    """Add the options for what is told beside ``--weights``."""
    verb.add_argument(
        "--pair-weights", default="", metavar="WEIGHTS", help="of two people, beside them: pairs, or a folder"
    )
    verb.add_argument("--gestures", default="", metavar="FOLDER", help="of enrolled gestures to tell too")
    verb.add_argument(
        "--gesture-weights", default="", metavar="WEIGHTS",
        help="that tell gestures (default: --weights, or hri beside streaming ones)",
    )  # fmt: skip


def pretrained(arguments: argparse.Namespace) -> Pretrained:
    """What ``add_stream`` offers, on the device that was asked for.

    Raises:
        ValueError: weights for gestures without a folder of them.
    """
    from usdrl_model.online.pretrained import Pretrained

    if arguments.gesture_weights and not arguments.gestures:
        raise ValueError("--gesture-weights: no gestures to tell with them: give --gestures a folder")
    return Pretrained(
        weights=arguments.weights,
        pair_weights=arguments.pair_weights,
        gestures=arguments.gestures,
        gesture_weights=arguments.gesture_weights,
        device=arguments.device,
    )


def cpu_threads(arguments: argparse.Namespace) -> int | None:
    """Those of ``add_machine``; None: all. ValueError for a number that cannot be."""
    if not 0 <= arguments.threads <= MOST_THREADS:
        raise ValueError(f"--threads: expected 0 (all cores) to {MOST_THREADS}, got {arguments.threads}")
    return arguments.threads or None


def reported(
    program: str, work: Callable[[argparse.Namespace], int | None], *also: type[Exception]
) -> Callable[[argparse.Namespace], int]:
    """Work as a command does it: its exit status or 0; 1 and one line on stderr for an error.

    Args:
        program: name of the command with its verb, which begins the line.
        work: what it does.
        also: errors that are expected besides ``EXPECTED``.
    """
    expected: tuple[type[Exception], ...] = (*EXPECTED, *also)

    def run(arguments: argparse.Namespace) -> int:
        logging.basicConfig(format="%(message)s")
        try:
            return work(arguments) or 0
        except ModuleNotFoundError as error:
            print(f"{program}: {advice(error)}", file=sys.stderr)
            return 1
        except BrokenPipeError:  # "| head" has seen enough
            sys.stderr.close()
            return 1
        except expected as error:
            print(f"{program}: {cut(reason(error) or 'not enough memory', MESSAGE)}", file=sys.stderr)
            return 1
        except RuntimeError as error:
            if not any(words in str(error) for words in NO_MEMORY):
                raise
            wanted = re.search(r"tried to allocate ([\d.]+ \w+)", str(error))
            much = f" for {wanted[1]} at once" if wanted else ""
            print(f"{program}: not enough memory{much}: take a smaller batch, or a smaller model", file=sys.stderr)
            return 1

    return run
