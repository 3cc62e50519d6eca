"""What a docstring says of arguments is what the signature has."""

import ast
import re
from collections.abc import Iterator

import pytest
from helpers.paths import ROOT

Function = ast.FunctionDef | ast.AsyncFunctionDef


def documented(text: str) -> list[str]:
    """The names in an ``Args`` section."""
    section = re.search(r"^Args:\n((?:    .*\n?|\n)*)", text, re.MULTILINE)
    return re.findall(r"^    (\S[^:]*):", section[1], re.MULTILINE) if section else []


def taken(function: Function) -> list[str]:
    """The names of the arguments that a caller gives, in their order."""
    every = function.args
    named = [*every.posonlyargs, *every.args, every.vararg, *every.kwonlyargs, every.kwarg]
    bound = {"self"} | ({"cls"} if "classmethod" in map(ast.unparse, function.decorator_list) else set())
    return [argument.arg for argument in named if argument and argument.arg not in bound]


def signatures(tree: ast.Module) -> Iterator[tuple[str, str, list[str]]]:
    """Name, docstring and arguments of every function, and of every class by its ``__init__`` or its fields."""
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node.name, ast.get_docstring(node) or "", taken(node)
        elif isinstance(node, ast.ClassDef):
            init = [one for one in node.body if isinstance(one, Function) and one.name == "__init__"]
            fields = [ast.unparse(one.target) for one in node.body if isinstance(one, ast.AnnAssign)]
            yield node.name, ast.get_docstring(node) or "", taken(init[0]) if init else fields


@pytest.mark.parametrize("package", ["usdrl_model", "usdrl_ros"])
def test_arguments_are_documented_as_they_are_given(package: str) -> None:
    wrong = {
        f"{path.relative_to(ROOT)}: {name}": (said, arguments)
        for path in sorted((ROOT / package).rglob("*.py"))
        for name, text, arguments in signatures(ast.parse(path.read_text(encoding="utf-8")))
        if (said := documented(text)) and said != arguments
    }
    assert wrong == {}
