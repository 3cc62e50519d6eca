"""Arguments of a launch file -> parameters of its node, checked before any process is started.

>>> parameters({"topology": "k4abt_32", "sensor_pose": "[0, 0, 1.2, 0, 0.3, 0]", "axes": ""})
{'topology': 'k4abt_32', 'sensor_pose': [0.0, 0.0, 1.2, 0.0, 0.3, 0.0]}
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from usdrl_model.errors.nearest import hint
from usdrl_model.errors.shown import shown
from usdrl_ros.inputs.options import TYPES
from usdrl_ros.parameters.declaration import Declaration, check
from usdrl_ros.parameters.declarations import PARAMETERS

NAMES = (
    "topic",
    "input_type",
    "topology",
    "axes",
    "units",
    "mirrored",
    "target_frame",
    "sensor_pose",
    "watch",
    "weights",
    "pair_weights",
    "robot_skeleton",
    "gestures",
    "gesture_weights",
    "device",
    "autostart",
)
"""Parameters that are also launch arguments: those that describe the source, the weights and their gestures."""
SIM_TIME = "use_sim_time"
"""A parameter of every node, and a launch argument."""
_DECLARED = {parameter.name: parameter for parameter in PARAMETERS}
DESCRIPTIONS: Mapping[str, str] = {
    **{name: _DECLARED[name].text for name in NAMES},
    SIM_TIME: "true: use the time on /clock, for replayed bags and simulations",
}
_READERS: Mapping[type, Callable[[str], Any]] = {
    bool: lambda text: {"true": True, "false": False}[text.lower()],
    int: int,
    float: float,
    str: str,
}


def parameters(given: Mapping[str, str], declared: Mapping[str, Declaration] = _DECLARED) -> dict[str, Any]:
    """The values of the arguments that are not empty, as parameters of the node.

    Args:
        given: name of a parameter -> text of its argument.
        declared: the parameters of the node by name; default: of the perception node.

    Raises:
        ValueError: a text that is not a value of the parameter, or not an allowed one.
    """
    return {name: _value(name, text, declared) for name, text in given.items() if text.strip()}


def check_names(words: Iterable[str], known: Iterable[str]) -> None:
    """Refuse words ``name:=value`` of a command line with unknown names.

    Raises:
        ValueError: the message names the nearest one.
    """
    names = list(known)
    for word in words:
        name, assigned, _ = word.partition(":=")
        if assigned and name not in names:
            meant = hint(name, names, f"; there are {', '.join(names)}")
            raise ValueError(f"there is no argument {shown(name)}{meant}")


def _value(name: str, text: str, declared: Mapping[str, Declaration]) -> Any:
    if name == SIM_TIME:
        return _read(name, text, bool)
    parameter = declared[name]
    kind = type(parameter.default)
    value = _list(parameter, text) if kind is list else _read(name, text, kind)
    check(parameter, value)
    return value


def _list(declared: Declaration, text: str) -> list[Any]:
    """``[a, b]``, ``a, b`` and ``a b`` alike."""
    words = text.strip().removeprefix("[").removesuffix("]").replace(",", " ").split()
    kind = type(declared.default[0])
    if not words and kind is str:
        return [""]  # launch cannot pass an empty list, and nodes read this as one
    return [_read(declared.name, word.strip("'\""), kind) for word in words]


def _read(name: str, text: str, kind: type) -> Any:
    try:
        return _READERS[kind](text.strip())
    except (ValueError, KeyError):
        raise ValueError(f"{name}: expected {TYPES[kind]}, got {text!r}") from None
