"""``usdrl-check``: inspects a running source of skeletons and says which parameters to set, in order.

::

    usdrl-check                                  # the topic and the parameters of the perception node that runs
    usdrl-check /camera/skeletons                # a topic, with the default parameters
    usdrl-check --ros-args --params-file perception.yaml -p topology:=k4abt_32

It listens for some seconds and reads what it heard with other parameters until people look like people. Let somebody
stand before the sensor meanwhile, and raise a hand.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from typing import Any

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter

from usdrl_model.errors.shown import MESSAGE, cut, reason
from usdrl_model.plausibility.findings import Finding, Level
from usdrl_ros.checking.advice import Step, advise
from usdrl_ros.checking.graph import Graph, Perception
from usdrl_ros.checking.hearing import Hearing
from usdrl_ros.checking.report import Report
from usdrl_ros.checking.trial import Trial, reader, run
from usdrl_ros.diagnostics import graph_checks
from usdrl_ros.inputs.conversion import levelled_by
from usdrl_ros.inputs.options import PREFIX, values
from usdrl_ros.inputs.registry import Input, find
from usdrl_ros.inputs.tf_listener import KEPT, tf_listener
from usdrl_ros.messages.types import type_name
from usdrl_ros.parameters import values as parameters
from usdrl_ros.parameters.declarations import NAMES, PARAMETERS
from usdrl_ros.parameters.names import check_given, warn_of_unread
from usdrl_ros.parameters.values import PerceptionConfig
from usdrl_ros.processes.executables import split
from usdrl_ros.processes.lifecycle import initialise

DISCOVERY = 1.5
"""Seconds for which names and subscriptions of a node that is known are waited for, and a node that is not needed."""


def inspect(graph: Graph, topic: str = "", *, node: str = "", seconds: float = 8.0, wait: float = 3.0) -> Report:
    """Inspect a source.

    Args:
        graph: of a node with the parameters of the perception node.
        topic: empty: that of the perception node, or of the parameter ``topic``.
        node: name of the perception node, if several run.
        seconds: to listen.
        wait: seconds to wait for a perception node, unless the topic alone is given, for a publisher, and then for its
            first message.

    Raises:
        ValueError: several perception nodes run, or none of that name; parameters that are not allowed.
    """
    perception = _perception(graph, node, wait if node or not topic else min(wait, DISCOVERY))
    before = _config(graph.node, perception)
    expected = type_name(find(before.input_type).message_type)
    if not topic and perception is not None:
        topic = graph.topic_of(perception.name, before.topic, expected, DISCOVERY)
    asked = graph.node.resolve_topic_name(topic or before.topic)
    topic, config, steps, absent = _found_source(graph, asked, before, wait)
    findings = [perception.trouble] if perception is not None and perception.trouble else []
    graph.wait(lambda: graph.names(topic), DISCOVERY if graph.publishers(topic) else 0.0)
    publishers = graph.names(topic)
    report = Report(
        topic=asked,
        publishers=publishers,
        perception="" if perception is None else perception.name,
        config=before,
        options={},
        messages=0,
        trial=None,
        steps=steps,
        findings=(),
    )
    if absent is not None:
        return replace(report, findings=(absent, *findings))
    if perception is not None:
        findings += graph.misfits(topic, expected, perception.name)
    source = find(config.input_type)
    given = _given(graph, perception, source) if config.input_type == before.input_type else {}
    options = values(source.adapter.options, given)
    defaults = {option.name: option.default for option in source.adapter.options}
    report = replace(report, options={name: value for name, value in given.items() if value != defaults[name]})
    looks_up = levelled_by(config) == "target_frame" or source.adapter.tf
    # What is heard is read when all of it has come, and again with every change.
    tf = tf_listener(graph.node, lambda error: None, wait + seconds + KEPT) if looks_up else None
    with closing(tf) if tf else nullcontext():
        reading = reader(source, options, config, topic, tf.buffer if tf else None)
        hearing = Hearing(graph, source.message_type, topic, *reading, report.perception)
        with closing(hearing):
            messages = hearing.listen(seconds, wait)
            further = hearing.troubles()
        if perception is not None:
            findings += graph.inference_trouble(perception.name)
        findings += graph.camera_trouble(topic)
        if not messages:
            text = f"no message on {topic} for {wait:g} s: check that the tracker runs"
            return replace(report, findings=(Finding("silent", Level.ERROR, text), *findings))
        buffer = tf.buffer if tf else None

        def read(tried: PerceptionConfig) -> Trial:
            if tried.input_type == config.input_type:
                return run(messages, source, options, tried, topic, buffer, len(publishers))
            other = find(tried.input_type)
            return run(messages, other, values(other.adapter.options, {}), tried, topic, buffer, len(publishers))

        advice = advise(config, read)
    return replace(
        report,
        messages=sum(not one.topic for one in messages),
        trial=advice.last,
        steps=(*steps, *advice.steps),
        others=(*steps, *advice.others) if advice.others else (),
        findings=(*further, *findings, *advice.last.findings),
    )


def _found_source(
    graph: Graph, topic: str, config: PerceptionConfig, wait: float
) -> tuple[str, PerceptionConfig, tuple[Step, ...], Finding | None]:
    """Where the skeletons are.

    Returns:
        the topic, the settings that read its type, the steps to both, and what keeps it from being heard.
    """
    steps = []
    graph.wait(lambda: graph.publishers(topic), wait)
    if not graph.publishers(topic):
        absent = graph_checks.nobody_publishes(topic, graph.candidates())
        if absent.change is None:
            return topic, config, (), absent
        topic = str(absent.change[1])
        steps.append(Step("topic", topic, absent))
    types = {end.topic_type for end in graph.publishers(topic)}
    expected = type_name(find(config.input_type).message_type)
    if expected not in types:
        other = graph_checks.other_type(topic, types, expected)
        if other.change is None:
            return topic, config, tuple(steps), other
        config = replace(config, input_type=str(other.change[1]))
        steps.append(Step("input_type", config.input_type, other))
    return topic, config, tuple(steps), None


def _perception(graph: Graph, name: str, wait: float) -> Perception | None:
    graph.wait(lambda: graph.perceptions(name) and not graph.discovering, wait)
    found = graph.perceptions(name)
    if len(found) > 1:
        raise ValueError(f"several perception nodes run ({', '.join(found)}): choose one with --node")
    if name and not found:
        raise ValueError(f"no node {name} runs in this ROS_DOMAIN_ID: see `ros2 node list`, or leave --node out")
    return graph.perception(found[0]) if found else None


def _config(node: Node, perception: Perception | None) -> PerceptionConfig:
    """The parameters that were given, then those of the perception node, then the defaults."""
    given = set(node._parameter_overrides)  # rclpy has no public access to them
    known = {} if perception is None else perception.parameters
    if known.get("use_sim_time") and "use_sim_time" not in given:
        node.set_parameters([Parameter("use_sim_time", value=True)])
    changes = {one.name: known[one.name] for one in PARAMETERS if one.name in known and one.name not in given}
    return parameters.read(node, changes)


def _given(graph: Graph, perception: Perception | None, source: Input) -> dict[str, Any]:
    """The parameters of the adapter, ``input.<name>``: those that were given, then those of the perception node."""
    given = graph.node._parameter_overrides
    names = [PREFIX + option.name for option in source.adapter.options]
    known = {} if perception is None or not names else graph.parameters(perception.name, names) or {}
    known |= {name: one.value for name, one in given.items() if name.startswith(PREFIX)}
    return {name.removeprefix(PREFIX): value for name, value in known.items()}


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command = argparse.ArgumentParser(
        prog="usdrl-check",
        description="Inspect a running source of skeletons: topic, type, quality of service, rate, stamps, frame,"
        " units, joint set, axes, tilt, left and right, and who is seen. Says which parameters to set, in order. Let"
        " somebody stand before the sensor meanwhile. Parameters are given as to usdrl-perception (--ros-args -p"
        " name:=value); the others are those of the perception node, if one runs, or the defaults.",
        epilog="Exit status: 0 when nothing needs to be changed, 1 when something does, nothing was heard or nobody was"
        " seen.",
    )
    command.add_argument(
        "topic", nargs="?", default="", help="topic (default: that of the perception node, or the parameter topic)"
    )
    command.add_argument("--node", default="", metavar="NAME", help="the perception node, if several run")
    command.add_argument("--seconds", type=float, default=8.0, metavar="S", help="seconds to listen (default: 8)")
    command.add_argument(
        "--wait",
        type=float,
        default=3.0,
        metavar="S",
        help="seconds to wait for the source, and before for a perception node, unless topic is given (default: 3)",
    )
    command.add_argument("--json", action="store_true", help="print the result as JSON")
    return command


def main(arguments: Sequence[str] | None = None) -> int:
    """Inspect; 0 when nothing needs to be changed, else 1."""
    own, ros = split(sys.argv[1:] if arguments is None else arguments)
    command = parser()
    options = command.parse_args(own)
    if not (0.5 <= options.seconds <= 120.0 and 0.0 <= options.wait <= 600.0):
        command.error("--seconds: expected 0.5 to 120, and --wait 0 to 600")
    try:
        initialise(["usdrl-check", *ros])
        node = rclpy.create_node("usdrl_check")
        parameters.declare(node)
        check_given(node, NAMES)
        warn_of_unread(node, ros)
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        report = inspect(
            Graph(node, executor), options.topic, node=options.node, seconds=options.seconds, wait=options.wait
        )
    except (ParameterException, ValueError) as error:
        print(f"usdrl-check: {cut(reason(error), MESSAGE)}", file=sys.stderr)
        return 1
    finally:
        rclpy.try_shutdown()
    print(json.dumps(report.document(), indent=2) if options.json else report.text())
    return 0 if report.fine else 1


if __name__ == "__main__":
    sys.exit(main())
