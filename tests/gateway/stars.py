"""The made-up trade through the door: every command of ``samples.stars.Trade`` as the HTTP request that it is."""

from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from contract.words import Role
from gateway import tokens
from gateway.clients import Client
from runtime.config import Config
from runtime.files import Files
from samples.stars import Trade, into

# method of housekeeping -> (HTTP method, address, fields of the command that the address says)
ROUTES = {
    "register_base": ("POST", "/v1/bases"),
    "correct_base": ("POST", "/v1/bases/{base_id}/correction"),
    "move_base": ("POST", "/v1/bases/{base_id}/move"),
    "decide_base_move": ("POST", "/v1/bases/{base_id}/move/decision"),
    "register_fusao": ("POST", "/v1/fusao"),
    "move_fusao": ("POST", "/v1/fusao/{person_key}/move"),
    "open_application": ("POST", "/v1/applications"),
    "add_evidence": ("POST", "/v1/applications/{application_id}/evidence"),
    "move_application": ("POST", "/v1/applications/{application_id}/transitions"),
    "submit_review": ("POST", "/v1/applications/{application_id}/reviews"),
    "appeal_application": ("POST", "/v1/applications/{application_id}/appeal"),
    "settle_application": ("POST", "/v1/applications/{application_id}/settlement"),
    "read_objection": ("POST", "/v1/applications/{application_id}/objections/{objection_id}/statement"),
    "raise_objection": ("POST", "/v1/notices/{application_id}/objections"),
    "objection_status": ("POST", "/v1/objections/{objection_id}/status"),
    "appeal_objection": ("POST", "/v1/objections/{objection_id}/appeal"),
    "set_quota": ("POST", "/v1/quotas"),
    "record_holiday_notice": ("POST", "/v1/holidays"),
    "decide_holiday_notice": ("POST", "/v1/holidays/{notice_id}/decision"),
    "register_reviewer": ("POST", "/v1/reviewers"),
    "declare_interest": ("POST", "/v1/reviewers/interests"),
    "change_award": ("POST", "/v1/awards/{award_id}/changes"),
    "decide_award_change": ("POST", "/v1/awards/{award_id}/changes/decision"),
    "settle_award": ("POST", "/v1/awards/{award_id}/settlement"),
    "recognise_by_city": ("POST", "/v1/city-recognitions"),
    "decide_recognition": ("POST", "/v1/city-recognitions/{recognition_id}/decision"),
    "withdraw_recognition": ("POST", "/v1/city-recognitions/{recognition_id}/withdrawal"),
}
READ = {
    "application": "/v1/applications/{}",
    "award": "/v1/awards/{}",
    "base": "/v1/bases/{}",
    "fusao": "/v1/fusao/{}",
}


class RefusedByDoor(Exception):
    """``answer``: the problem as it came."""

    def __init__(self, answer: TestResponse) -> None:
        super().__init__(answer.text)
        self.answer = answer


class Door:
    """``trade``: the trade whose commands go this way. ``rpc`` is asked for what no door leads to: the time."""

    def __init__(self, app: Flask, settings: Config) -> None:
        self._app = app
        self._settings = settings
        self._browser = app.test_client()
        self.trade = Trade(self.call, into(Files(settings)))

    def call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """The answer's JSON. Raises RefusedByDoor."""
        if method in ("set_time", "status"):
            return self._app.extensions["rpc"].call("housekeeping", method, *args, **kwargs)
        if method in READ:
            answer = self.ask("GET", READ[method].format(args[0]), args[1])
        else:
            verb, path = ROUTES[method]
            command = dict(args[0])
            named = {name: command.pop(name) for name in list(command) if f"{{{name}}}" in path}
            answer = self.ask(verb, path.format(**named), args[1] if len(args) > 1 else None, json=command)
        if answer.status_code >= 400:
            raise RefusedByDoor(answer)
        return answer.json

    def ask(self, verb: str, path: str, actor: dict[str, Any] | None = None, **more: Any) -> TestResponse:
        headers = dict(more.pop("headers", {}))
        if actor is not None:
            headers["Authorization"] = f"Bearer {self.token(actor)}"
        return self._browser.open(path, method=verb, headers=headers, **more)

    def token(self, actor: dict[str, Any]) -> str:
        client = Client(
            client_id=actor["client_id"],
            secret_hash="",
            role=Role(actor["role"]),
            region=actor["region"],
            organisation=actor["organisation"],
            scopes=tuple(actor["scopes"]),
            per_minute=100_000,
        )
        return tokens.sign(self._settings, client, " ".join(actor["scopes"]))
