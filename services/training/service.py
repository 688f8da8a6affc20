"""What training is asked: commands and queries, as the gateway sends them. Every method takes and gives JSON.

``actor`` is contract.actor.Actor. The province's civil affairs department keeps centres and filings; whoever
has the scope reads them, centres within their region and filings all. A command with a ``command_id`` that was told
before changes nothing and is answered with what it was about, as it is now.
"""

from dataclasses import asdict
from typing import Any

from pymongo.client_session import ClientSession

from contract import fields, regions
from contract import training as public
from contract.actor import Actor
from contract.words import Role
from runtime import clock, mongo
from runtime.calls import LogCalls
from runtime.hosting import Settings, rpc
from runtime.outbox import Outbox
from runtime.pages import ReadPage, ReadRegion, given, nothing, walked, within_of
from services.training import domain, store
from services.training.domain import Assessor, Centre

READ, WRITE = "centres:read", "centres:write"


class ReadAssessors(ReadPage):
    name = fields.Name(at_most=100)


class Training(LogCalls):
    name = "training"

    settings = Settings()

    @rpc
    def register_centre(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """RegisterCentre -> Centre. Refuses CentreInvalid, CentreAlreadyRegistered, RegionUnknown, RegionAmbiguous,
        CentresNotAllowed, CommandReused."""
        asked, who = public.RegisterCentre.read(command), _keeper(actor)
        kept, at = store.training(self.settings), clock.now()
        centre = domain.register_centre(
            centre_id=mongo.new_id(),
            credit_code=asked["credit_code"],
            credit_code_reason=asked.get("credit_code_reason"),
            name=asked["name"],
            region=asked["region"],
            at=at,
            by=who.client_id,
        )

        def work(session: ClientSession) -> str:
            if kept.centre(centre.credit_code, session):
                raise public.CentreAlreadyRegistered("该统一社会信用代码已登记", "this code is registered")
            kept.put_centre(session, None, centre)
            return centre.credit_code

        return self._centre(kept.commands.once(who.client_id, asked, work, action="register"))

    @rpc
    def close_centre(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """CloseCentre -> Centre. Refuses CentreNotFound, CentreAlreadyClosed, RegistrationChanged, CentresNotAllowed,
        CommandReused."""
        asked, who = public.CloseCentre.read(command), _keeper(actor)
        kept, at, code = store.training(self.settings), clock.now(), domain.written(asked["credit_code"])

        def work(session: ClientSession) -> str:
            before = kept.centre(code, session)
            if before is None:
                raise _no_centre()
            domain.check_version(before, asked.get("expected_version"))
            after = domain.close_centre(before, reason=asked["reason"], at=at, by=who.client_id)
            kept.put_centre(session, before, after)
            return code

        return self._centre(kept.commands.once(who.client_id, asked, work, action="close"))

    @rpc
    def file_assessor(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """FileAssessor -> Assessor. Refuses AssessorInvalid, AssessorAlreadyFiled, NumberPrefixTaken,
        CentresNotAllowed, CommandReused."""
        asked, who = public.FileAssessor.read(command), _keeper(actor)
        kept, at, code = store.training(self.settings), clock.now(), domain.written(asked["credit_code"])

        def work(session: ClientSession) -> str:
            before = kept.assessor(code, session)
            after = domain.file_assessor(
                before,
                assessor_id=mongo.new_id(),
                credit_code=code,
                credit_code_reason=asked.get("credit_code_reason"),
                name=asked["name"],
                kind=public.AssessorKind(asked["kind"]),
                number_prefix=asked["number_prefix"],
                valid_from=asked["valid_from"],
                valid_until=asked.get("valid_until"),
                at=at,
                by=who.client_id,
            )
            holder = kept.assessor_with(asked["number_prefix"], session)
            if holder and holder.credit_code != code:
                raise public.NumberPrefixTaken(
                    f"该编号前缀已由{holder.name}备案", "another body has filed this prefix: check it"
                )
            kept.put_assessor(session, before, after)
            return code

        return self._assessor(kept.commands.once(who.client_id, asked, work, action="file"))

    @rpc
    def withdraw_filing(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """WithdrawFiling -> Assessor. Refuses AssessorNotFound, FilingAlreadyWithdrawn, RegistrationChanged,
        CentresNotAllowed, CommandReused."""
        asked, who = public.WithdrawFiling.read(command), _keeper(actor)
        kept, at, code = store.training(self.settings), clock.now(), domain.written(asked["credit_code"])

        def work(session: ClientSession) -> str:
            before = kept.assessor(code, session)
            if before is None:
                raise _no_assessor()
            domain.check_version(before, asked.get("expected_version"))
            after = domain.withdraw_filing(
                before, reason=asked["reason"], today=clock.day_of(at), at=at, by=who.client_id
            )
            kept.put_assessor(session, before, after)
            return code

        return self._assessor(kept.commands.once(who.client_id, asked, work, action="withdraw"))

    @rpc
    def centre(self, credit_code: str, actor: dict[str, Any]) -> dict[str, Any]:
        """-> Centre. Refuses CentreNotFound, CentresNotAllowed."""
        who = _reader(actor)
        found = store.training(self.settings).centre(domain.written(credit_code))
        if found is None or not regions.within(found.region, who.region):
            raise _no_centre()
        return _shown_centre(found)

    @rpc
    def centres(
        self, actor: dict[str, Any], after: str | None = None, limit: int = 50, region: str | None = None
    ) -> dict[str, Any]:
        """``{"items": [Centre], "next": cursor or None}`` of the actor's region. Refuses CentresNotAllowed."""
        who, asked = _reader(actor), ReadRegion.read(given(after=after, limit=limit, region=region))
        if (within := within_of(who.region, asked.get("region"))) is None:
            return nothing()
        found = store.training(self.settings).centres(within=within, after=asked.get("after"), limit=asked["limit"])
        return walked(found, [_shown_centre(each) for each in found])

    @rpc
    def assessor(self, credit_code: str, actor: dict[str, Any]) -> dict[str, Any]:
        """-> Assessor. Refuses AssessorNotFound, CentresNotAllowed."""
        _reader(actor)
        found = store.training(self.settings).assessor(domain.written(credit_code))
        if found is None:
            raise _no_assessor()
        return _shown_assessor(found)

    @rpc
    def assessors(
        self, actor: dict[str, Any], after: str | None = None, limit: int = 50, name: str | None = None
    ) -> dict[str, Any]:
        """``{"items": [Assessor], "next": cursor or None}``, with ``name`` those called exactly so. Refuses
        CentresNotAllowed."""
        _reader(actor)
        asked = ReadAssessors.read(given(after=after, limit=limit, name=name))
        kept = store.training(self.settings)
        found = kept.assessors(name=asked.get("name"), after=asked.get("after"), limit=asked["limit"])
        return walked(found, [_shown_assessor(each) for each in found])

    def _outbox(self) -> Outbox:
        return store.training(self.settings).outbox

    def _centre(self, credit_code: str) -> dict[str, Any]:
        found = store.training(self.settings).centre(credit_code)
        if found is None:
            raise _no_centre()
        return _shown_centre(found)

    def _assessor(self, credit_code: str) -> dict[str, Any]:
        found = store.training(self.settings).assessor(credit_code)
        if found is None:
            raise _no_assessor()
        return _shown_assessor(found)


def _reader(actor: dict[str, Any]) -> Actor:
    who = Actor.of(actor)
    if not who.has(READ, WRITE):
        raise _not_allowed()
    return who


def _keeper(actor: dict[str, Any]) -> Actor:
    who = Actor.of(actor)
    if WRITE not in who.scopes or who.role != Role.CIVIL_AFFAIRS or who.region != regions.PROVINCE:
        raise _not_allowed()
    return who


def _shown_centre(centre: Centre) -> dict[str, Any]:
    return public.Centre.write(**asdict(centre), region_name=regions.get(centre.region).full_name)


def _shown_assessor(assessor: Assessor) -> dict[str, Any]:
    return public.Assessor.write(**asdict(assessor))


def _no_centre() -> public.CentreNotFound:
    return public.CentreNotFound("没有登记这家培训机构", "no such centre is registered")


def _no_assessor() -> public.AssessorNotFound:
    return public.AssessorNotFound("没有这家评价机构的备案", "no such assessor has filed")


def _not_allowed() -> public.CentresNotAllowed:
    return public.CentresNotAllowed(
        "培训机构和评价机构备案由省民政厅管理",
        "centres and filings are kept by the province's civil affairs department",
    )
