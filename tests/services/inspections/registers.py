"""Problems, 绿色通道 requests and hints, with only what a test is about spelled out."""

import datetime as dt
import hashlib
import io
from typing import Any

from contract import certification, targets
from contract.message import Event, Said
from contract.words import Role
from runtime.config import Config
from runtime.files import Files
from tests.services.inspections.builders import TODAY, an_actor, an_id, noon

REPORTER = an_actor(Role.REPORTER, "changan-reporter", region="130102", organisation="石家庄市长安区住建局")
REVIEWER = an_actor(Role.REPORT_REVIEWER, "changan-reviewer", region="130102", organisation="石家庄市长安区政府")
OWNER = an_actor(Role.REPORTER, "changan-finance", region="130102", organisation="石家庄市长安区财政局")
ELSEWHERE = an_actor(Role.REPORTER, "tangshan", region="130200", organisation="唐山市人民政府")
HOUSING = an_actor(Role.REPORTER, "housing", organisation="省住房城乡建设厅")
EDUCATION = an_actor(Role.REPORTER, "education", organisation="省教育厅")
LAND_OFFICE = an_actor(Role.REPORTER, "land", organisation="省自然资源厅")  # owns no indicator


def a_matter(**changes: Any) -> dict[str, Any]:
    """The command."""
    command = {
        "target_id": "2.1",
        "region": "130102",
        "kind": "资金",
        "title": "老旧小区改造资金缺口",
        "text": "二期12个小区配套资金尚缺1230万元",
        "owner": OWNER["organisation"],
        "due_on": (TODAY + dt.timedelta(days=30)).isoformat(),
    }
    return {name: value for name, value in (command | changes).items() if value is not None}


def a_request(**changes: Any) -> dict[str, Any]:
    """The command."""
    command = {
        "target_id": "2.1",
        "region": "130102",
        "step": "土地供应",
        "addressed_to": LAND_OFFICE["organisation"],
        "subject": "改造用地预审",
        "text": "3个小区需在8月底前取得用地预审意见",
    }
    return {name: value for name, value in (command | changes).items() if value is not None}


def handed_in(settings: Config, content: bytes = b"receipt") -> dict[str, Any]:
    """A document, as a command names it."""
    stored = Files(settings).write(io.BytesIO(content), filename="a.pdf", limit=1 << 20)
    return {"file_id": stored.file_id, "sha256": stored.sha256, "title": "拨款凭证"}


def an_anomaly(key: str = "same_every_month:11.1:130102:2023-02", **changes: Any) -> Said:
    """As targets, or with ``service="certification"`` certification, says it."""
    event: type[Event] = targets.AnomalyNoticed
    if changes.pop("service", "targets") == "certification":
        event = certification.AnomalyNoticed
    data = {
        "anomaly_key": key,
        "kind": "逐月雷同",
        "target_id": "11.1",
        "region": "130102",
        "noticed_on": TODAY,
        "measures": {"from_month": "2023-02", "to_month": "2023-04", "months": 3, "each": "50"},
        **changes,
    }
    id = hashlib.sha256(repr(sorted(data.items())).encode()).hexdigest()[:24]
    envelope = event.said(id=id, subject=an_id(key), about=key, at=noon(TODAY), **data)
    return Event.heard(envelope | {"seq": 1})
