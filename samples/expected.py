"""What must come of the samples: found from the rows and people as made, by no service's code."""

import csv
from collections import Counter, defaultdict
from pathlib import Path

from contract import regions
from samples.files import FILES, Made

YEAR = 2023


def counted(made: dict[str, list[Made]]) -> dict[str, int]:
    """People whose first certificate was issued in 2023, by region: found from the people, row by row."""
    held: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in (row for rows in made.values() for row in rows if row.body):
        if row.outcome == "created" and row.counts:
            held[row.body["document_number"]].append((row.body["issued_on"], row.body["region"]))
    counts: Counter[str] = Counter()
    for certificates in held.values():
        issued_on, region = min(certificates)
        if issued_on.startswith(str(YEAR)):
            counts.update(regions.get(region).path)
    return {region.code: counts[region.code] for region in _everywhere()}


def _everywhere() -> list[regions.Region]:
    found = [regions.get(regions.PROVINCE), *regions.units()]
    return found + [county for unit in regions.units() for county in regions.children(unit.code)]


def write_rows(path: Path, made: dict[str, list[Made]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("file", "row", "outcome", "field", "code"))
        for roster in FILES:
            for number, row in enumerate(made[roster.unit], start=2):
                if row.cells:
                    writer.writerow((roster.name, number, row.outcome, row.field, row.code))


def write_counts(path: Path, made: dict[str, list[Made]]) -> None:
    counts = counted(made)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("region", "name", "level", "count"))
        for region in _everywhere():
            writer.writerow((region.code, region.full_name, region.level, counts[region.code]))


def readme(made: dict[str, list[Made]]) -> str:
    counts = counted(made)
    outcomes = Counter(row.outcome for rows in made.values() for row in rows if row.cells)
    lines = [
        "# 样例花名册",
        "",
        "由 `python -m samples.rosters` 生成，请勿手工修改。其中的人都不存在：身份证号的地址码是省、市或已撤销地区的",
        "代码，而真实号码用县级代码；居住证顺序码为 000；手机号段 154 未见放号；评价机构均为虚构。",
        "",
        f"共 {sum(outcomes.values())} 行：建立 {outcomes['created']}，重复 {outcomes['duplicate']}，"
        f"冲突 {outcomes['conflict']}，拒绝 {outcomes['rejected']}。"
        f"按默认口径，2023年新增养老护理员持证人员（12.1）为 **{counts[regions.PROVINCE]}** 人。",
        "",
        "- `rosters/`：每个填报单元一份，按下表顺序导入",
        "- `expected.csv`：每一行应得的结果（`file,row,outcome,field,code`；`row` 为表格行号，表头是第1行；空行不列）",
        "- `expected_counts.csv`：各级地区 12.1 应有的人数，直接由所造的人算出，与任何服务的代码无关",
        "",
        "| 文件 | 编码 | 行 | 建立 | 重复 | 冲突 | 拒绝 | 计入12.1 |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for file in FILES:
        of = Counter(row.outcome for row in made[file.unit] if row.cells)
        lines.append(
            f"| {file.name} | {file.encoding or '—'} | {sum(of.values())} | {of['created']} | {of['duplicate']} "
            f"| {of['conflict']} | {of['rejected']} | {counts[file.unit]} |"
        )
    lines += ["", "## 有意为之的行", "", "| 文件 | 行 | 结果 | 字段 | 代码 | 说明 |", "|---|--:|---|---|---|---|"]
    for file in FILES:
        for number, row in enumerate(made[file.unit], start=2):
            if row.note:
                code = f"`{row.field}` | `{row.code}`" if row.code else " | "
                lines.append(f"| {file.name} | {number} | {row.outcome} | {code} | {row.note} |")
            elif not row.cells:
                lines.append(f"| {file.name} | {number} | — |  |  | 空行：跳过，其后行号不变 |")
    return "\n".join(lines) + "\n"
