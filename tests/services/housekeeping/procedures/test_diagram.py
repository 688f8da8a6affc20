import re
from pathlib import Path

from services.housekeeping.procedures.diagram import diagram, targets
from services.housekeeping.procedures.domain import all_procedures, procedure

DOCS = Path(__file__).parents[4] / "docs" / "housekeeping.md"


def test_the_diagram_in_the_docs_is_the_one_that_the_data_draws() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for version, of in all_procedures().items():
        drawn = re.search(rf"<!-- {version} -->\n```mermaid\n(.*?)```\n<!-- /{version} -->", text, re.DOTALL)
        assert drawn, f"docs/housekeeping.md has no diagram of {version}"
        assert drawn[1] == diagram(of), (
            f"the procedure has changed: python -m services.housekeeping.procedures.diagram {version} --write"
        )


def test_every_step_is_drawn() -> None:
    of = procedure("stars-2")
    drawn = diagram(of)
    for step in of.transitions.values():
        for source in step.sources:
            for target in targets(of, step, source):
                assert f"{source} --> {target} : {step.title}" in drawn
