"""Calls about awards: changed, settled, listed, verified; and a city's own recognitions."""

import datetime as dt
from typing import Any

from pymongo.client_session import ClientSession

from contract import applications, fields, regions
from contract import housekeeping as public
from contract.housekeeping import Awaits, AwardStatus, Confirmation, RecognisedBy, Settlement, SubjectKind, Verdict
from contract.words import Role
from runtime.clock import day_of
from runtime.hosting import rpc
from runtime.pages import ReadRegion, given, nothing, walked, within_of
from services.housekeeping import access
from services.housekeeping.access import Actor
from services.housekeeping.awards import domain as awards
from services.housekeeping.awards import numbers, proposals
from services.housekeeping.awards.answers import public_award, shown_award
from services.housekeeping.awards.domain import Award
from services.housekeeping.awards.store import Awards, awards_of
from services.housekeeping.calls import Calls, own
from services.housekeeping.evidence import evidence_of
from services.housekeeping.registry.store import Registry, registry_of
from services.housekeeping.store import Housekeeping

_FIRST_YEAR = 2023  # older awards are in nobody's register here
_TAG = 16


class ReadAwards(ReadRegion):
    status = fields.Choice(AwardStatus)
    subject_kind = fields.Choice(SubjectKind)
    stars = fields.Whole(at_least=1, at_most=5)
    awaits = fields.Choice(Awaits)


class AwardCalls(Calls):
    @rpc
    def change_award(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """ChangeAward -> Award, of which the change is proposed; kept, it is kept. Refuses AwardNotFound,
        AwardChangedMeanwhile, AwardChangeNotAllowed, MatterOpen, NotYourOffice, EvidenceMissing."""
        asked, who = public.ChangeAward.read(command), Actor.of(actor)
        terms: dict[str, Any] = {"stars": asked.get("stars"), "reason": asked["reason"]}

        def step(award: Award, at: dt.datetime) -> Award:
            common = terms | {"today": day_of(at), "at": at, "evidence": evidence_of(asked)}
            if asked["change"] == "keep":
                return awards.change(award, "keep", by=who.client_id, **common)
            return proposals.propose(award, asked["change"], by=who, **common)

        return self._change_award(asked, who, step)

    @rpc
    def decide_award_change(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """DecideAwardChange -> Award, changed as it was proposed, or as it was. Refuses AwardNotFound,
        AwardChangedMeanwhile, AwardChangeNotAllowed, MatterOpen, MatterNotOpen, NotYourOffice."""
        asked, who = public.DecideAwardChange.read(command), Actor.of(actor)
        decision = Confirmation(asked["decision"])

        def step(award: Award, at: dt.datetime) -> Award:
            return proposals.decide(award, decision, today=day_of(at), at=at, by=who, reason=asked["reason"])

        return self._change_award(asked, who, step, office="province")

    @rpc
    def settle_award(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """SettleAward -> Award, kept; or of which the end is proposed, if it stands. Refuses AwardNotFound,
        AwardChangedMeanwhile, AwardChangeNotAllowed, MatterNotOpen, NotYourOffice, EvidenceMissing."""
        asked, who = public.SettleAward.read(command), Actor.of(actor)
        decision = Settlement(asked["decision"])

        def step(award: Award, at: dt.datetime) -> Award:
            common: dict[str, Any] = {"today": day_of(at), "at": at, "reason": asked["reason"]}
            common["evidence"] = evidence_of(asked)
            if decision is Settlement.END and award.standing:
                return proposals.propose(award, proposals.END, stars=None, by=who, **common)
            return awards.settle(award, decision, by=who.client_id, **common)

        return self._change_award(asked, who, step)

    @rpc
    def award_file(self, award_id: str, file_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """``{"file_id", "sha256"}`` of a document that a step of the award rests on. Refuses AwardNotFound,
        EvidenceNotFound."""
        found = awards_of(self.settings).get(award_id)
        _require_sight(registry_of(self.settings), Actor.of(actor), found)
        named = {item.file_id: item.sha256 for step in found.history for item in step.evidence}
        if file_id not in named:
            raise applications.EvidenceNotFound("没有这份材料", "there is no such document")
        return {"file_id": file_id, "sha256": named[file_id]}

    @rpc
    def award(self, award_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """-> Award. Refuses AwardNotFound."""
        root, _, today = self._now()
        kept = awards_of(self.settings)
        _require_sight(registry_of(self.settings), Actor.of(actor), kept.get(award_id))
        return _shown_award(root, kept, award_id, today)

    @rpc
    def awards(
        self,
        actor: dict[str, Any],
        after: str | None = None,
        limit: int = 50,
        region: str | None = None,
        status: str | None = None,
        subject_kind: str | None = None,
        stars: int | None = None,
        awaits: str | None = None,
    ) -> dict[str, Any]:
        """``{"items": [Award], "next"}`` of those that the actor may see."""
        who = Actor.of(actor)
        filters = given(status=status, subject_kind=subject_kind, stars=stars, awaits=awaits)
        asked = ReadAwards.read(given(after=after, limit=limit, region=region) | filters)
        who.require(access.READ)
        if (within := within_of(who.region, asked.get("region"))) is None or who.role is Role.REVIEWER:
            return nothing()
        root, _, today = self._now()
        keys = None
        if (organisation := own(who)) is not None:
            keys = registry_of(self.settings).keys_of(organisation)
        found = awards_of(self.settings).page(
            within=within,
            subject_keys=keys,
            status=asked.get("status"),
            kind=asked.get("subject_kind"),
            stars=asked.get("stars"),
            proposed="awaits" in asked,
            after=asked.get("after"),
            limit=asked["limit"],
        )
        items = [shown_award(each, qr=_qr(root, each), today=today) for each in found]
        return walked(found, items)

    @rpc
    def public_awards(
        self,
        after: str | None = None,
        limit: int = 50,
        region: str | None = None,
        subject_kind: str | None = None,
        stars: int | None = None,
    ) -> dict[str, Any]:
        """``{"items": [PublicAward], "next"}``: those that are valid, masked."""
        asked = ReadAwards.read(given(after=after, limit=limit, region=region, subject_kind=subject_kind, stars=stars))
        found = awards_of(self.settings).page(
            within=asked.get("region", regions.PROVINCE),
            status=AwardStatus.VALID.value,
            kind=asked.get("subject_kind"),
            stars=asked.get("stars"),
            after=asked.get("after"),
            limit=asked["limit"],
        )
        items = [public.PublicAward.write(**public_award(each)) for each in found[: asked["limit"]]]
        # Not ``paged``: the id to go on from is not among what the public is shown.
        return {"items": items, "next": found[asked["limit"] - 1].award_id if len(found) > asked["limit"] else None}

    @rpc
    def verify_award(self, number: str | None = None, qr: str | None = None) -> dict[str, Any]:
        """By the number on the plaque, or by what its QR code says -> VerifiedAward, with one of three answers."""
        root, at, today = self._now()
        text, _, tag = (qr or "").partition("~") if qr is not None else (number or "", "", "")
        plain = numbers.read(text)
        found = awards_of(self.settings).numbered(plain) if plain else None
        verdict, because, zh, en = _verdict(
            plain, found, today, forged=qr is not None and (plain is None or tag != _tag(root, plain))
        )
        return public.VerifiedAward.write(
            verdict=verdict.value,
            because=because,
            reason=zh,
            reason_en=en,
            award=public_award(found) if found and verdict is Verdict.VALID else None,
            checked_at=at,
        )

    def _change_award(self, asked: dict[str, Any], who: Actor, step: Any, office: str | None = None) -> dict[str, Any]:
        """``office``: whose step it is, where that is not whoever gave the award."""
        root, at, today = self._now()
        kept, registered = awards_of(self.settings), registry_of(self.settings)

        def work(session: ClientSession) -> str:
            before = kept.get(asked["award_id"], session)
            _require_sight(registered, who, before, session)
            giver = "province" if before.recognised_by is RecognisedBy.PROVINCE else "city"
            who.require_office(office or giver, region=before.region)
            awards.check_version(before, asked.get("expected_version"))
            kept.replace(session, before, step(before, at))
            return before.award_id

        return _shown_award(root, kept, root.commands.once(who.client_id, asked, work), today)


def _require_sight(registered: Registry, who: Actor, award: Award, session: ClientSession | None = None) -> None:
    subject = registered.subject(award.subject_kind, award.subject_key, session)
    if not who.sees(region=award.region, organisation=subject.organisation):
        raise awards.not_found()


def _shown_award(root: Housekeeping, kept: Awards, award_id: str, today: dt.date) -> dict[str, Any]:
    found = kept.get(award_id)
    return shown_award(found, qr=_qr(root, found), today=today)


def _qr(root: Housekeeping, award: Award) -> str:
    return f"{award.number}~{_tag(root, award.number)}"


def _tag(root: Housekeeping, number: str) -> str:
    """Who has only seen a number cannot make its QR code."""
    return root.vault.hash("award", number)[:_TAG]


def _verdict(number: str | None, award: Award | None, today: dt.date, *, forged: bool) -> tuple[Verdict, str, str, str]:
    if number is None:
        return Verdict.CANNOT_TELL, "unreadable", "编号无法识别，请核对后重新输入", "not readable as a number: check it"
    if forged:
        return Verdict.NOT_VALID, "forged", "二维码不是本系统签发的", "this QR code was not made here"
    if award is None and int(number[2:6]) < _FIRST_YEAR:
        zh, en = "该年度的认定不在本系统登记", "awards of that year are not registered here"
        return Verdict.CANNOT_TELL, "before_register", zh, en
    if award is None:
        return Verdict.NOT_VALID, "unknown", "没有颁发过此编号", "no award has this number"
    if award.status is AwardStatus.SUSPENDED:
        return Verdict.NOT_VALID, "suspended", "认定已暂停", "the award is suspended"
    if award.status is AwardStatus.REVOKED:
        return Verdict.NOT_VALID, "revoked", "认定已撤销", "the award was revoked"
    if award.status is AwardStatus.LAPSED or today > award.valid_until:
        return Verdict.NOT_VALID, "lapsed", "认定已到期", "the award has lapsed"
    if award.open_matter:
        zh, en = "获认定主体已变更，正在核实", "its holder has moved or merged, which is being looked into"
        return Verdict.CANNOT_TELL, "being_settled", zh, en
    return Verdict.VALID, "valid", "认定有效", "the award is valid"
