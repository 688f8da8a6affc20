"""A made-up trade of bases and 福嫂, and everybody who has a part in their stars, as they command housekeeping.

    Trade(lambda method, *args: rpc.call("housekeeping", method, *args), into(Files(settings)))

Every step is a real command by a made-up actor: the county's office, the city's, the province's, reviewers, applicants.
"""

import datetime as dt
import io
from collections.abc import Callable
from typing import Any

from stdnum.cn import uscc

from contract import regions
from contract.words import Role
from runtime.files import Files
from samples import people

Call = Callable[..., Any]
Doc = dict[str, Any]
HandIn = Callable[[bytes], Doc]

_SCOPES = {
    Role.FEDERATION: ["stars:read", "stars:decide", "people:reveal", "targets:read"],
    Role.APPLICANT: ["stars:read", "stars:apply"],
    Role.REVIEWER: ["stars:read", "stars:review"],
}
_EVIDENCE = {
    "base": (
        *("premises", "licence", "credit_report", "staff_list", "training_records", "rules", "insurance"),
        *("service_records", "employment_records"),
    ),
    "fusao": (
        *("health_certificate", "credit_commitment", "skill_certificate", "training_records", "service_records"),
        "client_reviews",
    ),
}
_WEIGHTS = {
    "base": {
        "premises": 10,
        "standing": 15,
        "employment": 10,
        "training": 15,
        "rules": 15,
        "protection": 10,
        "service": 15,
        "women": 10,
    },
    "fusao": {
        "conduct": 15,
        "law": 10,
        "skill": 15,
        "learning": 10,
        "years": 15,
        "result": 10,
        "clients": 15,
        "honours": 10,
    },
}
_NAMES = ("燕馨", "巾帼红", "福嫂到家", "冀家美", "太行情", "渤海润", "安心", "暖阳", "和嘉", "惠民", "巧姐", "春晖")


def actor(client_id: str, role: Role, region: str, organisation: str) -> Doc:
    """contract.actor.Actor"""
    return {
        "client_id": client_id,
        "role": role.value,
        "region": region,
        "organisation": organisation,
        "scopes": _SCOPES[role],
    }


def office(region: str, clerk: int = 1) -> Doc:
    """A 妇联; the region's own client, and further clerks of it."""
    client_id = f"fulian-{region}" if clerk == 1 else f"fulian-{region}-{clerk}"
    place = "省" if region == regions.PROVINCE else regions.get(region).full_name.removeprefix("河北省")
    return actor(client_id, Role.FEDERATION, region, f"{place}妇联")


def applicant(organisation: str, region: str = regions.PROVINCE) -> Doc:
    return actor(organisation, Role.APPLICANT, region, organisation)


def reviewer(number: int) -> Doc:
    return actor(f"reviewer-{number}", Role.REVIEWER, regions.PROVINCE, f"school-{number}")


def into(files: Files) -> HandIn:
    """Leaves a document in the file store, as the gateway does: its ``{"file_id", "sha256"}``."""

    def hand_in(content: bytes) -> Doc:
        stored = files.write(io.BytesIO(content), filename="sample.pdf", limit=2**20)
        return {"file_id": stored.file_id, "sha256": stored.sha256}

    return hand_in


def marks(kind: str, total: int) -> list[Doc]:
    """A sheet whose marks add up to ``total``."""
    left, given = total, []
    for item, weight in _WEIGHTS[kind].items():
        given.append({"item": item, "points": str(min(weight, left))})
        left -= min(weight, left)
    return given


def credit_code(number: int) -> str:
    """With a check digit that holds; the organisation's part, YY and a serial, is made up."""
    body = f"91130000YY{number:07d}"
    return body + str(uscc.calc_check_digit(body))


class Trade:
    """Commands in the order in which people give them. What comes back is housekeeping's answer."""

    def __init__(self, call: Call, hand_in: HandIn) -> None:
        self.call = call
        self._hand_in = hand_in

    def evidence(self, kind: str, about: str = "") -> Doc:
        stored = self._hand_in(f"{kind} {about}".encode())
        return {"kind": kind, "title": f"{kind}（示例材料）", "file_id": stored["file_id"], "sha256": stored["sha256"]}

    def all_evidence(self, kind: str, about: str = "") -> list[Doc]:
        return [self.evidence(each, about) for each in _EVIDENCE[kind]]

    def set_time(self, day: dt.date | None, hour: int = 10) -> None:
        """Dev and test only: from then on it is that hour of that day in China."""
        instant = None if day is None else f"{day.isoformat()}T{hour:02d}:00:00+08:00"
        self.call("set_time", instant)

    def register_reviewers(self, count: int) -> None:
        for number in range(1, count + 1):
            who = reviewer(number)
            command = {"client_id": who["client_id"], "organisation": who["organisation"]}
            self.call("register_reviewer", command, office(regions.PROVINCE))

    def base(self, number: int, region: str = "130102", **changes: Any) -> Doc:
        """A base that may apply. Different numbers are different bases."""
        command = {
            "credit_code": credit_code(number),
            "name": f"{regions.get(region).short_name}{_NAMES[number % len(_NAMES)]}家政服务有限公司{number}（示例）",
            "region": region,
            "organisation": f"base-{number}",
            "legal_representative": {"name": people.resident(900_000 + number).name, "phone": people.phone(number)},
            "led_by_a_woman": number % 4 != 0,
            "registered_on": "2018-06-01",
            "staff": 40 + number % 60,
            "women": 30 + number % 60,
            "employed": 10 + number % 20,
            "certified": 20,
        }
        return dict(self.call("register_base", command | changes, office(region)))

    def fusao(self, number: int, employer: Doc, **changes: Any) -> Doc:
        person = people.resident(800_000 + number)
        command = {
            "name": person.name,
            "document_type": person.document_type,
            "document_number": person.document_number,
            "phone": people.phone(800_000 + number),
            "employer": employer["base_id"],
            "skills": ["母婴护理", "家庭保洁"],
        }
        return dict(self.call("register_fusao", command | changes, applicant(employer["organisation"])))

    def apply(self, subject: Doc, **changes: Any) -> Doc:
        """A draft with all its evidence."""
        kind, key = ("base", subject["base_id"]) if "base_id" in subject else ("fusao", subject["person_key"])
        command = {"subject_kind": kind, "subject_key": key, "channel": "organisation"}
        command["evidence"] = self.all_evidence(kind, key)
        return dict(self.call("open_application", command | changes, applicant(subject["organisation"])))

    def move(self, application: Doc, transition: str, who: Doc, **more: Any) -> Doc:
        command = {
            "application_id": application["application_id"],
            "transition": transition,
            "reason": "材料齐全，符合条件",
        }
        return dict(self.call("move_application", command | more, who))

    def submit(self, application: Doc) -> Doc:
        return self.move(application, "submit", applicant(application["organisation"]))

    def recommend(self, application: Doc) -> Doc:
        """From submitted to the provincial review, through county and city."""
        path = regions.get(application["region"]).path
        county, city = office(path[-1]), office(path[1], 1 if path[1] != path[-1] else 2)
        self.move(application, "accept", county)
        self.move(application, "pass_county", county)
        return self.move(application, "recommend", city)

    def seats(self, application: Doc) -> list[str]:
        """Who reviews it now, in the order of the seats."""
        seen = self.call("application", application["application_id"], office(regions.PROVINCE))
        open_seats = [seat for seat in seen["seats"] if seat["state"] in ("assigned", "scored")]
        return [seat["reviewer"] for seat in sorted(open_seats, key=lambda seat: seat["seat"])]

    def review(self, application: Doc, *totals: int) -> Doc:
        """Each seat's reviewer scores in turn, a third one too where one more total is given."""
        kind = application["subject_kind"]
        answer: Doc = application
        for place, total in enumerate(totals):
            client_id = self.seats(application)[place]
            command = {
                "application_id": application["application_id"],
                "marks": marks(kind, total),
                "note": "按评分标准逐项评定",
            }
            who = reviewer(int(client_id.removeprefix("reviewer-")))
            answer = dict(self.call("submit_review", command, who))
        return answer

    def open_notice(self, application: Doc, clerk: int = 1) -> Doc:
        return self.move(application, "open_notice", office(regions.PROVINCE, clerk))

    def to_notice(self, subject: Doc, *totals: int) -> Doc:
        """From nothing to the public notice."""
        application = self.apply(subject)
        self.submit(application)
        self.recommend(application)
        self.review(application, *totals)
        return self.open_notice(application)

    def award(self, application: Doc, clerk: int = 1) -> Doc:
        return self.move(application, "award", office(regions.PROVINCE, clerk), reason="公示期满无异议")

    def object(self, application: Doc, number: int = 1, **changes: Any) -> Doc:
        """Identified; another ``number`` is another person. A change to None leaves the field out."""
        command = {
            "application_id": application["application_id"],
            "statement": "该单位去年拖欠员工工资，请予核实。（示例）",
            "name": people.resident(700_000 + number).name,
            "phone": people.phone(700_000 + number),
        }
        given = {name: value for name, value in {**command, **changes}.items() if value is not None}
        return dict(self.call("raise_objection", given))

    def admit(self, application: Doc, objection: Doc, clerk: int = 1) -> Doc:
        return self.move(
            application,
            "admit_objection",
            office(regions.PROVINCE, clerk),
            reason="有具体事实和线索，予以受理",
            objection_id=objection["objection_id"],
        )

    def refuse(self, application: Doc, objection: Doc, clerk: int = 1, ground: str = "no_facts") -> Doc:
        return self.move(
            application,
            "refuse_objection",
            office(regions.PROVINCE, clerk),
            reason="没有可供核查的具体事实",
            objection_id=objection["objection_id"],
            ground=ground,
        )

    def dispute(self, application: Doc, number: int = 1) -> Doc:
        """An objection that was admitted, so that the award is stopped."""
        objection = self.object(application, number)
        self.admit(application, objection)
        return objection

    def inquire(self, application: Doc, objection: Doc, *, upheld: bool, clerk: int = 1) -> Doc:
        return self.move(
            application,
            "uphold_objection" if upheld else "dismiss_objection",
            office(regions.PROVINCE, clerk),
            reason="经实地核查，情况属实" if upheld else "经实地核查，情况不属实",
            objection_id=objection["objection_id"],
            evidence=[self.evidence("inquiry_report", objection["objection_id"])],
        )

    def appeal(self, application: Doc) -> Doc:
        command = {
            "application_id": application["application_id"],
            "reason": "核查结论与事实不符，申请复议（示例）",
            "evidence": [self.evidence("rebuttal", application["application_id"])],
        }
        return dict(self.call("appeal_application", command, applicant(application["organisation"])))

    def change(self, award_id: str, change: str, **more: Any) -> Doc:
        command = {
            "award_id": award_id,
            "change": change,
            "reason": "年审发现问题（示例）",
            "evidence": [self.evidence("report")],
        }
        proposed = dict(self.call("change_award", command | more, office(regions.PROVINCE)))
        return proposed if change == "keep" else self.confirm(proposed)

    def confirm(self, award: Doc, decision: str = "confirm", clerk: int = 2) -> Doc:
        """What another clerk of the province makes of a change that is proposed."""
        command = {"award_id": award["award_id"], "decision": decision, "reason": "经复核属实（示例）"}
        return dict(self.call("decide_award_change", command, office(regions.PROVINCE, clerk)))

    def propose_move(self, base_id: str, **where: Any) -> Doc:
        """A base to another ``region``, or ``merged_into`` another base."""
        command = {
            "base_id": base_id,
            "reason": "迁址或合并重组（示例）",
            "evidence": [self.evidence("licence", base_id)],
        }
        return dict(self.call("move_base", command | where, office(regions.PROVINCE)))

    def confirm_move(self, base: Doc, decision: str = "confirm", who: Doc | None = None) -> Doc:
        """What a second person makes of it: another clerk of the province, if nobody else is named."""
        command = {"base_id": base["base_id"], "decision": decision, "reason": "经核属实（示例）"}
        return dict(self.call("decide_base_move", command, who or office(regions.PROVINCE, 2)))

    def propose_holidays(self, days: dict[str, bool], **changes: Any) -> Doc:
        """A notice of days and whether they are worked."""
        command = {
            "document": "示例通知〔2023〕1号",
            "days": [{"day": day, "working": working} for day, working in days.items()],
            "evidence": [self.evidence("notice", "holidays")],
        }
        return dict(self.call("record_holiday_notice", command | changes, office(regions.PROVINCE)))

    def confirm_holidays(self, notice: Doc, decision: str = "confirm", clerk: int = 2) -> Doc:
        command = {"notice_id": notice["notice_id"], "decision": decision, "reason": "与通知原文一致（示例）"}
        return dict(self.call("decide_holiday_notice", command, office(regions.PROVINCE, clerk)))

    def recognise(self, subject: Doc, **changes: Any) -> Doc:
        """What the subject's city reports of its own stars."""
        kind, key = ("base", subject["base_id"]) if "base_id" in subject else ("fusao", subject["person_key"])
        command = {
            "subject_kind": kind,
            "subject_key": key,
            "brand": "燕赵家政之星（示例）",
            "document": "示例妇字〔2023〕9号",
            "stars": 3,
            "notice_opened_on": "2023-02-01",
            "notice_ended_on": "2023-02-10",
            "awarded_on": "2023-02-13",
            "reason": "市级认定（示例）",
            "evidence": [self.evidence("decision", key)],
        }
        city = office(regions.get(subject["region"]).path[1])
        return dict(self.call("recognise_by_city", command | changes, city))

    def decide(self, recognition: Doc, decision: str = "confirm", **more: Any) -> Doc:
        """What the province decides of it."""
        command = {
            "recognition_id": recognition["recognition_id"],
            "decision": decision,
            "reason": "公示材料齐全，经核属实" if decision == "confirm" else "公示材料不全",
        }
        return dict(self.call("decide_recognition", command | more, office(regions.PROVINCE)))
