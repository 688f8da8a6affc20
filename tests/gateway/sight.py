"""A world with one of everything that is read, made by those whose it is; and everybody who may ask for it."""

import datetime as dt
import io
from types import SimpleNamespace
from typing import Any

from flask import Flask

from contract.words import Role
from gateway import clients, tokens
from runtime import clock
from runtime.config import Config
from runtime.quarantine import Quarantine
from samples.stars import applicant
from services.inspections import store as inspections_store
from services.inspections.service import Inspections
from services.inspections.supervision.job import Overdue
from tests.builders import a_certificate
from tests.gateway.bulletins_refused import Press
from tests.gateway.callers import Caller
from tests.gateway.centres_refused import Bureau
from tests.gateway.matters_refused import Register
from tests.gateway.stars_refused import Stage
from tests.organisations import organisation_of
from tests.programme import Programme, until
from tests.services.inspections.builders import a_plan, handed_in
from tests.services.reports.builders import a_report, hand_in
from tests.services.training.builders import a_code

PROVINCE, CITY, COUNTY, ELSEWHERE = "130000", "130100", "130102", "130200"
NOBODY = "nobody"
_ANYWHERE = (Role.APPLICANT, Role.REVIEWER)  # they have no region
_OFFICES = (Role.CIVIL_AFFAIRS, Role.FEDERATION, Role.DISPATCHER, Role.INSPECTOR)


class Callers:
    """By name: each role here (in the city), elsewhere, and offices of the province."""

    def __init__(self, app: Flask, settings: Config) -> None:
        self._app, self._settings = app, settings
        self.roles: dict[str, Role | None] = {NOBODY: None}
        self.ids: dict[str, str] = {NOBODY: ""}
        self.all: dict[str, Caller] = {NOBODY: Caller(app, settings, None)}
        for role in Role:
            places = {"here": CITY, "elsewhere": ELSEWHERE} | ({"province": PROVINCE} if role in _OFFICES else {})
            for place, region in places.items():
                organisation = organisation_of(role, region)
                self.add(f"{role.value} {place}", role, PROVINCE if role in _ANYWHERE else region, organisation)
        self.add("reporter of another department", Role.REPORTER, PROVINCE, "省教育厅")

    def add(self, name: str, role: Role, region: str, organisation: str, client_id: str = "") -> Caller:
        id = client_id or f"account-{name.replace(' ', '-')}"
        made = clients.made(id, "s", role=role, region=region, organisation=organisation, per_minute=10**6)
        caller = Caller(self._app, self._settings, None)
        caller.headers["Authorization"] = f"Bearer {tokens.sign(self._settings, made, ' '.join(made.scopes))}"
        self.roles[name], self.ids[name], self.all[name] = role, id, caller
        return caller


class World:
    """``things``: the id of one of each, by the name of a path's parameter."""

    def __init__(self, app: Flask, settings: Config, programme: Programme) -> None:
        self.settings, self.programme = settings, programme
        self.callers = Callers(app, settings)
        self.scene = SimpleNamespace(app=app, settings=settings, city=None, bearer=None, anybody=None)
        self.things: dict[str, str] = {"target_id": "12.1", "number": "1"}
        self._certificates()
        self._stars()
        self._reports()
        self._registers()
        programme.settle()
        self._inspection()
        self._press()

    def _post(self, name: str, path: str, **more: Any) -> Any:
        answer = self.callers.all[name].post(path, **more)
        assert answer.status_code < 300, f"{name} {path}: {answer.text}"
        return answer.json

    def _certificates(self) -> None:
        self.bodies = [a_certificate(88_000 + n) for n in range(3)]
        made = [self._post("training_centre here", "/v1/certificates", json=body) for body in self.bodies]
        self.elsewhere = elsewhere = [a_certificate(88_100 + n, region="130202") for n in range(6)]
        # somebody of the city's centre was certified elsewhere before
        elsewhere.append(
            a_certificate(88_200, person=None, region="130202", issued_on="2023-02-01")
            | {name: self.bodies[0][name] for name in ("holder_name", "document_type", "document_number")}
        )
        for body in elsewhere:
            self._post("training_centre elsewhere", "/v1/certificates", json=body)
        self.things |= {
            "certificate_number": made[1]["certificate_number"],
            "certificate_id": made[1]["certificate_id"],
            "person_key": made[1]["holder"]["person_key"],
            "person_elsewhere": made[0]["holder"]["person_key"],
        }
        content = {"file": (io.BytesIO(b"x\r\n"), "a.csv")}
        job = self._post("training_centre here", "/v1/certificate-imports", data=content)
        self.things["certificate-import"] = job["import_id"]

    def _stars(self) -> None:
        stage = Stage(self.scene)
        self.things["award_id"] = stage.awarded()
        base = stage.trade.base(stage.number + 1_000)
        application = stage.on_notice(base=base)
        stage.trade.set_time(None)
        seated = stage.trade.seats(application)[0]
        self.things |= {
            "application_id": application["application_id"],
            "application file": application["evidence"][0]["file_id"],
            "base_id": base["base_id"],
            "subject": stage.trade.fusao(stage.number + 2_000, base)["person_key"],
        }
        own = applicant(base["organisation"])
        self.callers.add("applicant here", Role.APPLICANT, PROVINCE, own["organisation"], own["client_id"])
        number = seated.removeprefix("reviewer-")
        self.callers.add("reviewer here", Role.REVIEWER, PROVINCE, f"school-{number}", seated)

    def _reports(self) -> None:
        line = a_report([hand_in(self.settings)], region=COUNTY, problems="征地未完成", next_steps="年底前完成")
        filed = self._post("reporter here", "/v1/reports", json=line)
        accepted = {"decision": "accept"}
        self._post("report_reviewer here", f"/v1/reports/{filed['report_id']}/decision", json=accepted)
        soon = clock.day_of(clock.now()) + dt.timedelta(days=10)
        opened = self._post("dispatcher province", "/v1/rounds", json={"period": "2023-10", "due_on": f"{soon}"})
        self._post("dispatcher province", f"/v1/rounds/{opened['round_id']}/reminders", json={})
        file_id = filed["evidence"][0]["file_id"]
        self.things |= {"report_id": filed["report_id"], "report file": file_id, "round_id": opened["round_id"]}

    def _registers(self) -> None:
        register = Register(self.scene)
        register.county, register.reporter = COUNTY, self.callers.all["reporter here"]
        proof = handed_in(self.settings)
        where = {"matter_id": register.where(), "greenway_id": register.greenway(), "hint_id": register.hint()}
        register.housing.post(
            f"{where['matter_id']}/settlement-request", json={"text": "资金已到位", "evidence": [proof]}
        )
        self.things |= {name: path.rpartition("/")[2] for name, path in where.items()}
        self.things["matter file"] = proof["file_id"]
        look = self._post("dispatcher province", "/v1/anomaly-looks", json={"as_of": "2023-10-31"})
        bureau = Bureau(self.scene)
        assert bureau.centre().status_code < 300
        assert bureau.filing().status_code < 300
        self.things |= {"look_id": look["look_id"], "code": a_code(bureau.number)}

    def _inspection(self) -> None:
        inspector = "inspector province"
        planned = self._post(inspector, "/v1/inspections", json=a_plan(command_id=None, size=2))
        where = f"/v1/inspections/{planned['inspection_id']}"
        read = self.callers.all[inspector].get
        until(lambda: read(where).json["state"] == "drawn", seconds=60, what="the sample is drawn")
        proof = handed_in(self.settings)
        finding = {"unit": 1, "outcome": "not_found", "text": "现场未找到证书原件", "evidence": [proof]}
        found = self._post(inspector, f"{where}/findings", json=finding)
        order = self._post(
            "inspector here", f"/v1/findings/{found['finding_id']}/withdrawal", json={"reason": "查无实据"}
        )
        service = Inspections()
        service.settings = self.settings  # type: ignore[assignment]
        service.set_time(f"{int(found['due_on'][:4]) + 1}-01-15T04:00:00+00:00")
        Overdue(self.settings).look(Quarantine(inspections_store.inspections(self.settings).store, "clock"))
        service.set_time(None)
        (issued,) = read(f"/v1/supervision-orders?finding_id={found['finding_id']}").json["items"]
        self.things |= {
            "inspection_id": planned["inspection_id"],
            "finding_id": found["finding_id"],
            "finding file": proof["file_id"],
            "order_id": order["order_id"],
            "supervision_id": issued["supervision_id"],
        }

    def _press(self) -> None:
        press = Press(self.scene)
        self.things |= {"bulletin_id": press.bulletin(), "snapshot_id": press.snapshot.snapshot_id}
