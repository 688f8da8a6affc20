"""A procedure as it is drawn, for docs/housekeeping.md.

python -m services.housekeeping.procedures.diagram VERSION            its state diagram (Mermaid)
python -m services.housekeeping.procedures.diagram VERSION --write    puts it into docs/housekeeping.md
"""

import argparse
import re
import sys
from pathlib import Path

from services.housekeeping.procedures.domain import (
    BACK,
    INQUIRED,
    STAYS,
    Procedure,
    Transition,
    all_procedures,
    procedure,
)

_DOCS = Path(__file__).parents[3] / "docs" / "housekeeping.md"

_TITLES = {
    "applicant": "申请人",
    "county": "县级",
    "city": "市级",
    "province": "省级",
    "anyone": "任何人",
    "clock": "到期",
}


def diagram(of: Procedure) -> str:
    """A Mermaid state diagram, one line a step."""
    lines = ["stateDiagram-v2"]
    lines += [f"    {state.name} : {state.title}" for state in of.states.values()]
    lines.append(f"    [*] --> {next(iter(of.states))}")
    for step in of.transitions.values():
        for source in step.sources:
            label = f"{step.title}（{_TITLES[of.office(step, source)]}）"
            lines += [f"    {source} --> {target} : {label}" for target in targets(of, step, source)]
    lines += [f"    {state.name} --> [*]" for state in of.states.values() if state.final]
    return "\n".join(lines) + "\n"


def targets(of: Procedure, step: Transition, source: str) -> tuple[str, ...]:
    """Every state that a step can lead to from ``source``."""
    if step.to == STAYS:
        return (source,)
    if step.to == BACK:
        sent_back = (each for each in of.transitions.values() if each.effect == "open_cure")
        return tuple(source for each in sent_back for source in each.sources)
    if step.to == INQUIRED:
        return ("inquiry", "on_notice", "notice_ended")
    return (step.to,)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m services.housekeeping.procedures.diagram")
    parser.add_argument("version", choices=sorted(all_procedures()))
    parser.add_argument("--write", action="store_true", help="into docs/housekeeping.md")
    options = parser.parse_args(arguments)
    drawn, version = diagram(procedure(options.version)), options.version
    if not options.write:
        sys.stdout.write(drawn)
        return 0
    text, between = (
        _DOCS.read_text(encoding="utf-8"),
        re.compile(f"(<!-- {version} -->\n).*?(<!-- /{version} -->)", re.DOTALL),
    )
    if not between.search(text):
        print(
            f"{_DOCS} has no place for {version}: put <!-- {version} --> and <!-- /{version} --> there", file=sys.stderr
        )
        return 1
    _DOCS.write_text(between.sub(lambda found: f"{found[1]}```mermaid\n{drawn}```\n{found[2]}", text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
