"""What stands in a cell of a sheet instead of a value. It is no text and not empty: a default in its place would be
made up."""

from collections.abc import Sequence

from contract import identifying

NO_VALUE = "#未计算"  # a formula whose result was not stored with it
MERGED = "#合并单元格"  # part of a merged area whose value is another cell's
_ERRORS = frozenset(
    {"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"}
    | {"#FIELD!", "#BLOCKED!", "#CONNECT!", "#BUSY!", "#UNKNOWN!", "#GETTING_DATA"}
)


def unreadable(text: str) -> tuple[str, str, str] | None:
    """Code, Chinese and English of why a cell with this text has no value; None when it has one."""
    if not text.startswith("#"):
        return None
    if text == NO_VALUE:
        zh = "单元格是公式，文件中没有保存计算结果：请在表格软件中打开并保存，或改为填写内容本身"
        return (
            "formula_without_value",
            zh,
            "is a formula whose result was not stored: save it in a spreadsheet",
        )
    if text == MERGED:
        zh = "单元格已合并，不能确定该行的内容：请取消合并并逐行填写"
        return "cell_merged", zh, "is merged, so that the row's own value is not known: unmerge it and fill in each row"
    if (error := identifying.number(text)) in _ERRORS or set(error) == {"#"}:
        zh = f"单元格是错误值（{error}），无法读取：请更正公式或改为填写内容本身"
        return "cell_error", zh, f"is an error value ({error}): correct the formula, or type the value"
    return None


def heading(text: str) -> str:
    """A heading as it is compared."""
    return identifying.name(text).replace(" ", "")


def is_header(cells: Sequence[str], headings: frozenset[str]) -> bool:
    """Whether enough of the headings are here, so that a row is meant as the header though it may not be right."""
    return len({heading(cell) for cell in cells if cell} & headings) >= 5
