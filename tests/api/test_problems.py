"""Every code that the program can say has its paragraph."""

import ast
import re
from collections.abc import Iterator

from fastapi import FastAPI
from starlette.testclient import TestClient

from maskloop.api.problems import install_problem_handlers
from maskloop.api.session import SessionDep
from maskloop.core.db import driver
from tests.conftest import REPOSITORY

CODE = re.compile(r"[a-z]+(-[a-z]+)*")
IN_SQL = re.compile(r"'code', '([a-z-]+)'")
CALLS = {"Refused": 0, "RunnerFailed": 0, "problem": 1, "problem_document": 0, "Item": 6}  # the code's place
NAMES = {"default_code", "code"}
TABLES = {"HTTP_CODES"}  # their values are codes


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _name(node: ast.expr) -> str:
    return getattr(node, "id", getattr(node, "attr", ""))


def _in_call(call: ast.Call) -> list[ast.expr]:
    place = CALLS.get(_name(call.func))
    by_position = call.args[place : place + 1] if place is not None else []
    return by_position + [keyword.value for keyword in call.keywords if keyword.arg == "code"]


def _in_assignment(target: ast.expr, value: ast.expr) -> list[ast.expr]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        return [found for one, found in zip(target.elts, value.elts, strict=True) if _name(one) in NAMES]
    if _name(target) in TABLES and isinstance(value, ast.Dict):
        return value.values
    return [value] if _name(target) in NAMES else []


def _in_pair(pair: ast.Tuple) -> list[ast.expr]:
    """Of the tables (code, sentence)."""
    sentence = pair.elts[1] if len(pair.elts) == 2 else None
    is_sentence = isinstance(sentence, ast.JoinedStr) or (sentence is not None and " " in _text(sentence))
    return pair.elts[:1] if is_sentence else []


def _expressions(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        match node:
            case ast.Call():
                yield from _in_call(node)
            case ast.Assign():
                yield from _in_assignment(node.targets[0], node.value)
            case ast.AnnAssign(value=ast.expr() as value):
                yield from _in_assignment(node.target, value)
            case ast.Dict():
                yield from (
                    value for key, value in zip(node.keys, node.values, strict=True) if key and _text(key) == "code"
                )
            case ast.Tuple():
                yield from _in_pair(node)
            case ast.Constant(value=str() as text):
                yield from (ast.Constant(code) for code in IN_SQL.findall(text))


def _codes_of(tree: ast.AST) -> set[str]:
    return {text for node in _expressions(tree) if CODE.fullmatch(text := _text(node))}


def _codes() -> set[str]:
    sources = (REPOSITORY / "backend" / "maskloop").rglob("*.py")
    return set().union(*(_codes_of(ast.parse(source.read_text())) for source in sources))


def _paragraphs() -> dict[str, str]:
    parts = re.split(r"^### ", (REPOSITORY / "docs" / "problems.md").read_text(), flags=re.MULTILINE)[1:]
    return {part.split("\n", 1)[0]: part.split("\n", 1)[1].strip() for part in parts}


def test_every_code_of_the_program_has_a_paragraph():
    assert len(_codes()) > 140
    assert _codes() - _paragraphs().keys() == set()


def test_every_paragraph_is_about_a_code_of_the_program():
    assert _paragraphs().keys() - _codes() == set()


def test_a_code_is_found_wherever_one_may_stand():
    source = """
code = "one"
outcome, code, reason = "refused", "two", TEXT
TABLE = {"9": ("three", "A waveform: it holds no image")}
LOST = {"code": "four", "title": "Lost"}
raise Refused("five", f"{size} bytes")
raise Conflict("It is closed.", code="six")
Item("noted", name, "Entry", "Not needed", members, size, "seven")
SQL = text("jsonb_build_object('code', 'eight')")
HTTP_CODES = {404: "nine"}
"""
    assert _codes_of(ast.parse(source)) == {"one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}


def test_no_paragraph_is_empty_or_twice():
    text = (REPOSITORY / "docs" / "problems.md").read_text()

    assert all(_paragraphs().values())
    assert text.count("\n### ") == len(_paragraphs())


def test_a_connection_lost_in_a_statement_is_unavailable_and_the_next_one_works(settings):
    app = FastAPI()
    install_problem_handlers(app)

    @app.get("/{function}")
    def ask(function: str, session: SessionDep) -> bool:
        return driver(session).execute(f"SELECT {function}(pg_backend_pid()) IS NOT NULL".encode()).fetchone()[0]

    with TestClient(app) as client:
        answers = [client.get("/pg_terminate_backend"), client.get("/abs")]

    assert [answer.status_code for answer in answers] == [503, 200]
    assert answers[0].json()["code"] == "unavailable"
