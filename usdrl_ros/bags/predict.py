"""``usdrl-bag predict`` and ``gesture``: what people do in a bag that nobody has labelled, and a gesture from it."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from usdrl_model.cli import gestures, predict
from usdrl_model.cli.common import check_machine
from usdrl_ros.bags.described import add_bag, described_bag, rightly_read
from usdrl_ros.bags.to_store import labelled_recording


def add_predict(command: argparse.ArgumentParser) -> None:
    """Add the options that ``predict_bag`` reads."""
    add_bag(command)
    predict.add_predictions(command)


def add_gesture(command: argparse.ArgumentParser) -> None:
    """Add the options that ``enrol_bag`` reads."""
    command.add_argument("label", help="name of the gesture: letters, digits and underscores")
    add_bag(command)
    gestures.add_example(command)


def predict_bag(arguments: argparse.Namespace) -> None:
    """Replay a bag through the pipeline; what is said of it is printed and written as ``usdrl predict`` does.

    Raises:
        BagError: nothing says what the bag holds, or it holds no skeletons.
        ValueError: weights or pictures that cannot be used, or a file to write that is read.
    """
    predict.check(arguments, arguments.bag, arguments.topology)
    bag = described_bag(arguments)
    print(*bag.judgement(), sep="\n", file=sys.stderr)
    # All frames in the order of their messages: the stream judges the stamps, as it does live.
    predict.tell(arguments, [replace(labelled_recording(bag, (), None), frames=bag.frames)])


def enrol_bag(arguments: argparse.Namespace) -> None:
    """Add a span of a bag to the examples of a gesture; errors as ``rightly_read`` and ``gestures.enrol``."""
    check_machine(arguments)
    bag = rightly_read(arguments)
    gestures.enrol(arguments, [(labelled_recording(bag, (), None), gestures.asked(arguments))])
    print(*bag.judgement(), sep="\n", file=sys.stderr)
