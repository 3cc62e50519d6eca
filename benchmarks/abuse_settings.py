"""Lifecycle transitions and parameters at random while data flows; afterwards the node is set right and must work."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from abuse_report import Options, Row, stop_at
from abuse_robot import PATIENCE, Asking, Robot
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.srv import DescribeParameters, ListParameters, SetParameters, SetParametersAtomically
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger

from usdrl_ros.parameters.values import PARAMETERS, Declaration
from usdrl_ros.processes.children import Child

TRANSITIONS = (
    Transition.TRANSITION_CONFIGURE,
    Transition.TRANSITION_ACTIVATE,
    Transition.TRANSITION_DEACTIVATE,
    Transition.TRANSITION_CLEANUP,
)
SHUTDOWNS = range(5, 8)
"""Transitions that end a node for good, which is another part's."""
UPWARDS = {"unconfigured": TRANSITIONS[0], "inactive": TRANSITIONS[1]}
SLOW = 60.0
"""Seconds that a transition may take: weights are loaded."""
STRANGE: tuple[Any, ...] = (
    float("nan"), float("inf"), -1.0, 0.0, 1e300, 0, -1, 2**62, "", "x" * 5000, "cpu", "a\n[FATAL] b", True, False,
    [], ["wave"], ["wave", "", "wave"], ["dance"], [0.0] * 6, [float("nan")] * 6, [1e9] * 7, [1, 2],
)  # fmt: skip


def run(options: Options) -> Iterator[Row]:
    """One row."""
    chance = random.Random(options.seed)
    performer = ["-m", "usdrl_ros.demo.performer_node", "--ros-args", "-p", "loop:=true", "-p", "people:=3"]
    performer += ["-p", "axes:=kinect", "-p", f"seed:={options.seed}"]
    did, said, wrong = Counter[str](), Counter[str](), list[str]()
    # What cannot be configured is said as FATAL.
    with Robot("point_cloud", ["autostart:=false"], worst=("Traceback",)) as robot:
        before = robot.memory()
        with Child("performer", performer) as data, Asking() as asking:
            end = stop_at(options.settings_minutes)
            while time.monotonic() < end and not robot.child.ended():
                data.check()
                what, kind, name, request = action(chance)
                answer = robot.ask(kind, name, request, SLOW if kind is ChangeState else PATIENCE)
                did[what] += 1
                if answer is None:
                    wrong.append(f"no answer to action {did.total()}, {what} {request}")
                    break
                said[f"{what} {accepted(answer)}"] += 1
                robot.peer.spin(chance.choice((0.0, 0.0, 0.05, 0.3)))
        after = robot.memory()
        if not robot.child.ended():
            wrong += _set_right(robot)
        wrong += robot.end()
    if asking.answers["unanswered"]:
        wrong.append(f"{asking.answers['unanswered']:.0f} questions were not answered")
    if wrong:
        wrong.insert(0, f"repeat with --only settings --seed {options.seed}")
    yield Row(
        what="transitions and parameters at random",
        tried=did.total(),
        good=0 if wrong else did.total(),
        measured=f"accepted {said['transition True']} of {did['transition']} transitions, {said['parameters True']} of"
        f" {did['parameters']} changes of parameters; {asking.measured()};"
        f" {before:.0f} MiB before, {after:.0f} after",
        failures=wrong,
    )


def action(chance: random.Random) -> tuple[str, type, str, Any]:
    """What to ask for next: its kind in a word, the service's type and name, and the request."""
    kind = chance.random()
    if kind < 0.3:
        transition = Transition(
            id=chance.choice((*TRANSITIONS, *TRANSITIONS[:2], *TRANSITIONS[:2], chance.randrange(256)))
        )
        if transition.id in SHUTDOWNS:
            transition.id = TRANSITIONS[0]
        return "transition", ChangeState, "change_state", ChangeState.Request(transition=transition)
    if kind < 0.8:
        changes = [change(chance) for _ in range(chance.choice((1, 1, 1, 2, 5)))]
        if chance.random() < 0.8:
            return "parameters", SetParameters, "set_parameters", SetParameters.Request(parameters=changes)
        request = SetParametersAtomically.Request(parameters=changes)
        return "parameters", SetParametersAtomically, "set_parameters_atomically", request
    if kind < 0.85:
        return "parameters", SetParametersAtomically, "set_parameters_atomically", right()
    if kind < 0.9:
        return "reset", Trigger, "reset", Trigger.Request()
    if kind < 0.95:
        return "describe", DescribeParameters, "describe_parameters", DescribeParameters.Request(names=["hold", "no"])
    return "list", ListParameters, "list_parameters", ListParameters.Request()


def change(chance: random.Random) -> ParameterMessage:
    """A parameter with a value that may be right, wrong, or of another type."""
    parameter = chance.choice(PARAMETERS)
    name = parameter.name if chance.random() < 0.95 else chance.choice(("use_sim_time", "no_such_one", "a.b.c", ""))
    value = plausible(parameter, chance) if chance.random() < 0.7 else chance.choice(STRANGE)
    return Parameter(name, value=value).to_parameter_msg()


def plausible(parameter: Declaration, chance: random.Random) -> Any:
    """A value that somebody might give."""
    if parameter.choices:
        return chance.choice(parameter.choices)
    if parameter.limits is None or chance.random() < 0.3:
        return parameter.default
    low, high = parameter.limits
    if isinstance(parameter.default, int):
        return chance.choice((int(low), int(high), chance.randint(int(low), int(high)), int(low) - 1, int(high) + 1))
    return chance.choice((low, high, chance.uniform(low, high), low - 1e-6, high + 1e-6))


def right() -> SetParametersAtomically.Request:
    """What sets the node as it was at the beginning."""
    mine = {"axes": "kinect", "autostart": False}
    values = [Parameter(p.name, value=mine.get(p.name, p.default)).to_parameter_msg() for p in PARAMETERS]
    values.append(Parameter("use_sim_time", value=False).to_parameter_msg())
    return SetParametersAtomically.Request(parameters=values)


def accepted(answer: Any) -> bool:
    """Whether the node did what it was asked for."""
    if hasattr(answer, "results"):
        return all(result.successful for result in answer.results)
    if hasattr(answer, "result"):
        return bool(getattr(answer.result, "successful", True))
    return bool(getattr(answer, "success", True))


def _set_right(robot: Robot) -> list[str]:
    """Bring the node to what it was made for: down, its own parameters, up; what was wrong with that."""
    for transition in (Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CLEANUP):
        robot.ask(ChangeState, "change_state", ChangeState.Request(transition=Transition(id=transition)), SLOW)
    answer = robot.ask(SetParametersAtomically, "set_parameters_atomically", right(), SLOW)
    if answer is None or not answer.result.successful:
        return [f"its own parameters were refused: {answer}"]
    for _ in UPWARDS:
        state = robot.ask(GetState, "get_state", GetState.Request(), PATIENCE)
        if state is not None and state.current_state.label in UPWARDS:
            transition = Transition(id=UPWARDS[state.current_state.label])
            robot.ask(ChangeState, "change_state", ChangeState.Request(transition=transition), SLOW)
    robot.listening()
    return []
