"""Finds every small change of a module, and draws some of them by a seed."""

import ast
import random
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from parso.tree import NodeOrLeaf

from tests.mutants.operators import all_operators

OPERATORS = all_operators()


@dataclass(frozen=True, order=True)
class Mutation:
    """``occurrence``: the how-manieth place in the module where the operator can change something."""

    module: str
    line: int
    operator: str
    occurrence: int

    def applied(self, source: str) -> str:
        changed = mutate_code(source, OPERATORS[self.operator], self.occurrence)
        assert changed is not None, self
        return changed


def of(module: str, source: str) -> list[Mutation]:
    """All of a module's, but for those that change nothing that the program does: see `_left_out`."""
    nodes = list(ast_nodes(get_ast(source)))
    found = []
    for name, operator in OPERATORS.items():
        occurrence = -1
        for node in nodes:
            for start, _ in operator.mutation_positions(node):
                occurrence += 1
                if not _left_out(name, node, start):
                    found.append(Mutation(module, start[0], name, occurrence))
    return sorted(found)


def sample(mutations: Iterable[Mutation], count: int, seed: int, root: Path) -> list[Mutation]:
    """By lines of code, each line as likely as any other, and of a line one of its mutations: otherwise a module
    full of sums would be looked at ten times as often as one full of refusals."""
    by_line: dict[tuple[str, int], list[Mutation]] = defaultdict(list)
    for one in sorted(mutations):
        by_line[one.module, one.line].append(one)
    drawn = random.Random(seed)
    lines = sorted(by_line)
    drawn.shuffle(lines)
    chosen = (drawn.choice(by_line[line]) for line in lines)
    return list(islice((one for one in chosen if changes(one, root)), count))


def changes(one: Mutation, root: Path) -> bool:
    """Whether what becomes of the module is Python, and another program."""
    source = (root / one.module).read_text(encoding="utf-8")
    try:
        return ast.dump(ast.parse(one.applied(source))) != ast.dump(ast.parse(source))
    except SyntaxError:
        return False


_TELLING = ("log", "logger", "print", "Counter", "Gauge", "Histogram", "HANDLED", "PARKED", "KEYS", "RETRIED")
_LAYOUT = re.compile(  # of a sheet
    r"^(sheet|book|self\.book|self\._book)\."
    r"(set_\w+|add_format|freeze_panes|repeat_rows|fit_to_pages|autofilter|center_horizontally|merge_range)\(|^Column\("
)
_METRICS = (".inc(", ".observe(", ".set(", ".labels(", ".time()")
_SILENT = ("frozen", "slots", "kw_only", "exist_ok", "parents", "daemon", "strict", "maxsize", "repr", "name", "prog")
_PLAIN_DECORATORS = ("dataclass", "lru_cache", "cache", "override")


def _left_out(operator: str, node: NodeOrLeaf, start: tuple[int, int]) -> bool:
    """What a test has no business to notice: type annotations, `__all__`, what is logged or measured, options that
    change no result, the layout of a sheet, and by how much exactly a module's constant waits, keeps or fills
    (`LEASE = 30` against 31)."""
    if operator == "LeaveOutArgument":
        argument = next(child for child in node.children if child.start_pos == start)
        if argument.children[0].value in _SILENT:
            return True
    for above in _upwards(node):
        if above.type in ("annassign", "tfpdef", "import_from", "import_name"):
            return True
        if above.type == "operator" and _is_annotation(above):
            return True
        if above.type in ("atom_expr", "power", "simple_stmt") and _tells(above):
            return True
        if above.type == "argument" and above.children[0].get_code().strip() in _SILENT:
            return True
        if above.type == "expr_stmt" and above.children[0].get_code().strip() == "__all__":
            return True
        if above.type == "if_stmt" and "__name__" in above.children[1].get_code():
            return True
        if above.type == "funcdef" and any(node is leaf for leaf in _annotations(above)):
            return True
    if operator == "RemoveDecorator":
        return node.get_code().strip().lstrip("@").split("(")[0] in _PLAIN_DECORATORS
    if operator == "AddNot":  # another operator turns these round
        condition = node.children[2 if node.type == "test" else 1]
        return condition.type == "not_test" or condition.get_code().rstrip().endswith(" None")
    return operator == "NumberReplacer" and _is_a_constants(node)


def _upwards(node: NodeOrLeaf) -> Iterable[Any]:
    while node is not None:
        yield node
        node = node.parent


def _is_annotation(node: NodeOrLeaf) -> bool:
    """`X | None` of a parameter, a field or an answer."""
    return any(above.type in ("annassign", "tfpdef") for above in _upwards(node))


def _annotations(function: Any) -> Iterable[NodeOrLeaf]:
    return [] if function.annotation is None else ast_nodes(function.annotation)


def _tells(node: Any) -> bool:
    code = node.get_code(include_prefix=False)
    head = code.split("(")[0].split(".")[0].split("[")[0].strip()
    if head in _TELLING or _LAYOUT.match(code):
        return True
    return head.isupper() and any(name in code for name in _METRICS)


def _is_a_constants(node: NodeOrLeaf) -> bool:
    """Whether it stands in a module-level `NAME = …` of upper-case letters."""
    for above in _upwards(node):
        if above.type in ("funcdef", "classdef"):
            return False
        if above.type == "expr_stmt":
            return above.children[0].get_code().strip().strip("_").replace("_", "").isupper()
    return False


def read(root: Path, modules: Iterable[str]) -> list[Mutation]:
    return [one for module in modules for one in of(module, (root / module).read_text(encoding="utf-8"))]
