"""Reports and who files them, with only what a test is about spelled out."""

import io
import secrets
from typing import Any

from runtime.config import Config
from runtime.files import Files

REPORTER: dict[str, Any] = {
    "client_id": "reporter-130102",
    "role": "reporter",
    "region": "130102",
    "organisation": "石家庄市长安区人民政府",
    "scopes": ["reports:read", "reports:write"],
}
UNIT_REPORTER = REPORTER | {"client_id": "reporter-130100", "region": "130100", "organisation": "石家庄市人民政府"}
PROVINCE_REPORTER = REPORTER | {
    "client_id": "reporter-130000",
    "region": "130000",
    "organisation": "省政务服务管理办公室",
}
HOUSING_REPORTER = PROVINCE_REPORTER | {"client_id": "housing-1", "organisation": "省住房城乡建设厅"}
REVIEWER = REPORTER | {
    "client_id": "reviewer-130100",
    "role": "report_reviewer",
    "region": "130100",
    "organisation": "石家庄市发展改革委",
    "scopes": ["reports:read", "reports:review"],
}
PROVINCE_REVIEWER = REVIEWER | {
    "client_id": "reviewer-130000",
    "region": "130000",
    "organisation": "省政务服务管理办公室",
}
HOUSING_REVIEWER = PROVINCE_REVIEWER | {"client_id": "housing-2", "organisation": "省住房城乡建设厅"}
BOTH = REPORTER | {"client_id": "both", "scopes": ["reports:read", "reports:write", "reports:review"]}
OUTSIDER = REPORTER | {"client_id": "partner", "scopes": ["targets:read"]}

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def hand_in(settings: Config, content: bytes | None = None, title: str = "竣工验收单") -> dict[str, str]:
    """A file in the store, as a command names it; by default a PDF of its own."""
    stored = Files(settings).write(
        io.BytesIO(content if content is not None else PDF + secrets.token_bytes(8)), filename="a.pdf", limit=2**25
    )
    return {"file_id": stored.file_id, "sha256": stored.sha256, "title": title}


def a_report(proof: list[dict[str, str]] | None = None, /, **changes: Any) -> dict[str, Any]:
    """The command: 老旧小区改造 of 长安区 in March. What is None is left out."""
    command: dict[str, Any] = {
        "target_id": "2.1",
        "region": "130102",
        "period": "2023-03",
        "cumulative": "10",
        "evidence": proof or [],
    }
    return {name: value for name, value in (command | changes).items() if value is not None}
