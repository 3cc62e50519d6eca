"""YAML and JSON of others costs what its text is worth, and never the process."""

import subprocess
import sys
from pathlib import Path

import pytest

from usdrl_model.files.documents import parse_json, parse_yaml, read_yaml

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


@pytest.mark.parametrize(
    ("text", "base"), [("a: 1\nstride: 010", 8), ("a: -07", 8), ("{a: 1,\n b: 1:30}", 60), ("- x\n- 1:30:00.5", 60)]
)
def test_numbers_that_are_others_than_they_look_are_refused(tmp_path: Path, text: str, base: int) -> None:
    with pytest.raises(ValueError, match=rf"line {text.count(chr(10)) + 1}: .* is a number to the base of {base}"):
        parse_yaml(text)
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    assert read_yaml(tmp_path / "x.yaml", of_ros=True)


def test_other_numbers_and_texts_are_read_as_they_are() -> None:
    text = "{a: 0, b: 0.5, c: 0x10, d: '010', e: \"1:30\", f: -7, g: 1e3, h: 10:x, i: +1.5}"
    assert list(parse_yaml(text).values()) == [0, 0.5, 16, "010", "1:30", -7, "1e3", "10:x", 1.5]


@pytest.mark.parametrize("text", ['{"rate": 1, "x": 2, "rate": 3}', '[{"a": {"rate": 1, "rate": 1}}]'])
def test_a_key_that_is_there_twice_in_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="x.json: not JSON .the key 'rate' is there twice"):
        parse_json(text, "x.json")
    assert parse_json('[{"a": 1}, {"a": {"a": 2}}]', "x.json") == [{"a": 1}, {"a": {"a": 2}}]


def test_the_key_that_is_there_twice_is_found_behind_many_others() -> None:
    keys = [*range(40_000), 39_999]
    with pytest.raises(ValueError, match="x.json: not JSON .the key '39999' is there twice"):
        parse_json("{" + ",".join(f'"{key}":0' for key in keys) + "}", "x.json")
