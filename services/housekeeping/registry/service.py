"""Calls about the registry: bases, 福嫂, and who they are in full."""

from typing import Any

from pymongo.client_session import ClientSession

from contract import certification, fields, identifying, regions
from contract import housekeeping as public
from contract.applications import EvidenceNotFound, RegionNotYours
from contract.message import Said
from contract.words import DocumentType, Role
from runtime import mongo
from runtime.events import listen
from runtime.hosting import rpc
from runtime.pages import ReadRegion, given, nothing, paged, walked, within_of
from services.housekeeping import access
from services.housekeeping.access import Actor
from services.housekeeping.calls import Calls, own
from services.housekeeping.registry import domain as registry
from services.housekeeping.registry.answers import shown_base, shown_fusao
from services.housekeeping.registry.domain import Base, Change, Fusao
from services.housekeeping.registry.store import Registry, registry_of


class ReadBases(ReadRegion):
    awaits = fields.Choice(public.Awaits)


class ReadFusao(ReadRegion):
    after = fields.PersonKey()


class RegistryCalls(Calls):
    @listen(*certification.EVENTS)
    def on_certificate(self, said: Said) -> None:
        """A 福嫂's certificates, whoever she is: she may be registered later."""
        registry_of(self.settings).hear(said.data)

    @rpc
    def register_base(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """RegisterBase -> Base. Refuses SubjectInvalid, SubjectAlreadyRegistered, RegionNotYours, StarsNotAllowed."""
        asked, who = public.RegisterBase.read(command), Actor.of(actor)
        who.require(access.APPLY, access.DECIDE)
        root, at, today = self._now()
        kept = registry_of(self.settings)
        region = registry.county(asked["region"])
        _require_region(who, region)
        numbers_of_staff = {name: asked[name] for name in ("staff", "women", "employed", "certified")}
        code = registry.check_base(
            credit_code=asked["credit_code"], registered_on=asked["registered_on"], today=today, **numbers_of_staff
        )

        def work(session: ClientSession) -> str:
            if kept.base_with_code(code, session):
                raise public.SubjectAlreadyRegistered("该统一社会信用代码已登记", "this code is registered")
            base = Base(
                base_id=mongo.new_id(),
                version=1,
                credit_code=code,
                name=asked["name"],
                region=region,
                organisation=_organisation(who, asked.get("organisation"), code),
                legal_representative=identifying.masked(asked["legal_representative"]["name"]),
                led_by_a_woman=asked["led_by_a_woman"],
                registered_on=asked["registered_on"],
                status=public.SubjectStatus.ACTIVE,
                history=(Change(1, "registered", at, who.client_id),),
                **numbers_of_staff,
            )
            kept.add_base(session, base, asked["legal_representative"])
            return base.base_id

        return shown_base(kept.base(root.commands.once(who.client_id, asked, work)))

    @rpc
    def correct_base(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """CorrectBase -> Base. Refuses SubjectNotFound, SubjectInvalid, SubjectChanged, SubjectNotActive."""
        asked, who = public.CorrectBase.read(command), Actor.of(actor)
        who.require(access.APPLY, access.DECIDE)
        root, at, today = self._now()
        kept = registry_of(self.settings)

        def work(session: ClientSession) -> str:
            before = kept.base(asked["base_id"], session)
            registry.require_sight(who, before)
            registry.check_version(before, asked.get("expected_version"))
            registry.require_active(before)
            names = ("name", "led_by_a_woman", "registered_on", "staff", "women", "employed", "certified")
            changes = {name: asked[name] for name in names if name in asked}
            person = asked.get("legal_representative")
            if person:
                changes["legal_representative"] = identifying.masked(person["name"])
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
            kept.replace_base(session, before, after, person)
            return before.base_id

        return shown_base(kept.base(root.commands.once(who.client_id, asked, work)))

    @rpc
    def base(self, base_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """-> Base. Refuses SubjectNotFound."""
        who = Actor.of(actor)
        found = registry_of(self.settings).base(base_id)
        registry.require_sight_of_base(who, found)
        return shown_base(found)

    @rpc
    def base_file(self, base_id: str, file_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """``{"file_id", "sha256"}`` of a document that a change of the base rests on. Refuses SubjectNotFound,
        EvidenceNotFound."""
        found = registry_of(self.settings).base(base_id)
        registry.require_sight_of_base(Actor.of(actor), found)
        return _file(found, file_id)

    @rpc
    def fusao_file(self, person_key: str, file_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """As ``base_file``, of a 福嫂."""
        found = registry_of(self.settings).fusao(person_key)
        registry.require_sight(Actor.of(actor), found)
        return _file(found, file_id)

    @rpc
    def bases(
        self,
        actor: dict[str, Any],
        after: str | None = None,
        limit: int = 50,
        region: str | None = None,
        awaits: str | None = None,
    ) -> dict[str, Any]:
        """``{"items": [Base], "next"}`` of those that the actor may see."""
        who = Actor.of(actor)
        asked = ReadBases.read(given(after=after, limit=limit, region=region, awaits=awaits))
        who.require(access.READ)
        if (within := within_of(who.region, asked.get("region"))) is None or who.role is Role.REVIEWER:
            return nothing()
        found = registry_of(self.settings).bases(
            within=within,
            organisation=own(who),
            proposed="awaits" in asked,
            after=asked.get("after"),
            limit=asked["limit"],
        )
        return walked(found, [shown_base(each) for each in found])

    @rpc
    def register_fusao(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """RegisterFusao -> Fusao. Refuses SubjectInvalid, SubjectAlreadyRegistered, SubjectNotFound (the employer),
        SubjectNotActive, StarsNotAllowed."""
        asked, who = public.RegisterFusao.read(command), Actor.of(actor)
        who.require(access.APPLY, access.DECIDE)
        root, at, _ = self._now()
        kept = registry_of(self.settings)
        kind = DocumentType(asked["document_type"])
        number = registry.read_document(kind, asked["document_number"])
        key = kept.person_key(kind.value, number)

        def work(session: ClientSession) -> str:
            employer = kept.base(asked["employer"], session)
            registry.require_sight(who, employer)
            registry.require_active(employer)
            kept.lock(session, employer)
            if kept.known_fusao(key, session):
                raise public.SubjectAlreadyRegistered("此人已登记为福嫂", "this person is registered")
            fusao = Fusao(
                person_key=key,
                version=1,
                name=identifying.masked(asked["name"]),
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
            kept.add_fusao(session, fusao, person)
            return key

        return _fusao(kept, root.commands.once(who.client_id, asked, work))

    @rpc
    def fusao(self, person_key: str, actor: dict[str, Any]) -> dict[str, Any]:
        """-> Fusao. Refuses SubjectNotFound."""
        who, kept = Actor.of(actor), registry_of(self.settings)
        registry.require_sight(who, kept.fusao(person_key))
        return _fusao(kept, person_key)

    @rpc
    def fusao_list(
        self, actor: dict[str, Any], after: str | None = None, limit: int = 50, region: str | None = None
    ) -> dict[str, Any]:
        """``{"items": [Fusao], "next"}`` of those that the actor may see."""
        who, asked = Actor.of(actor), ReadFusao.read(given(after=after, limit=limit, region=region))
        who.require(access.READ)
        if (within := within_of(who.region, asked.get("region"))) is None or who.role is Role.REVIEWER:
            return nothing()
        kept = registry_of(self.settings)
        found = kept.fusao_list(
            within=within, organisation=own(who), after=asked.get("after"), limit=asked["limit"] + 1
        )
        return paged([shown_fusao(each, kept.held_by(each.person_key)) for each in found], asked["limit"], "person_key")

    @rpc
    def reveal_subject(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """RevealSubject -> RevealedSubject, after recording who saw it and why. Refuses SubjectNotFound,
        StarsNotAllowed."""
        asked, who = public.RevealSubject.read(command), Actor.of(actor)
        who.require(access.REVEAL)
        root, at, _ = self._now()
        kept, kind, key = registry_of(self.settings), asked["subject_kind"], asked["subject_key"]
        registry.require_sight(who, kept.subject(public.SubjectKind(kind), key))
        command_id = asked.get("command_id")
        root.record_reveal(what=kind, about=key, actor=who, reason=asked["reason"], at=at, command_id=command_id)
        person = kept.person(public.SubjectKind(kind), key)
        shown = {name: person[name] for name in ("document_type", "document_number") if name in person}
        return public.RevealedSubject.write(name=person["name"], phone=person.get("phone"), **shown)


def _fusao(kept: Registry, person_key: str) -> dict[str, Any]:
    return shown_fusao(kept.fusao(person_key), kept.held_by(person_key))


def _file(subject: Base | Fusao, file_id: str) -> dict[str, Any]:
    named = {item.file_id: item.sha256 for change in subject.history for item in change.evidence}
    if file_id not in named:
        raise EvidenceNotFound("没有这份材料", "there is no such document")
    return {"file_id": file_id, "sha256": named[file_id]}


def _organisation(who: Actor, asked: str | None, otherwise: str) -> str:
    return who.organisation if who.role is Role.APPLICANT else asked or otherwise


def _require_region(who: Actor, region: str) -> None:
    if not regions.within(region, who.region):
        name = regions.get(who.region).full_name
        raise RegionNotYours(f"只能登记{name}范围内的主体", f"only what lies within {who.region} is yours to register")
