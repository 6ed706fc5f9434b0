"""Every code that the program can say has its paragraph."""

import ast
import re

from tests.conftest import REPOSITORY

CODE = re.compile(r"[a-z]+(-[a-z]+)*")
BY_POSITION = {"Refused": 0, "RunnerFailed": 0, "problem": 1}  # calls that take the code without its name


def _codes_of(tree: ast.AST) -> set[str]:
    found: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            found += [keyword.value for keyword in node.keywords if keyword.arg == "code"]
            found += node.args[BY_POSITION[name] :][:1] if name in BY_POSITION else []
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in {"default_code", "code"}:
            found.append(node.value)
    texts = [node.value for node in found if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return {text for text in texts if CODE.fullmatch(text)}


def _paragraphs() -> dict[str, str]:
    parts = re.split(r"^### ", (REPOSITORY / "docs" / "problems.md").read_text(), flags=re.MULTILINE)[1:]
    return {part.split("\n", 1)[0]: part.split("\n", 1)[1].strip() for part in parts}


def test_every_code_of_the_program_has_a_paragraph():
    sources = (REPOSITORY / "backend" / "maskloop").rglob("*.py")
    codes = set().union(*(_codes_of(ast.parse(source.read_text())) for source in sources))

    assert len(codes) > 80
    assert codes - _paragraphs().keys() == set()


def test_no_paragraph_is_empty_or_twice():
    text = (REPOSITORY / "docs" / "problems.md").read_text()

    assert all(_paragraphs().values())
    assert text.count("\n### ") == len(_paragraphs())
