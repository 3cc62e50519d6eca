"""YAML of others costs what its text is worth, and never the process."""

import subprocess
import sys

import pytest

from usdrl_model.files.documents import parse_yaml

DEEP = {"flow lists": "[", "block lists": "- ", "keys": "? ", "flow mappings": "{a: "}


@pytest.mark.parametrize("kind", DEEP)
def test_depth_is_refused_before_anything_recurses(kind: str) -> None:
    # In a process of its own: what this is about ends it with a signal.
    code = f"from usdrl_model.files.documents import parse_yaml; parse_yaml({DEEP[kind]!r} * 100_000)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "levels of YAML: 51" in ended.stderr


def test_siblings_are_not_depth() -> None:
    assert parse_yaml("[" + ", ".join(["[1]"] * 1000) + "]") == [[1]] * 1000
    assert parse_yaml("") is None


@pytest.mark.parametrize("text", ["wave: 1\nclap: 2\nwave: 3\n", "a: {wave: 1,\n clap: 2,\n wave: 3}"])
def test_a_key_that_is_there_twice_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="the key 'wave' is there twice, in lines 1 and 3"):
        parse_yaml(text)


def test_a_key_in_two_mappings_or_of_two_types_is_there_once() -> None:
    assert parse_yaml("a: &one {wave: 1}\nb: {wave: 2}\nc: *one\n1: x\n'1': y") == {
        "a": {"wave": 1}, "b": {"wave": 2}, "c": {"wave": 1}, 1: "x", "1": "y",
    }  # fmt: skip
