"""Calls about the registry: bases, 福嫂, and who they are in full."""

import datetime as dt
from typing import Any

from pymongo.client_session import ClientSession

from contract import fields, regions
from contract import housekeeping as public
from contract.applications import RegionNotYours
from contract.words import DocumentType, Role
from runtime import mongo
from runtime.hosting import rpc
from runtime.pages import ReadRegion, given, nothing, paged, within_of
from services.housekeeping import access, store
from services.housekeeping.access import Actor
from services.housekeeping.answers import shown_base, shown_fusao
from services.housekeeping.awards import domain as awards
from services.housekeeping.awards import numbers
from services.housekeeping.calls import Calls, actor_of, own
from services.housekeeping.cases import domain as cases
from services.housekeeping.registry import domain as registry
from services.housekeeping.registry.domain import Base, Change, Fusao
from services.housekeeping.store import Housekeeping, timepiece


class ReadFusao(ReadRegion):
    after = fields.PersonKey()


class RegistryCalls(Calls):
    @rpc
    def register_base(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """RegisterBase -> Base. Refuses SubjectInvalid, SubjectAlreadyRegistered, RegionNotYours, StarsNotAllowed."""
        asked, who = public.RegisterBase.read(command), actor_of(actor)
        who.require(access.APPLY, access.DECIDE)
        kept, at, today = self._now()
        region = registry.county(asked["region"])
        _require_region(who, region)
        numbers_of_staff = {name: asked[name] for name in ("staff", "women", "employed", "certified")}
        code = registry.check_base(
            credit_code=asked["credit_code"], registered_on=asked["registered_on"], today=today, **numbers_of_staff
        )

        def work(session: ClientSession) -> str:
            if kept.registry.base_with_code(code, session):
                raise public.SubjectAlreadyRegistered("该统一社会信用代码已登记", "this code is registered")
            base = Base(
                base_id=mongo.new_id(),
                version=1,
                credit_code=code,
                name=asked["name"],
                region=region,
                organisation=_organisation(who, asked.get("organisation"), code),
                legal_representative=numbers.masked_name(asked["legal_representative"]["name"]),
                led_by_a_woman=asked["led_by_a_woman"],
                registered_on=asked["registered_on"],
                status=public.SubjectStatus.ACTIVE,
                history=(Change(1, "registered", at, who.client_id),),
                **numbers_of_staff,
            )
            kept.registry.add_base(session, base, asked["legal_representative"])
            return base.base_id

        return shown_base(kept.registry.base(kept.commands.once(who.client_id, asked, work)))

    @rpc
    def correct_base(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """CorrectBase -> Base. Refuses SubjectNotFound, SubjectInvalid, SubjectChanged, SubjectNotActive."""
        asked, who = public.CorrectBase.read(command), actor_of(actor)
        who.require(access.APPLY, access.DECIDE)
        kept, at, today = self._now()

        def work(session: ClientSession) -> str:
            before = kept.registry.base(asked["base_id"], session)
            _require_sight(who, before)
            registry.check_version(before, asked.get("expected_version"))
            registry.require_active(before)
            names = ("name", "led_by_a_woman", "registered_on", "staff", "women", "employed", "certified")
            changes = {name: asked[name] for name in names if name in asked}
            person = asked.get("legal_representative")
            if person:
                changes["legal_representative"] = numbers.masked_name(person["name"])
            after = registry.changed(before, "corrected", at=at, by=who.client_id, reason=asked["reason"], **changes)
            registry.check_base(
                credit_code=after.credit_code,
                staff=after.staff,
                women=after.women,
                employed=after.employed,
                certified=after.certified,
                registered_on=after.registered_on,
                today=today,
            )
            kept.registry.replace_base(session, before, after, person)
            return before.base_id

        return shown_base(kept.registry.base(kept.commands.once(who.client_id, asked, work)))

    @rpc
    def move_base(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """MoveBase -> Base. Its open cases and standing awards, and those of the 福嫂 whom it employs, stay where they
        are, each with a matter to settle. Refuses SubjectNotFound, SubjectInvalid, SubjectChanged, SubjectNotActive."""
        asked, who = public.MoveBase.read(command), actor_of(actor)
        who.require(access.DECIDE)
        kept, at, today = self._now()

        def work(session: ClientSession) -> str:
            before = kept.registry.base(asked["base_id"], session)
            _require_sight(who, before)
            registry.check_version(before, asked.get("expected_version"))
            registry.require_active(before)
            changes: dict[str, Any] = {}
            if "region" in asked:
                changes["region"] = registry.county(asked["region"])
            if "merged_into" in asked:
                registry.require_active(kept.registry.base(asked["merged_into"], session))
                changes |= {"merged_into": asked["merged_into"], "status": public.SubjectStatus.MERGED}
            if len({*changes} & {"region", "merged_into"}) != 1 or asked.get("merged_into") == before.base_id:
                raise public.SubjectInvalid(
                    "须写明新区划或并入的基地，二者取一", "give a region, or the base it merged into"
                )
            what = "merged" if "merged_into" in asked else "moved"
            after = registry.changed(before, what, at=at, by=who.client_id, reason=asked["reason"], **changes)
            kept.registry.replace_base(session, before, after)
            employed = kept.registry.employed_by(before.base_id, session)
            if what == "moved":
                for each in employed:
                    moved = registry.changed(
                        each, "moved", at=at, by=who.client_id, reason=asked["reason"], region=after.region
                    )
                    kept.registry.replace_fusao(session, each, moved)
            detail = {
                "base_id": before.base_id,
                "from": before.region,
                "to": changes.get("merged_into") or after.region,
            }
            keys = [before.base_id, *(each.person_key for each in employed)]
            raise_matters(kept, session, keys, kind=what, detail=detail, today=today, at=at)
            return before.base_id

        return shown_base(kept.registry.base(kept.commands.once(who.client_id, asked, work)))

    @rpc
    def base(self, base_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """-> Base. Refuses SubjectNotFound."""
        who = actor_of(actor)
        found = store.housekeeping(self.settings).registry.base(base_id)
        _require_sight(who, found)
        return shown_base(found)

    @rpc
    def bases(
        self, actor: dict[str, Any], after: str | None = None, limit: int = 50, region: str | None = None
    ) -> dict[str, Any]:
        """``{"items": [Base], "next"}`` of those that the actor may see."""
        who, asked = actor_of(actor), ReadRegion.read(given(after=after, limit=limit, region=region))
        who.require(access.READ)
        if (within := within_of(who.region, asked.get("region"))) is None or who.role is Role.REVIEWER:
            return nothing()
        found = store.housekeeping(self.settings).registry.bases(
            within=within, organisation=own(who), after=asked.get("after"), limit=asked["limit"] + 1
        )
        return paged([shown_base(each) for each in found], asked["limit"], "base_id")

    @rpc
    def register_fusao(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """RegisterFusao -> Fusao. Refuses SubjectInvalid, SubjectAlreadyRegistered, SubjectNotFound (the employer),
        SubjectNotActive, StarsNotAllowed."""
        asked, who = public.RegisterFusao.read(command), actor_of(actor)
        who.require(access.APPLY, access.DECIDE)
        kept, at, _ = self._now()
        kind = DocumentType(asked["document_type"])
        number = registry.read_document(kind, asked["document_number"])
        key = kept.registry.person_key(kind.value, number)

        def work(session: ClientSession) -> str:
            employer = kept.registry.base(asked["employer"], session)
            _require_sight(who, employer)
            registry.require_active(employer)
            if kept.registry.known_fusao(key, session):
                raise public.SubjectAlreadyRegistered("此人已登记为福嫂", "this person is registered")
            fusao = Fusao(
                person_key=key,
                version=1,
                name=numbers.masked_name(asked["name"]),
                document_number=registry.masked_document(number),
                employer=employer.base_id,
                region=employer.region,
                organisation=_organisation(who, asked.get("organisation"), employer.organisation),
                skills=tuple(asked["skills"]),
                status=public.SubjectStatus.ACTIVE,
                history=(Change(1, "registered", at, who.client_id),),
            )
            person = {"name": asked["name"], "document_type": kind.value, "document_number": number}
            person |= {"phone": asked["phone"]} if "phone" in asked else {}
            kept.registry.add_fusao(session, fusao, person)
            return key

        return self._fusao(kept, kept.commands.once(who.client_id, asked, work))

    @rpc
    def move_fusao(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """MoveFusao -> Fusao: another employer. Her open case and standing awards stay, with a matter to settle."""
        asked, who = public.MoveFusao.read(command), actor_of(actor)
        who.require(access.APPLY, access.DECIDE)
        kept, at, today = self._now()

        def work(session: ClientSession) -> str:
            before = kept.registry.fusao(asked["person_key"], session)
            _require_sight(who, before)
            registry.check_version(before, asked.get("expected_version"))
            employer = kept.registry.base(asked["employer"], session)
            registry.require_active(employer)
            after = registry.changed(
                before,
                "moved",
                at=at,
                by=who.client_id,
                reason=asked["reason"],
                employer=employer.base_id,
                region=employer.region,
                organisation=employer.organisation,
            )
            kept.registry.replace_fusao(session, before, after)
            detail = {"from": before.employer, "to": employer.base_id}
            raise_matters(kept, session, [before.person_key], kind="moved", detail=detail, today=today, at=at)
            return before.person_key

        return self._fusao(kept, kept.commands.once(who.client_id, asked, work))

    @rpc
    def fusao(self, person_key: str, actor: dict[str, Any]) -> dict[str, Any]:
        """-> Fusao. Refuses SubjectNotFound."""
        who, kept = actor_of(actor), store.housekeeping(self.settings)
        _require_sight(who, kept.registry.fusao(person_key))
        return self._fusao(kept, person_key)

    @rpc
    def fusao_list(
        self, actor: dict[str, Any], after: str | None = None, limit: int = 50, region: str | None = None
    ) -> dict[str, Any]:
        """``{"items": [Fusao], "next"}`` of those that the actor may see."""
        who, asked = actor_of(actor), ReadFusao.read(given(after=after, limit=limit, region=region))
        who.require(access.READ)
        if (within := within_of(who.region, asked.get("region"))) is None or who.role is Role.REVIEWER:
            return nothing()
        kept = store.housekeeping(self.settings)
        found = kept.registry.fusao_list(
            within=within, organisation=own(who), after=asked.get("after"), limit=asked["limit"] + 1
        )
        return paged(
            [shown_fusao(each, kept.registry.held_by(each.person_key)) for each in found], asked["limit"], "person_key"
        )

    @rpc
    def reveal_subject(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """RevealSubject -> RevealedSubject, after recording who saw it and why. Refuses SubjectNotFound,
        StarsNotAllowed."""
        asked, who = public.RevealSubject.read(command), actor_of(actor)
        who.require(access.REVEAL)
        kept, kind, key = store.housekeeping(self.settings), asked["subject_kind"], asked["subject_key"]
        _require_sight(who, kept.registry.subject(public.SubjectKind(kind), key))
        at = timepiece.now(self.settings)
        kept.record_reveal(what=kind, about=key, actor=who, reason=asked["reason"], at=at)
        person = kept.registry.person(public.SubjectKind(kind), key)
        shown = {name: person[name] for name in ("document_type", "document_number") if name in person}
        return public.RevealedSubject.write(name=person["name"], phone=person.get("phone"), **shown)

    def _fusao(self, kept: Housekeeping, person_key: str) -> dict[str, Any]:
        return shown_fusao(kept.registry.fusao(person_key), kept.registry.held_by(person_key))


def raise_matters(
    kept: Housekeeping,
    session: ClientSession,
    keys: list[str],
    *,
    kind: str,
    detail: dict[str, str],
    today: dt.date,
    at: dt.datetime,
) -> None:
    """Whatever these subjects have open or standing stays as it is, until somebody settles what the change means."""
    for case in kept.cases.open_of(keys, session):
        kept.cases.replace(session, case, cases.raise_matter(case, kind=kind, detail=detail, at=at))
    for award in kept.awards.standing_of(keys, session):
        raised = awards.raise_matter(award, kind=kind, detail=detail, today=today, at=at)
        kept.awards.replace(session, award, raised)


def _organisation(who: Actor, asked: str | None, otherwise: str) -> str:
    return who.organisation if who.role is Role.APPLICANT else asked or otherwise


def _require_region(who: Actor, region: str) -> None:
    if not regions.within(region, who.region):
        name = regions.get(who.region).full_name
        raise RegionNotYours(f"只能登记{name}范围内的主体", f"only what lies within {who.region} is yours to register")


def _require_sight(who: Actor, subject: Base | Fusao) -> None:
    if not who.sees(region=subject.region, organisation=subject.organisation):
        raise access.subject_not_found()
