"""Publish again what a service's log holds: ``python -m runtime.resend certification --after 100 [--to 200]``.

The service's relay does it, straight to the queues. Hearers settle what they had already, so it is always safe.
"""

import argparse
import sys

from amqp.exceptions import AMQPError
from kombu.exceptions import OperationalError

from contract.subscriptions import SUBSCRIPTIONS
from runtime import config, rabbit


def main(argv: list[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    queues = [one.queue for one in SUBSCRIPTIONS if one.service == arguments.service]
    if arguments.queue is not None:
        if arguments.queue not in queues:
            print(
                f"{arguments.service} 不向队列 {arguments.queue} 发送，可选：{'、'.join(queues)} / "
                f"{arguments.service} does not publish to {arguments.queue}; it does to: {', '.join(queues)}",
                file=sys.stderr,
            )
            return 2
        queues = [arguments.queue]
    try:
        settings = config.read()
        with rabbit.connection(settings) as broker:
            rabbit.Publisher(broker).publish_all(
                rabbit.Outgoing("", rabbit.resend_queue(arguments.service).name, _asked(queue, arguments))
                for queue in queues
            )
    except config.ConfigurationMissing as error:
        print(error, file=sys.stderr)
        return 2
    except (AMQPError, OperationalError, OSError, rabbit.NotConfirmed) as error:
        print(f"消息代理不可用，未请求重发 / the broker is away, nothing asked (AMQP_URI): {error}", file=sys.stderr)
        return 1
    print(
        f"已请求 {arguments.service}.relay 重发，队列：{'、'.join(queues)} / "
        f"{arguments.service}.relay is asked to publish again, to: {', '.join(queues)}"
    )
    return 0


def _asked(queue: str, arguments: argparse.Namespace) -> dict[str, object]:
    if arguments.restart:
        return {"queue": queue, "restart": True}
    return {"queue": queue, "after": arguments.after, "to": arguments.to}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make resend", description="重发事件日志 / publish a log again")
    parser.add_argument("service", choices=sorted({one.service for one in SUBSCRIPTIONS}))
    parser.add_argument("--queue", help="只发往这个队列 / only to this queue")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--after", type=int, metavar="SEQ", help="重发此后的事件 / the events after this place")
    what.add_argument(
        "--restart",
        action="store_true",
        help="认可日志现状，从头重发；日志被恢复到更早时用 / go on with the log as it is now, from its beginning: "
        "when it was restored to an earlier moment",
    )
    parser.add_argument("--to", type=int, metavar="SEQ", help="到此为止（含） / up to and with this place")
    return parser


if __name__ == "__main__":
    sys.exit(main())
