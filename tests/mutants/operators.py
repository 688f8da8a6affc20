"""Which small changes are tried: cosmic-ray's own, and some of the kinds that a program over events and documents is
made of: a statement left out, a named argument left out, an entry of a document left out, another database operator."""

from collections.abc import Iterator
from typing import Any

import parso
from cosmic_ray.operators.exception_replacer import ExceptionReplacer
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator
from parso.python.tree import Keyword, Name, PythonNode, String
from parso.tree import NodeOrLeaf

_COMPARED = "Eq_NotEq Eq_GtE Eq_LtE NotEq_Eq Is_IsNot IsNot_Is Lt_LtE Lt_GtE LtE_Lt LtE_Gt LtE_Eq Gt_GtE Gt_LtE GtE_Gt"
_RECKONED = "Add_Sub Sub_Add Mul_FloorDiv Div_Mul FloorDiv_Mul Mod_FloorDiv BitOr_BitAnd BitAnd_BitOr"
_OF_COSMIC_RAY = (
    *("AddNot", "ReplaceAndWithOr", "ReplaceOrWithAnd", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue"),
    *("ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "NumberReplacer"),
    *("RemoveDecorator", "ZeroIterationForLoop", "ReplaceUnaryOperator_Delete_Not", "ReplaceUnaryOperator_Delete_USub"),
    *(f"ReplaceComparisonOperator_{pair}" for pair in f"{_COMPARED} GtE_Lt GtE_Eq".split()),
    *(f"ReplaceBinaryOperator_{pair}" for pair in _RECKONED.split()),
)

_DATABASE = {
    "$max": "$set",
    "$set": "$setOnInsert",
    "$setOnInsert": "$set",
    "$inc": "$set",
    "$gt": "$gte",
    "$gte": "$gt",
    "$lt": "$lte",
    "$lte": "$lt",
    "$in": "$nin",
    "$nin": "$in",
    "$ne": "$eq",
    "$push": "$set",
    "$addToSet": "$push",
    "$and": "$or",
    "$or": "$and",
    "$first": "$last",
    "$last": "$first",
}


class DatabaseOperator(Operator):
    """`$max` becomes `$set`, `$gt` becomes `$gte`, and so on."""

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[Any]:
        if isinstance(node, String) and node.value.strip("\"'") in _DATABASE:
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> NodeOrLeaf:
        node.value = f'"{_DATABASE[node.value[1:-1]]}"'
        return node

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


class LeaveOutStatement(Operator):
    """A call for its effect, a refusal, an assignment into something: none of it happens."""

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[Any]:
        if node.type == "simple_stmt" and _has_effect(node.children[0]):
            yield node.children[0].start_pos, node.children[0].end_pos

    def mutate(self, node: Any, index: int) -> NodeOrLeaf:
        node.children[0] = Keyword("pass", node.start_pos, prefix=node.children[0].get_first_leaf().prefix)
        return node

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


class LeaveOutArgument(Operator):
    """`found(at=at, by=by)` becomes `found(at=at)`."""

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[Any]:
        for part in _arguments(node):
            yield part.start_pos, part.end_pos

    def mutate(self, node: Any, index: int) -> NodeOrLeaf:
        return _without(node, [list(_arguments(node))[index]])

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


class LeaveOutEntry(Operator):
    """`{"a": 1, "b": 2}` becomes `{"a": 1}`: of a query, an update, a record or an answer."""

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[Any]:
        for entry in _entries(node):
            yield entry[0].start_pos, entry[-1].end_pos

    def mutate(self, node: Any, index: int) -> NodeOrLeaf:
        return _without(node, list(_entries(node))[index])

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


def _has_effect(node: NodeOrLeaf) -> bool:
    if node.type == "expr_stmt":
        target, sign = node.children[:2]
        return getattr(sign, "value", "") not in ("=", "") or target.get_last_leaf().value == "]"
    return node.type in ("atom_expr", "power", "raise_stmt", "del_stmt")


def _arguments(node: NodeOrLeaf) -> Iterator[NodeOrLeaf]:
    """The named arguments of a call, where one can go and others stay."""
    if node.type == "arglist" and node.parent is not None and node.parent.type == "trailer":
        for child in node.children:
            if child.type == "argument" and getattr(child.children[1], "value", "") == "=":
                yield child


def _entries(node: NodeOrLeaf) -> Iterator[list[NodeOrLeaf]]:
    if node.type != "dictorsetmaker" or not any(getattr(child, "value", "") == ":" for child in node.children):
        return
    entry: list[NodeOrLeaf] = []
    for child in [*node.children, None]:
        if child is None or getattr(child, "value", "") == ",":
            if len(entry) == 3:
                yield entry
            entry = []
        else:
            entry.append(child)


def _without(node: PythonNode, parts: list[NodeOrLeaf]) -> PythonNode:
    """With the comma that follows them, or the one before the last."""
    first = node.children.index(parts[0])
    last = first + len(parts)
    if last < len(node.children):
        last += 1
    elif first > 0:
        first -= 1
    del node.children[first:last]
    if not node.children:
        node.children = [parso.parse("")]
    return node


class ReplaceException(ExceptionReplacer):
    """cosmic-ray's takes all that is caught for plain names, and ends at `except rabbit.NotConfirmed`."""

    @staticmethod
    def _name_nodes(node: Any) -> tuple[Name, ...]:
        return tuple(part for part in ExceptionReplacer._name_nodes(node) if isinstance(part, Name))


OURS = (DatabaseOperator, ReplaceException, LeaveOutStatement, LeaveOutArgument, LeaveOutEntry)


def all_operators() -> dict[str, Operator]:
    theirs = {name: get_operator(f"core/{name}")() for name in _OF_COSMIC_RAY}
    return theirs | {operator.__name__: operator() for operator in OURS}
