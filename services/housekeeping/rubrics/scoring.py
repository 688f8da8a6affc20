"""What rubric and scores come to: a pure function, shown with its working. No clock, no store, no opinion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import combinations

from contract.applications import MarksInvalid
from contract.errors import field_error
from services.housekeeping.rubrics.domain import Rubric

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Score:
    """What one reviewer says: points for each item of the rubric, and the vetoes that they assert."""

    marks: Mapping[str, Decimal]
    vetoes: tuple[str, ...] = ()

    @property
    def total(self) -> Decimal:
        return sum(self.marks.values(), Decimal(0))


@dataclass(frozen=True, slots=True)
class Outcome:
    """``settled``: no further score is needed. ``stars``: 0 where none are earned. ``working``: 中文 and English."""

    settled: bool
    third_called: bool
    score: Decimal | None
    stars: int | None
    vetoed: tuple[str, ...]
    gap: Decimal | None
    working: tuple[tuple[str, str], ...]


def check(score: Score, rubric: Rubric) -> None:
    """Raises MarksInvalid naming every item that is missing, unknown, or outside 0 to its weight."""
    faults = []
    items = {item.id: item for item in rubric.items}
    for missing in items.keys() - score.marks.keys():
        faults.append(field_error("/marks", "missing", f"缺少评分项“{items[missing].title}”", f"{missing} has no mark"))
    for name, points in score.marks.items():
        if name not in items:
            faults.append(field_error("/marks", "unknown", "评分标准中没有此项", f"{name[:30]} is not in the rubric"))
        elif not 0 <= points <= items[name].weight or points != points.quantize(_CENT):
            zh = f"“{items[name].title}”应为0至{items[name].weight}分，最多两位小数"
            faults.append(
                field_error("/marks", "range", zh, f"{name} must be 0 to {items[name].weight}, two decimals at most")
            )
    for veto in set(score.vetoes) - {veto.id for veto in rubric.vetoes}:
        faults.append(field_error("/vetoes", "unknown", "评分标准中没有此否决项", f"{veto[:30]} is not in the rubric"))
    if faults:
        raise MarksInvalid(
            "评分有误，请按所列项目更正", "the marks have errors; correct what is listed", sorted(faults, key=str)
        )


def outcome(rubric: Rubric, scores: Sequence[Score]) -> Outcome:
    """``scores`` in the order of the seats, one each.

    Two totals no further apart than the gap: their mean. Further apart, or only one of two asserts a veto: a third is
    called. Then the mean of the two totals that lie closest (of all three where two pairs are as close), and a veto
    holds that most of the three assert. Means have two decimals, halves rounded up.
    """
    totals = [score.total for score in scores]
    working = [
        (f"第{seat}位评审：{total}分", f"reviewer {seat}: {total} points") for seat, total in enumerate(totals, start=1)
    ]
    if len(scores) < rubric.reviewers:
        need = rubric.reviewers - len(scores)
        working.append((f"还需{need}份评分", f"{need} more to come"))
        return Outcome(False, False, None, None, (), None, tuple(working))

    first = scores[: rubric.reviewers]
    gap = max(totals[: rubric.reviewers]) - min(totals[: rubric.reviewers])
    split = _split(first)
    third_called = gap > rubric.gap or bool(split)
    above = ">" if gap > rubric.gap else "≤"
    working.append((f"分差{gap} {above} {rubric.gap}", f"gap {gap} {above} {rubric.gap}"))
    if split:
        names = "、".join(_title(rubric, veto) for veto in split)
        working.append((f"对一票否决意见不一：{names}", f"not agreed on the vetoes {', '.join(split)}"))
    if third_called and len(scores) == rubric.reviewers:
        working.append(("须第三位评审", "a third reviewer is called"))
        return Outcome(False, True, None, None, (), gap, tuple(working))

    if third_called:
        used, how = _closest(totals)
        vetoed = tuple(sorted({veto for s in scores for veto in s.vetoes if _count(scores, veto) * 2 > len(scores)}))
    else:
        used, how = totals, ("取平均", "their mean")
        vetoed = tuple(sorted(set(first[0].vetoes)))
    score = (sum(used, Decimal(0)) / len(used)).quantize(_CENT, ROUND_HALF_UP)
    shown = " + ".join(str(total) for total in used)
    working.append((f"{how[0]}：（{shown}）÷ {len(used)} = {score}", f"{how[1]}: ({shown}) / {len(used)} = {score}"))
    stars = rubric.stars_for(score)
    if vetoed:
        stars = 0
        names = "、".join(_title(rubric, veto) for veto in vetoed)
        working.append((f"一票否决：{names}", f"vetoed: {', '.join(vetoed)}"))
    bounds = "，".join(f"{each}星≥{least}" for each, least in rubric.stars)
    working.append((f"{bounds}；结果：{stars or '不予'}星", f"stars: {stars}"))
    return Outcome(True, third_called, score, stars, vetoed, gap, tuple(working))


def _closest(totals: Sequence[Decimal]) -> tuple[list[Decimal], tuple[str, str]]:
    pairs = sorted(combinations(totals, 2), key=lambda pair: abs(pair[0] - pair[1]))
    near, next_near = pairs[0], pairs[1]
    if abs(near[0] - near[1]) == abs(next_near[0] - next_near[1]):
        return list(totals), ("两对同样接近，取三者平均", "two pairs are as close: the mean of all three")
    return list(near), ("取最接近的两者平均", "the mean of the two that lie closest")


def _split(scores: Sequence[Score]) -> tuple[str, ...]:
    asserted = {veto for score in scores for veto in score.vetoes}
    return tuple(sorted(veto for veto in asserted if _count(scores, veto) < len(scores)))


def _count(scores: Sequence[Score], veto: str) -> int:
    return sum(veto in score.vetoes for score in scores)


def _title(rubric: Rubric, veto: str) -> str:
    return next(each.title for each in rubric.vetoes if each.id == veto)
