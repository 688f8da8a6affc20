"""All that the audit looks at, in the order in which it is reported."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import cached_property, partial
from itertools import chain

from audit import bulletins, counting, counts, logs, projections, records, recount, rules, sealed, snapshots, tree
from audit.books import SERVICES, Books
from audit.logs import Anchor

Faults = Iterator[str]
_UNREADABLE = (KeyError, IndexError, TypeError, ValueError, ArithmeticError, AttributeError)


class Audit:
    """What several checks compare with is made once. ``anchors``: heads that somebody has on paper. ``sealed``: what is
    sealed is opened too, which takes a while."""

    def __init__(self, books: Books, anchors: Sequence[Anchor] = (), *, sealed: bool = False) -> None:
        self.books = books
        self._anchors = anchors
        self._sealed = sealed
        self.plan = rules.read(books.config.plan_file)

    @cached_property
    def count(self) -> counting.Count:
        return counting.count(self.books, self.plan)

    @cached_property
    def steps(self) -> recount.Steps:
        return recount.steps(self.books, self.plan)

    def totals(self) -> dict[str, Decimal]:
        """By indicator, what the records come to, wherever they come to anything."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        try:
            for (indicator, *_), value in self.steps.items():
                found[indicator] += value
        except _UNREADABLE:
            return {}  # named by the checks
        return dict(sorted(found.items()))

    def checks(self) -> dict[str, Callable[[], Faults]]:
        """By what each one looks at."""
        books = self.books
        found: dict[str, Callable[[], Faults]] = {}
        for service in SERVICES:
            found[f"{service} 事件日志前后相连，且至链首"] = partial(logs.log_faults, books, service)
            found[f"{service} 记录与写入日志时一致"] = partial(records.imprint_faults, books, service)
            found[f"{service} 记录与其最新事件一致"] = partial(records.shared_faults, books, service)
        for one in projections.PROJECTIONS:
            found[f"{one.keeper} 所存 {one.collection} 与 {one.service} 日志一致"] = partial(
                projections.faults, books, one
            )
        found |= {
            "各处所载的日志位置与链首": self._places,
            "审定数均经第二人审核": partial(records.review_faults, books),
            "市级认定均经省级第二人确认": partial(records.recognition_faults, books),
            "认定变更均经第二人确认": partial(records.change_faults, books),
            "停止授牌的异议均经受理，未决的不予授牌": partial(records.objection_faults, books),
            "由原始记录重新清点，与日志一致": lambda: recount.faults(self.count, self.steps),
            "分录逐条出自日志": lambda: counts.entry_faults(books, self.count),
            "计数依据逐项一致": lambda: counts.standing_faults(books, self.count),
            "公布数逐日逐地区一致": lambda: counts.rollup_faults(books, self.steps),
            "分录的位次连续": lambda: counts.place_faults(books, self.count),
            "水位与队列相符": partial(counts.watermark_faults, books),
            "目标分解与日志一致": partial(tree.goal_faults, books),
            "快照逐格重算，与锁定时的摘要相符": lambda: snapshots.faults(books, self.plan, self.count),
            "通报及其文件与印发时一致": partial(bulletins.faults, books),
            "通报经三人起草、核稿、签发": partial(bulletins.person_faults, books),
            "更正通报的逐条依据与印发时一致": partial(bulletins.annex_faults, books),
            "所附文件均在": partial(bulletins.file_faults, books),
            "抽样可凭种子重抽": partial(tree.sample_faults, books),
            "样本单位与所抽一致": partial(projections.unit_faults, books),
            "异常线索与日志一致": partial(projections.hint_faults, books),
            "填报附言与日志一致": partial(projections.remark_faults, books),
        }
        if self._sealed:
            found["加密内容可以解开，且属同一人"] = partial(sealed.faults, books)
        return found

    def faults(self, check: Callable[[], Faults]) -> Faults:
        """Those of one check; a record that cannot be read at all is one."""
        try:
            yield from check()
        except _UNREADABLE as error:
            yield f"{self.books.last}：记录残缺或类型有误（{type(error).__name__}: {error}）"

    def _places(self) -> Faults:
        return logs.anchor_faults(self.books, chain(logs.stored_anchors(self.books), self._anchors))
