"""Access tokens: given out by OAuth2's client_credentials grant, read without asking anybody each time.

A token is a JWT signed with TOKEN_SECRET that bears everything a request needs: client, role, organisation, scopes,
region and rate. Only who was disabled meanwhile is looked up, every few seconds (gateway.clients.Disabled). An
organisation that does not act under the plan in its role and region gets none, and one that it has is not valid.
"""

import secrets
import time
from collections.abc import Container
from dataclasses import dataclass
from typing import Any

import jwt
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.integrations.flask_oauth2.requests import FlaskOAuth2Payload, FlaskOAuth2Request
from authlib.oauth2.rfc6749 import OAuth2Request
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from flask import current_app, request
from werkzeug import Response

import plan
from contract.actor import is_client_id
from gateway import problems
from gateway.clients import ID_FORM, Client, Clients, nobody
from plan.organisations import OrganisationUnknown
from runtime.config import Config

LIFETIME = 3600  # seconds
_ALGORITHM = "HS256"
_ISSUER = "yanzhao"
_CLAIMS = ["iss", "sub", "exp", "role", "org", "scope", "region", "rate"]


@dataclass(frozen=True)
class Caller:
    """Who asks, as the token says."""

    client_id: str
    role: str
    organisation: str
    region: str
    scopes: tuple[str, ...]
    per_minute: int

    @property
    def actor(self) -> dict[str, Any]:
        """contract.actor.Actor"""
        return {
            "client_id": self.client_id,
            "role": self.role,
            "region": self.region,
            "organisation": self.organisation,
            "scopes": list(self.scopes),
        }


def sign(settings: Config, client: Client, scope: str, *, lifetime: int = LIFETIME) -> str:
    now = int(time.time())
    claims = {
        "iss": _ISSUER,
        "sub": client.client_id,
        "iat": now,
        "exp": now + lifetime,
        "jti": secrets.token_hex(8),
        "role": client.role.value,
        "org": client.organisation,
        "scope": scope,
        "region": client.region,
        "rate": client.per_minute,
    }
    return jwt.encode(claims, settings.token_secret, _ALGORITHM)


def caller(settings: Config, authorization: str | None, disabled: Container[str] = ()) -> Caller | None:
    """Who the ``Authorization`` header speaks for; None when there is none. Raises TokenInvalid."""
    if authorization is None:
        return None
    kind, _, token = authorization.partition(" ")
    if kind.lower() != "bearer":
        raise _invalid("Authorization 须为 Bearer 令牌", "Authorization must be a Bearer token")
    try:
        claims = jwt.decode(
            token.strip(),
            settings.token_secret,
            algorithms=[_ALGORITHM],
            issuer=_ISSUER,
            options={"require": _CLAIMS},
        )
    except jwt.ExpiredSignatureError:
        raise _invalid("令牌已过期，请重新获取", "the token has expired; ask for a new one") from None
    except (jwt.InvalidTokenError, UnicodeError):
        raise _invalid("令牌无效，请重新获取", "the token is not valid; ask for a new one") from None
    if claims["sub"] in disabled:
        raise _invalid("该应用已停用", "this client has been disabled")
    try:
        _check(settings, role=claims["role"], organisation=claims["org"], region=claims["region"])
    except OrganisationUnknown as error:
        raise _invalid(error.zh, error.en) from None
    return Caller(
        client_id=claims["sub"],
        role=claims["role"],
        organisation=claims["org"],
        region=claims["region"],
        scopes=tuple(claims["scope"].split()),
        per_minute=claims["rate"],
    )


def _check(settings: Config, *, role: str, organisation: str, region: str) -> None:
    """Raises OrganisationUnknown."""
    plan.read(settings.plan_file).organisations.checked(role=role, organisation=organisation, region=region)


def _invalid(zh: str, en: str) -> problems.TokenInvalid:
    challenge = 'Bearer realm="yanzhao", error="invalid_token"'
    return problems.TokenInvalid(zh, en, headers={"WWW-Authenticate": challenge})


class _TokenRequest(FlaskOAuth2Request):
    """Authlib refuses http://, but TLS ends in front of the gateway, and on one machine there is none."""

    def __init__(self) -> None:
        OAuth2Request.__init__(self, request.method, "https:" + request.url.partition(":")[2], headers=request.headers)
        self._request = request
        self.payload = FlaskOAuth2Payload(request)


class _Grant(ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")

    def validate_token_request(self) -> None:
        super().validate_token_request()
        client = self.request.client
        try:
            _check(
                current_app.extensions["settings"],
                role=client.role,
                organisation=client.organisation,
                region=client.region,
            )
        except OrganisationUnknown as error:
            raise _refusal("unauthorized_client", error.zh, error.en) from None


class Tokens(AuthorizationServer):
    """The token endpoint's logic; refusals come out as problems that carry RFC 6749's members too."""

    def __init__(self, settings: Config) -> None:
        self._clients = Clients(settings)
        super().__init__(query_client=self._find, save_token=lambda token, asked: None)
        self.scopes_supported = None
        self._error_uris = None
        self.register_grant(_Grant)
        self.register_token_generator(
            "default",
            BearerTokenGenerator(
                lambda client, grant_type, user, scope: sign(settings, client, scope),
                expires_generator=lambda client, grant_type: LIFETIME,
            ),
        )

    def _find(self, client_id: str) -> Client:
        if not is_client_id(client_id):
            raise _refusal("invalid_client", *ID_FORM)
        return self._clients.get(client_id) or nobody()

    def create_oauth2_request(self, request: Any) -> OAuth2Request:
        return _TokenRequest()

    def handle_response(self, status_code: int, payload: Any, headers: Any) -> Response:
        if status_code == 200:
            return Response(current_app.json.dumps(payload), 200, dict(headers))
        raise _refusal(payload["error"])


def _refusal(error: str, *why: str) -> problems.Problem:
    """``why``, in both languages, is more than RFC 6749's word says."""
    zh, en = _ERRORS.get(error, ("令牌请求有误", "the token request is malformed"))
    facts = {"error": error, "error_description": en if error in _ERRORS else error}
    zh, en = why or (zh, en)
    if error == "invalid_client":
        return problems.ClientInvalid(
            zh, en, facts=facts, headers={"WWW-Authenticate": 'Basic realm="yanzhao", charset="UTF-8"'}
        )
    return problems.TokenRequestInvalid(zh, en, facts=facts)


_ERRORS = {
    "invalid_client": ("应用标识或密钥有误", "the client id or secret is wrong"),
    "invalid_request": ("令牌请求缺少参数或参数有误", "a parameter is missing or malformed"),
    "unsupported_grant_type": (
        "只支持 grant_type=client_credentials",
        "only grant_type=client_credentials is supported",
    ),
    "invalid_scope": ("请求了该应用没有的权限范围", "the client does not have the scopes that it asks for"),
    "unauthorized_client": ("该应用不可使用此授权方式", "the client may not use this grant"),
}
