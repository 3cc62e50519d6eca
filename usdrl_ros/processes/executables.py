"""The commands of the package: each has a ``--help``, and says in one line what is not installed.

What does the work is imported here and not by the executable itself, so that a missing library is no traceback.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

from usdrl_model.errors.missing import advice
from usdrl_model.errors.shown import open_streams, piped, reason
from usdrl_ros.processes.children import Terminated

BAGS = ("rosbags", "matplotlib", "rich", "tqdm")
"""What commands around bags need besides ROS and the model: the extra ``bags``."""
COMMANDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "usdrl-bag": ("usdrl_ros.bags.command", ("rosbags", "tqdm")),
    "usdrl-check": ("usdrl_ros.checking.check", ()),
    "usdrl-play": ("usdrl_ros.bags.play", ("rosbags",)),
    "usdrl-evaluate-bag": ("usdrl_ros.bags.evaluate", ("rosbags", "matplotlib", "tqdm")),
    "usdrl-demo": ("usdrl_ros.demo.demo", BAGS),
    "usdrl-mcp": ("usdrl_ros.agents.mcp_server", ("mcp",)),
    "usdrl-performer": ("usdrl_ros.demo.performer_node", ()),
}
"""Command -> the module that does its work, and what it needs beyond the imports of that module."""
STOPPED, TERMINATED = 130, 143
"""Status of a program that Ctrl-C or SIGTERM ended, as shells expect it."""


def bag() -> int:
    """``usdrl-bag``."""
    return _run("usdrl-bag")


def check() -> int:
    """``usdrl-check``."""
    return _run("usdrl-check")


def demo() -> int:
    """``usdrl-demo``."""
    return _run("usdrl-demo")


def evaluate_bag() -> int:
    """``usdrl-evaluate-bag``."""
    return _run("usdrl-evaluate-bag")


def mcp() -> int:
    """``usdrl-mcp``."""
    return _run("usdrl-mcp")


def performer() -> int:
    """``usdrl-performer``."""
    return _run("usdrl-performer")


def play() -> int:
    """``usdrl-play``."""
    return _run("usdrl-play")


def split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The arguments of a program itself, and those of ROS: ``--ros-args`` and what follows."""
    at = list(arguments).index("--ros-args") if "--ros-args" in arguments else len(arguments)
    return list(arguments[:at]), list(arguments[at:])


def asks_for_help(arguments: Sequence[str]) -> bool:
    """Whether ``-h`` or ``--help`` is among the arguments that are not ROS's own."""
    own, _ = split(arguments)
    return "-h" in own or "--help" in own


def show_help(text: str) -> int:
    """Print a help; the exit status is 0, also where "| head" has seen enough, and 1 where it cannot be written."""
    try:
        with piped():
            print(text)
    except OSError as error:
        print(f"{Path(sys.argv[0]).name}: {reason(error)}", file=sys.stderr)
        return 1
    return 0


def without(program: str, text: str, error: ImportError, arguments: Sequence[str]) -> int:
    """What a program does that lacks a library: 0 after its help, else 1 and one line on stderr."""
    what = advice(error, BAGS) if isinstance(error, ModuleNotFoundError) else str(error)
    if asks_for_help(arguments):
        return show_help(f"{text.strip()}\n\nNot everything is installed: {program} {what}")
    print(f"{program}: {what}", file=sys.stderr)
    return 1


def _run(program: str) -> int:
    """Run a command; what it needs beyond the imports of its module is missed at once, and not after the work."""
    open_streams()
    module, needs = COMMANDS[program]
    try:
        for name in needs:
            if importlib.util.find_spec(name) is None:
                raise ModuleNotFoundError(name, name=name)
        main = importlib.import_module(module).main
    except ImportError as error:
        return without(program, _text(module), error, sys.argv[1:])
    except KeyboardInterrupt:  # Ctrl-C while libraries are loaded
        return STOPPED
    status = 0
    try:
        with piped():
            status = int(main())
        return status
    except OSError as error:  # what was printed could not be written
        print(f"{program}: {reason(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as stop:
        print(f"{program}: stopped", file=sys.stderr)
        return TERMINATED if isinstance(stop, Terminated) else STOPPED


def _text(module: str) -> str:
    """The docstring of a module that cannot be imported."""
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"no module {module}", name=module)
    return ast.get_docstring(ast.parse(Path(found.origin).read_text(encoding="utf-8"))) or ""
