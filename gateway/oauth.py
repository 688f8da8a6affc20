"""POST /oauth/token: client_credentials, RFC 6749 §4.4."""

from flask import current_app, request
from flask_smorest import Blueprint
from werkzeug import Response

from contract import fields
from contract.errors import Invalid
from contract.message import Message
from gateway import bodies, door, limits, openapi, problems

blueprint = Blueprint("oauth", __name__, url_prefix="/oauth", description="认证 · authentication")

_FORM = "application/x-www-form-urlencoded"
_FORM_LIMIT = 8 * 2**10
_PATIENCE = 2.0  # seconds


class Token(Message):
    access_token = fields.Text(required=True, at_most=4000)
    token_type = fields.Text(required=True)
    expires_in = fields.Whole(required=True, metadata={"description": "有效期，秒 · seconds"})
    scope = fields.Text(required=True)


class TokenForm(Message):
    """The client's id and secret go here, or into an ``Authorization: Basic`` header."""

    grant_type = fields.Text(required=True, metadata={"enum": ["client_credentials"]})
    client_id = fields.Text()
    client_secret = fields.Text()
    scope = fields.Text(at_most=500, metadata={"description": "缺省为全部权限 · all the client's scopes when absent"})


@blueprint.route("/token", methods=["POST"])
@blueprint.doc(
    security=[{}],
    requestBody={"required": True, "content": {_FORM: {"schema": TokenForm}}},
    responses={
        "200": {"description": "令牌 · a token", "content": {"application/json": {"schema": Token}}},
        **openapi.refused(
            (
                problems.TokenRequestInvalid,
                problems.MalformedRequest,
                problems.ClientInvalid,
                problems.NotAcceptable,
                problems.BodyTooLarge,
                problems.MediaTypeUnsupported,
                Invalid,
                problems.TooManyRequests,
                problems.InternalError,
                problems.TemporarilyUnavailable,
            )
        ),
    },
)
def issue_token() -> Response:
    """获取访问令牌 · Get an access token

    错误应答同时带有 RFC 6749 §5.2 的 `error` 与 `error_description`。
    Refusals carry RFC 6749's members beside those of RFC 9457.
    """
    current_app.extensions["limits"].take(f"address:{limits.address(request.remote_addr)}", limits.TOKENS, "token")
    door.accept("application/json")
    bodies.read_query(None)  # a secret in an address would end in somebody's log
    if request.mimetype != _FORM:
        raise problems.MediaTypeUnsupported(
            f"请求体须为 {_FORM}", f"the body must be {_FORM}", headers={"Accept": _FORM}
        )
    request.max_content_length = _FORM_LIMIT
    with current_app.extensions["secrets"].turn(_PATIENCE):  # each takes 19 MiB while it is checked
        return current_app.extensions["tokens"].create_token_response()
