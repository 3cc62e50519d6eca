"""docs/commands.md is what the parsers say, and the same option means the same everywhere."""

import argparse
import os
from collections.abc import Iterator
from importlib import import_module, metadata

import pytest
from helpers.paths import ROOT

from usdrl_ros.processes.commands_page import NO_OPTIONS, PARSERS, markdown


def test_the_page_of_commands_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "COLUMNS", "110")
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert page == markdown(), "docs/commands.md is out of date: run make pages"


def leaves(parser: argparse.ArgumentParser, name: str) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not groups:
        yield name, parser
    for group in groups:
        for verb, inner in group.choices.items():
            yield from leaves(inner, f"{name} {verb}")


def options() -> Iterator[tuple[str, str, argparse.Action]]:
    for command, module in PARSERS.items():
        for name, parser in leaves(import_module(module).parser(), command):
            for action in parser._actions:
                for option in action.option_strings:
                    yield name, option, action


def test_no_command_is_left_out() -> None:
    scripts = metadata.distribution("usdrl_ros").entry_points.select(group="console_scripts")
    nodes = {"usdrl-perception", "usdrl-camera"}  # with parameters of ROS alone
    assert {script.name for script in scripts} == {*PARSERS, *NO_OPTIONS, *nodes}


def test_every_command_and_verb_is_on_the_page() -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    for name, option, _ in options():
        assert option in page.partition(f"usage: {name} ")[2].partition("```")[0], (name, option)


def test_one_name_for_one_thing() -> None:
    flags = {"--json", "--resume", "--replace"}
    for name, option, action in options():
        assert option not in {"--output", "--set", "--subject", "--label", "--source"}, name
        assert (option in flags) <= (action.nargs == 0), f"{name} {option} takes a value"
        if option in {"--sets", "--subjects", "--labels"}:
            assert action.nargs == "+", f"{name} {option} takes one"
