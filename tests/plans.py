"""Plans for tests."""

import re
from pathlib import Path

WHOLE = Path(__file__).resolve().parents[1] / "plan" / "hebei-2023.toml"
ITEMS = (4, 5, 6, 8, 12, 13, 14, 17, 19, 20)  # of every kind of indicator one: the sample ledger takes half as long


def some_items(folder: Path) -> Path:
    """The plan with ITEMS only, as a file in ``folder``."""
    head, *indicators = WHOLE.read_text(encoding="utf-8").split("[[indicators]]")
    kept = [text for text in indicators if int(re.findall(r"^item = (\d+)$", text, re.MULTILINE)[0]) in ITEMS]
    path = folder / "some-items.toml"
    path.write_text("[[indicators]]".join([head, *kept]), encoding="utf-8")
    return path
