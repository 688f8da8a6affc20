"""Who is handed a session reads and writes in it: what is left out would be done whatever becomes of the transaction,
and read from before it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted(path for folder in ("runtime", "services") for path in (ROOT / folder).rglob("*.py"))
_OF_COLLECTIONS = re.compile(
    r"aggregate|bulk_write|count_documents|distinct|find(_one(_and_\w+)?)?|(delete|insert|update|replace)_(one|many)"
)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.Lambda]:
    """Those that are handed a session."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            arguments = node.args
            if any(one.arg == "session" for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)):
                yield node


def outside(source: str) -> list[int]:
    """Lines of calls to a collection that leave the session at hand out."""
    return sorted(
        {
            call.lineno
            for function in functions(ast.parse(source))
            for call in ast.walk(function)
            if isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and _OF_COLLECTIONS.fullmatch(call.func.attr)
            and not any(
                keyword.arg == "session" or (isinstance(keyword.value, ast.Name) and keyword.value.id == "session")
                for keyword in call.keywords
            )
            and not any(isinstance(value, ast.Name) and value.id == "session" for value in call.args)
        }
    )


def test_a_call_that_leaves_the_session_out_is_found() -> None:
    assert outside(
        "def f(self, session):\n    self.rows.find_one({})\n    self.rows.find_one({}, session=session)"
    ) == [2]
    assert outside("def f(self):\n    self.rows.find_one({})") == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_whoever_is_handed_a_session_leaves_it_out_of_no_call(path: Path) -> None:
    assert outside(path.read_text(encoding="utf-8")) == []
