"""People, by the opaque key that stands for them."""

from flask_smorest import Blueprint
from werkzeug import Response

from gateway import pages, scopes
from gateway.certificates import SERVICE, CertificateList
from gateway.door import Asked, answer, ask, operation
from gateway.openapi import Answer

blueprint = Blueprint(
    "people", __name__, url_prefix="/v1/people", description="人员（以不可逆标识表示） · people, by key"
)


@operation(
    blueprint,
    "GET",
    "/<person_key:person_key>/certificates",
    scopes=[scopes.CERTIFICATES_READ],
    query=pages.Page(),
    answers=Answer(
        200, CertificateList, "此人的证书（所辖范围内） · the person's certificates that the caller may see"
    ),
)
def list_certificates_of_person(asked: Asked, person_key: str) -> Response:
    """某人的证书 · The certificates of one person

    所辖范围内没有时为空列表，不区分是否有此人。
    Empty when there is none to be seen; whether the person exists is not told.
    """
    name = f"people/{person_key}"
    page = ask(SERVICE, "certificates", asked.actor, person_key=person_key, **pages.opened(name, asked.query))
    return answer(pages.closed(name, page))
