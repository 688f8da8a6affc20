"""gunicorn's worker, which answers what is no HTTP request, and so never reaches the application, in our words too, and
waits only so long for a slow client."""

from http import HTTPStatus
from typing import Any

import structlog
from gunicorn import util
from gunicorn.http.errors import ConfigurationProblem, LimitRequestHeaders, LimitRequestLine, ParseException
from gunicorn.workers.gthread import ThreadWorker

from gateway import problems
from gateway.patience import Patient
from runtime import trace

log = structlog.get_logger("gateway.access")


class Worker(ThreadWorker):
    def enqueue_req(self, conn: Any) -> None:
        if not isinstance(conn.sock, Patient):
            conn.sock = Patient(conn.sock)
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        conn.sock.begin()
        return super().handle(conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        if not isinstance(exc, ParseException) or isinstance(exc, ConfigurationProblem):
            super().handle_error(req, client, addr, exc)
            return
        with trace.span():
            refusal = _refusal(exc)
            log.info("request", method="(none)", route="(none)", status=refusal.status, problem=refusal.code,
                     source=addr[0] if addr else None)  # fmt: skip
            body = problems.document(refusal, instance="/")
        head = (
            f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}\r\n"
            f"Content-Type: {problems.MEDIA_TYPE}\r\nContent-Length: {len(body)}\r\n"
            "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
        )
        try:
            util.write_nonblock(client, head.encode() + body)
        except OSError as error:
            log.info("refusal not delivered", error=type(error).__name__)


def _refusal(error: ParseException) -> problems.Problem:
    if isinstance(error, LimitRequestLine):
        return problems.AddressTooLong(
            "地址过长，请缩短查询参数", "the request's address is too long: shorten its query"
        )
    if isinstance(error, LimitRequestHeaders):
        return problems.HeadersTooLarge(
            "请求头过多或过长，请减少请求头（如多余的Cookie）",
            "the request has too many or too long headers: send fewer, such as needless cookies",
        )
    return problems.MalformedRequest("请求不符合HTTP格式，无法读取", "this is not an HTTP request that can be read")
