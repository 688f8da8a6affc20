"""养老护理员 certificates: issue, read, correct, revoke, reinstate, verify; and, with a reason, see who it is."""

from flask import url_for
from flask_smorest import Blueprint
from werkzeug import Response

from contract import certification as public
from contract import fields
from contract.applications import EvidenceNotFound
from contract.message import Message
from contract.regions import RegionAmbiguous, RegionUnknown
from contract.words import CertificateStatus
from gateway import downloads, pages, scopes
from gateway.door import Asked, answer, ask, etag, operation, polled
from gateway.downloads import BYTES
from gateway.openapi import Answer

blueprint = Blueprint(
    "certificates", __name__, url_prefix="/v1/certificates", description="养老护理员证书 · certificates"
)

SERVICE = "certification"


class CertificateList(Message):
    """``next`` is null on the last page."""

    items = fields.Many(fields.Nested(public.Certificate), required=True)
    next = fields.Text(required=True, allow_none=True, at_most=500)


class ListCertificates(pages.Page):
    region = fields.RegionCode(metadata={"description": "行政区划代码，含下级 · a region and all below it"})
    status = fields.Choice(CertificateStatus)
    import_id = fields.Id(metadata={"description": "某次导入的证书 · those of one import"})


_CHANGED = Answer(
    200, public.Certificate, "变更后的证书 · the certificate as it is now", headers=("ETag", "Content-Location")
)
_PATH = ("command_id", "certificate_number", "expected_version")  # said by headers and path, not by the body
_CHANGES = (public.CertificateNotFound, public.CertificateChanged, public.ActionNotAllowed)


# A synthetic person with valid check digits, who is in none of the sample rosters: who tries it moves the count.
EXAMPLE = {
    "certificate_number": "Y999913000000235900001",
    "holder_name": "周银琳",
    "document_type": "居民身份证",
    "document_number": "132100197807294643",
    "occupation": "养老护理员",
    "work_type": "--",
    "level": "5",
    "issued_on": "2023-05-01",
    "assessor": "河北示例职业技能评价中心",
    "region": "130102",
}


@operation(
    blueprint,
    "POST",
    "",
    scopes=[scopes.CERTIFICATES_WRITE],
    body=public.IssueCertificate(exclude=("command_id",)),
    examined=lambda readable: ask(SERVICE, "certificate_faults", readable),
    example=EXAMPLE,
    once=True,
    answers=Answer(201, public.Certificate, "已登记 · recorded", headers=("Location", "ETag")),
    refusals=(
        public.CertificateInvalid,
        public.CertificateAlreadyIssued,
        public.CertificateConflict,
        public.ActionNotAllowed,
        RegionUnknown,
        RegionAmbiguous,
    ),
)
def issue_certificate(asked: Asked) -> Response:
    """登记一张证书 · Issue a certificate

    登记后异步计入指标12.1；本应答不等待计数。
    Recorded at once, counted shortly after: the answer does not wait for the counter.
    """
    found = ask(SERVICE, "issue_certificate", asked.command(), asked.actor)
    return answer(found, 201, Location=_address(found), ETag=etag(found))


@operation(
    blueprint,
    "GET",
    "",
    scopes=[scopes.CERTIFICATES_READ],
    query=ListCertificates(),
    answers=Answer(200, CertificateList, "一页证书，姓名和证件号码已脱敏 · one page, names and numbers masked"),
    refusals=(RegionUnknown, RegionAmbiguous),
)
def list_certificates(asked: Asked) -> Response:
    """查询证书 · List certificates

    培训机构只见本机构登记的，其他角色见所辖区域的。
    A training centre sees its own, every other role its region's.
    """
    page = ask(SERVICE, "certificates", asked.actor, **pages.opened("certificates", asked.query))
    return answer(pages.closed("certificates", page))


@operation(
    blueprint,
    "GET",
    "/<number:certificate_number>",
    scopes=[scopes.CERTIFICATES_READ],
    answers=Answer(200, public.Certificate, "证书，已脱敏 · the certificate, masked", cached=True),
    refusals=(public.CertificateNotFound,),
)
def read_certificate(asked: Asked, certificate_number: str) -> Response:
    """按编号读取证书 · Read a certificate by its number

    更正前的旧编号也可用。
    A number that was corrected still finds it.
    """
    found = ask(SERVICE, "certificate", certificate_number, asked.actor)
    return polled(found, etag=str(found["version"]), cache="private, no-cache")


@operation(
    blueprint,
    "POST",
    "/<number:certificate_number>/correction",
    scopes=[scopes.CERTIFICATES_WRITE, scopes.CERTIFICATES_CORRECT],
    body=public.CorrectCertificate(exclude=_PATH),
    once=True,
    edits=True,
    answers=_CHANGED,
    refusals=(
        *_CHANGES,
        public.CertificateInvalid,
        public.CertificateConflict,
        public.CertificateRevokedAlready,
        public.NothingToCorrect,
        RegionUnknown,
        RegionAmbiguous,
    ),
)
def correct_certificate(asked: Asked, certificate_number: str) -> Response:
    """更正证书 · Correct a certificate

    只写要改的项目；原内容保留在更正链中，人员仍计一次；民政部门更正须附材料。
    Only the fields to change; what was there stays in the chain, and the person stays one. A bureau adds evidence.
    """
    return _changed(asked, "correct_certificate", certificate_number)


@operation(
    blueprint,
    "GET",
    "/<number:certificate_number>/evidence/<id:file_id>",
    scopes=[scopes.CERTIFICATES_READ],
    answers=Answer(200, None, "材料 · the document", BYTES, headers=("Content-Disposition",)),
    refusals=(public.CertificateNotFound, EvidenceNotFound, public.ActionNotAllowed),
)
def read_certificate_evidence(asked: Asked, certificate_number: str, file_id: str) -> Response:
    """查阅撤销、恢复材料 · See what a revocation or reinstatement rests on"""
    found = ask(SERVICE, "certificate_file", certificate_number, file_id, asked.actor)
    missing = EvidenceNotFound("没有这份材料", "there is no such document")
    return downloads.proof(file_id, found["sha256"], missing=missing)


@operation(
    blueprint,
    "POST",
    "/<number:certificate_number>/revocation",
    scopes=[scopes.CERTIFICATES_REVOKE, scopes.CERTIFICATES_WRITE],
    body=public.RevokeCertificate(exclude=_PATH),
    once=True,
    edits=True,
    answers=_CHANGED,
    refusals=(*_CHANGES, public.CertificateRevokedAlready, public.CertificateInvalid),
)
def revoke_certificate(asked: Asked, certificate_number: str) -> Response:
    """撤销证书 · Revoke a certificate

    登记机构撤销本机构登记的须说明理由；民政部门撤销须另附材料。持证人若无其他有效证书，将从指标12.1中减去。
    Whoever recorded it takes it back with a reason; a bureau adds evidence. Who holds no other valid certificate is
    taken out of indicator 12.1.
    """
    return _changed(asked, "revoke_certificate", certificate_number)


@operation(
    blueprint,
    "POST",
    "/<number:certificate_number>/reinstatement",
    scopes=[scopes.CERTIFICATES_REVOKE],
    body=public.ReinstateCertificate(exclude=_PATH),
    once=True,
    edits=True,
    answers=_CHANGED,
    refusals=(*_CHANGES, public.CertificateNotRevoked, public.WithdrawnByInspection, public.CertificateInvalid),
)
def reinstate_certificate(asked: Asked, certificate_number: str) -> Response:
    """恢复已撤销的证书 · Reinstate a revoked certificate

    恢复须说明理由并附材料。DELETE 的请求体没有定义的含义（RFC 9110 §9.3.5），故不用 DELETE revocation。
    Takes a reason and evidence, and a DELETE has no body to say it in; hence a POST of its own.
    """
    return _changed(asked, "reinstate_certificate", certificate_number)


@operation(
    blueprint,
    "POST",
    "/<number:certificate_number>/verification",
    scopes=[scopes.CERTIFICATES_VERIFY],
    body=public.VerifyCertificate(exclude=_PATH),
    once=True,
    edits=True,
    answers=_CHANGED,
    refusals=(*_CHANGES, public.CertificateInvalid),
)
def verify_certificate(asked: Asked, certificate_number: str) -> Response:
    """记录全国联网查询的核验结果 · Record what the national query answered

    “未查到”不等于假证，上传有延迟。
    未查到 (not found) does not mean fake: uploads lag.
    """
    return _changed(asked, "verify_certificate", certificate_number)


@operation(
    blueprint,
    "POST",
    "/<number:certificate_number>/holder",
    scopes=[scopes.PEOPLE_REVEAL],
    body=public.RevealHolder(exclude=("command_id", "certificate_number")),
    answers=Answer(200, public.RevealedHolder, "完整个人信息，不得缓存 · in full, never cached"),
    refusals=(public.CertificateNotFound, public.RevealNotAllowed),
)
def reveal_holder(asked: Asked, certificate_number: str) -> Response:
    """查看持证人完整信息 · See the holder in full

    须有专门权限并说明理由，每次查看均留痕；没有幂等键，应答不保存。
    Needs its own scope and a reason, and is recorded each time. Takes no Idempotency-Key: the answer is kept nowhere.
    """
    command = asked.command(certificate_number=certificate_number)
    return answer(ask(SERVICE, "reveal_holder", command, asked.actor))


def _changed(asked: Asked, method: str, certificate_number: str) -> Response:
    found = ask(SERVICE, method, asked.command(certificate_number=certificate_number), asked.actor)
    return answer(found, ETag=etag(found), Content_Location=_address(found))


def _address(certificate: dict[str, str]) -> str:
    return url_for("certificates.read_certificate", certificate_number=certificate["certificate_number"])
