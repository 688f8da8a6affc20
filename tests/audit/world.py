"""A small province with something of everything, played by the services' own methods and without a broker: what they
say is ordered as the relays do, and handed to whoever the contract says hears it."""

import datetime as dt
import io
from pathlib import Path
from typing import Any

import plan as plans
from contract.message import Event, Said, shard_of
from contract.records import SERVICES
from contract.subscriptions import SUBSCRIPTIONS
from contract.words import Role, Verification
from gateway import scopes
from runtime import clock, mongo
from runtime.config import Config
from runtime.events import Listener
from runtime.files import Files
from runtime.outbox import Outbox
from runtime.places import Mark
from samples.stars import Trade, into, office
from services.certification.service import Certification
from services.housekeeping import clock as housekeeping_clock
from services.housekeeping.service import Housekeeping
from services.inspections import clock as inspections_clock
from services.inspections.service import Inspections
from services.reports.service import Reports
from services.targets import desk
from services.targets.copies.remarks import Remarks
from services.targets.counting import Counting
from services.targets.rules import rules
from services.targets.service import Targets
from services.targets.store import LISTENED_TO, Counts
from services.training.service import Training
from tests.builders import a_certificate, a_person, write_roster
from tests.organisations import organisation_of, owner_of
from tests.services.certification.builders import Rosters
from tests.services.training.builders import a_centre, a_filing

CHANGAN, QIAOXI, CITY = "130102", "130104", "130100"
_CLASSES = {
    "training": Training,
    "certification": Certification,
    "housekeeping": Housekeeping,
    "reports": Reports,
    "inspections": Inspections,
    "targets": Targets,
}


def an_actor(role: Role, name: str = "", *, region: str = "130000", also: tuple[str, ...] = ()) -> dict[str, Any]:
    name = name or role.value
    return {
        "client_id": name,
        "role": role.value,
        "region": region,
        "organisation": organisation_of(role, region),
        "scopes": [*scopes.OF_ROLE[role], *also],
    }


DISPATCHER = an_actor(Role.DISPATCHER)
DISPATCHER_2, DISPATCHER_3 = (an_actor(Role.DISPATCHER, f"dispatcher-{number}") for number in (2, 3))
REPORTER, REVIEWER = an_actor(Role.REPORTER), an_actor(Role.REPORT_REVIEWER)
INSPECTOR, INSPECTOR_2 = an_actor(Role.INSPECTOR), an_actor(Role.INSPECTOR, "inspector-2")
CENTRE = an_actor(Role.TRAINING_CENTRE, "centre")
BUREAU = an_actor(Role.CIVIL_AFFAIRS, "bureau", also=("people:reveal",))


class World:
    def __init__(self, settings: Config, folder: Path) -> None:
        self.settings = settings
        self._folder = folder
        self.plan = plans.read(settings.plan_file)
        self.services: dict[str, Any] = {name: kind() for name, kind in _CLASSES.items()}
        for service in self.services.values():
            service.settings = settings
        self.logs = {name: Outbox(mongo.database(settings, name)) for name in SERVICES}
        for log in self.logs.values():
            log.ensure_indexes()
        store = mongo.database(settings, "targets")
        self._counts = Counts(store)
        self._counts.ensure_indexes()
        every = rules(self.plan)
        self._counting = {
            one.queue: Counting(self._counts, every, one.queue, Remarks(store) if one.service == "reports" else None)
            for one in SUBSCRIPTIONS
            if one.counted
        }
        self._desk = desk.worker(settings)
        self._clocks = [housekeeping_clock.worker(settings), inspections_clock.worker(settings)]

    def call(self, service: str, method: str, *args: Any, **kwargs: Any) -> Any:
        return getattr(self.services[service], method)(*args, **kwargs)

    def come(self, day: dt.date, hour: int = 12) -> None:
        instant = f"{day.isoformat()}T{hour:02}:00:00+08:00"
        for service in ("housekeeping", "reports", "inspections", "targets"):
            self.call(service, "set_time", instant)

    def flow(self) -> None:
        """Until everything that was said is heard and counted, and the desk has done what was due."""
        while self._deliver() or self._work():
            pass

    def _work(self) -> int:
        self._mark()
        return sum(job.work() for job in self._desk._jobs) + sum(one.look() for one in self._clocks)

    def _deliver(self) -> int:
        heard = 0
        for log in self.logs.values():
            while log.order(token=1):
                pass
            for envelope in log.page(int(log.head()["published"]), 10_000):
                heard += 1
                if not envelope.get("logonly"):
                    self._hand_out(envelope)
            log.published(int(log.head()["seq"]), token=1)
        return heard

    def _hand_out(self, envelope: dict[str, Any]) -> None:
        said = Event.heard(envelope)
        for one in SUBSCRIPTIONS:
            if said.event not in one.events or shard_of(envelope["partitionkey"]) not in one.shards:
                continue
            if one.counted:
                self._counting[one.queue].handle([said])
            else:
                self._listener(one.hearer, one.events, said)

    def _listener(self, hearer: str, events: tuple[type[Event], ...], said: Said) -> None:
        service = self.services[hearer]
        for name in dir(type(service)):
            for entry in getattr(getattr(type(service), name), "nameko_entrypoints", ()):
                if isinstance(entry, Listener) and set(entry.events) == set(events):
                    getattr(service, name)(said)

    def _mark(self) -> None:
        """As the relays' watermarks do."""
        for service, queues in LISTENED_TO.items():
            at = clock.now()
            for queue in queues:
                self._counting[queue].handle([Mark(service, int(self.logs[service].head()["seq"]), at)])

    def hand_in(self, content: str) -> dict[str, str]:
        pdf = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n" + content.encode()
        stored = Files(self.settings).write(io.BytesIO(pdf), filename="a.pdf", limit=1 << 20)
        return {"file_id": stored.file_id, "sha256": stored.sha256, "title": "验收单"}

    def file(self, target_id: str, region: str, period: str, figure: str | None, **more: Any) -> dict[str, Any]:
        """Filed by one, accepted by another."""
        said, own = (
            {"target_id": target_id, "region": region, "period": period, **more},
            {"organisation": owner_of(target_id)},
        )
        if figure is not None:
            said["cumulative"] = figure
        said["evidence"] = [self.hand_in(f"{target_id} {region} {period} {figure}")]
        filed = self.call("reports", "file_report", said, REPORTER | own)
        decision = {"report_id": filed["report_id"], "decision": "accept"}
        return dict(self.call("reports", "decide_report", decision, REVIEWER | own))

    def play(self) -> None:
        self._trained()
        self._certified()
        self._awarded()
        self._allocated()
        self._reported()
        self._inspected()
        self._bulletins()
        self.flow()

    def _trained(self) -> None:
        self.call("training", "register_centre", a_centre(), BUREAU)
        self.call("training", "file_assessor", a_filing(), BUREAU)
        self.flow()

    def _certified(self) -> None:
        def command(method: str, said: dict[str, Any], actor: dict[str, Any] = BUREAU) -> Any:
            return self.call("certification", method, said, actor)

        bodies = [a_certificate(seed, region=region) for seed, region in enumerate([CHANGAN, CHANGAN, QIAOXI, QIAOXI])]
        bodies.append(a_certificate(9, person=a_person(0), issued_on="2022-03-01"))  # who had one before
        for body in bodies:
            command("issue_certificate", body, CENTRE)
        number = [body["certificate_number"] for body in bodies]
        other = a_person(77)
        self.flow()
        command(
            "correct_certificate",
            {
                "certificate_number": number[1],
                "reason": "身份证号录入有误",
                "evidence": [self.hand_in("身份证复印件")],
                "document_number": other.document_number,
                "holder_name": other.name,
            },
        )
        revoked = {"certificate_number": number[2], "reason": "评价机构撤销", "evidence": [self.hand_in("核查报告")]}
        command("revoke_certificate", revoked)
        command(
            "verify_certificate",
            {"certificate_number": number[3], "outcome": Verification.PASSED.value, "reason": "联网核验"},
        )
        command("reveal_holder", {"certificate_number": number[3], "reason": "核对身份信息"})
        rosters = Rosters(self.services["certification"], self.settings)
        path = write_roster(self._folder / "r.csv", [a_certificate(seed, region=CHANGAN) for seed in (20, 21)])
        rosters.work(rosters.start(path))

    def _awarded(self) -> None:
        trade = Trade(
            lambda method, *args, **kwargs: self.call("housekeeping", method, *args, **kwargs),
            into(Files(self.settings)),
        )
        trade.set_time(dt.date(2023, 2, 1))
        province = office("130000")
        trade.register_reviewers(8)
        trade.confirm_holidays(trade.propose_holidays({"2023-10-07": True}))
        quota = {"unit": CITY, "subject_kind": "base", "year": 2023, "places": 5, "reason": "年度名额"}
        trade.call("set_quota", quota, province)
        base = trade.base(1)
        trade.fusao(1, base)
        application = trade.to_notice(base, 95, 93)
        objected = trade.to_notice(trade.base(2), 95, 93)
        trade.refuse(objected, trade.object(objected, 2))
        trade.dispute(objected)
        trade.set_time(dt.date(2023, 2, 14))
        trade.recognise(trade.base(3))
        trade.decide(trade.recognise(trade.base(4)))
        trade.set_time(dt.date(2023, 3, 11))
        self.flow()
        award = trade.award(application)
        self.flow()
        trade.change(award["award_id"], "lower", stars=4)

    def _allocated(self) -> None:
        self.come(dt.date(2023, 3, 20))
        children = [{"region": CITY, "target": "600"}, {"region": "130200", "target": "500"}]
        split = {"target_id": "2.1", "region": "130000", "reserve": "16", "children": children}
        self.call("targets", "allocate_targets", split | {"document": "冀发改民生〔2023〕1号"}, DISPATCHER)
        counties = [{"region": CHANGAN, "target": "40"}, {"region": QIAOXI, "target": "30"}]
        split = {"target_id": "2.1", "region": CITY, "reserve": "0", "children": counties}
        self.call("targets", "allocate_targets", split | {"document": "石发改〔2023〕2号"}, DISPATCHER)
        adjusted = {"target_id": "2.1", "region": CITY, "adjusted": "620", "reason": "中央资金追加"}
        self.call("targets", "adjust_target", adjusted | {"document": "冀发改民生〔2023〕9号"}, DISPATCHER)
        named = {
            "target_id": "2.1",
            "region": CITY,
            "lead": "石家庄市住建局",
            "co": ["石家庄市财政局"],
            "principal": "欧阳一",
        }
        self.call("targets", "name_responsible", named, DISPATCHER)

    def _reported(self) -> None:
        for month, last in (("2023-06", dt.date(2023, 7, 2)), ("2023-07", dt.date(2023, 8, 2))):
            self.come(last)
            figure = (int(month[-1]) - 5) * 5
            self.file("2.1", CHANGAN, month, str(figure), inspected="3", started=str(figure))
        self.come(dt.date(2023, 9, 2))
        opened = self.call("reports", "open_round", {"period": "2023-08"}, DISPATCHER)
        mistaken = {"round_id": opened["round_id"], "reason": "期别选错"}
        self.call("reports", "cancel_round", mistaken, DISPATCHER)
        opened = self.call("reports", "open_round", {"period": "2023-08"}, DISPATCHER)
        later = {"round_id": opened["round_id"], "due_on": "2023-09-08", "reason": "延期一日"}
        opened = self.call("reports", "amend_round", later, DISPATCHER)
        self.file("2.1", CHANGAN, "2023-08", "15", problems="配套资金未到位", next_steps="申请专项债")
        self.file("2.1", QIAOXI, "2023-08", "9")
        self.file("4.1", CHANGAN, "2023-08", "1.25")
        self.file("8.2", CHANGAN, "2022-12", "40")
        self.file("8.2", CHANGAN, "2023-08", "56")
        self.file("16", CHANGAN, "2023-08", None, state="推进中")
        due = dt.date.fromisoformat(opened["due_on"])
        self.come(due)
        self.call("reports", "remind_round", {"round_id": opened["round_id"]}, DISPATCHER)
        self._matters()
        self.come(due + dt.timedelta(days=1))
        self.flow()
        self.call("reports", "close_round", {"round_id": opened["round_id"]}, DISPATCHER)
        self.round_id = opened["round_id"]
        self.flow()

    def _matters(self) -> None:
        matter = {
            "target_id": "2.1",
            "region": CHANGAN,
            "kind": "资金",
            "title": "老旧小区改造资金缺口",
            "text": "配套资金尚缺1230万元",
            "owner": "石家庄市长安区财政局",
            "due_on": "2023-10-30",
        }
        self.call("inspections", "register_matter", matter, an_actor(Role.REPORTER, "changan", region=CHANGAN))
        request = {
            "target_id": "2.1",
            "region": CHANGAN,
            "step": "土地供应",
            "addressed_to": "省自然资源厅",
            "subject": "改造用地预审",
            "text": "3个小区需在8月底前取得用地预审意见",
        }
        self.call("inspections", "request_greenway", request, an_actor(Role.REPORTER, "changan", region=CHANGAN))

    def _inspected(self) -> None:
        self.call("targets", "look_for_anomalies", {"as_of": "2023-08-31"}, DISPATCHER)
        for target, region, amount in (("2.1", CHANGAN, "2"), ("12.1", CITY, None)):
            planned = {"title": "督导核查", "target_id": target, "region": region, "size": 1, "members": ["督导一组"]}
            inspection = self.call("inspections", "plan_inspection", planned, INSPECTOR)
            self.flow()
            found = {
                "inspection_id": inspection["inspection_id"],
                "unit": 1,
                "outcome": "not_as_reported" if amount else "not_found",
                "text": "现场未见",
                "evidence": [self.hand_in(f"现场照片 {target}")],
            } | ({"amount": amount} if amount else {})
            finding = self.call("inspections", "record_finding", found, INSPECTOR)
            order = {"finding_id": finding["finding_id"], "reason": "查无实据"}
            self.call("inspections", "order_withdrawal", order, INSPECTOR_2)
            self.flow()
        self.come(dt.date(2023, 11, 20))
        self.flow()

    def _bulletins(self) -> None:
        issued = self.publish(round_id=self.round_id)
        self.publish(corrects=issued, reason="核减查无实据的小区")

    def publish(self, **asked: str) -> str:
        """The id of a bulletin that was drafted, reviewed and signed."""
        bulletin_id: str = self.call("targets", "draft_bulletin", asked, DISPATCHER)["bulletin_id"]
        self.flow()
        reviewed = {"bulletin_id": bulletin_id, "decision": "pass", "remarks": "数据与台账一致"}
        self.call("targets", "review_bulletin", reviewed, DISPATCHER_2)
        self.call("targets", "issue_bulletin", {"bulletin_id": bulletin_id}, DISPATCHER_3)
        self.flow()
        return bulletin_id
