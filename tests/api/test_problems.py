"""Every code that the program can say has its paragraph."""

import ast
import re

from fastapi import FastAPI
from starlette.testclient import TestClient

from maskloop.api.problems import install_problem_handlers
from maskloop.api.session import SessionDep
from maskloop.core.db import driver
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
