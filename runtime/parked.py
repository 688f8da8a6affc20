"""Parked messages, for the people who look after them: ``python -m runtime.parked list|show|replay|discard``."""

import argparse
import getpass
import itertools
import json
import socket
import sys
import unicodedata

from amqp.exceptions import AMQPError
from kombu.exceptions import OperationalError
from pymongo.errors import PyMongoError

from contract import subscriptions
from runtime import config, rabbit
from runtime.shelf import NotThere, Shelf, shelf

_COLUMNS = ("编号", "队列", "事件", "对象", "重试", "停放时间", "原因")


def hearers() -> list[str]:
    return sorted({subscription.hearer for subscription in subscriptions.SUBSCRIPTIONS})


def main(argv: list[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        settings = config.read()
        with shelf(settings, [arguments.hearer] if arguments.hearer else hearers()) as look:
            return int(arguments.run(look, arguments))
    except (NotThere, config.ConfigurationMissing) as error:
        print(error, file=sys.stderr)
    except rabbit.NotConfirmed as error:
        print(f"未能重放，消息仍停放 / not replayed, still parked: {error}", file=sys.stderr)
    except (AMQPError, OperationalError, OSError) as error:
        print(f"消息代理不可用 / the broker is away (AMQP_URI): {error}", file=sys.stderr)
    except PyMongoError as error:
        print(
            f"数据库不可用，未丢弃 / the database is away, nothing discarded: {type(error).__name__}", file=sys.stderr
        )
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m runtime.parked", description="停放的消息 / parked messages")
    parser.add_argument("--hearer", choices=hearers(), help="只看这个服务的 / only this service's")
    commands = parser.add_subparsers(required=True, metavar="list|show|replay|discard")
    listing = commands.add_parser("list", help="列出 / list them")
    listing.add_argument("--json", action="store_true")
    listing.add_argument("--limit", type=int, default=200, help="最多列出多少条 / how many at most (200)")
    listing.set_defaults(run=_list)
    showing = commands.add_parser("show", help="显示全文（JSON） / one of them, whole, as JSON")
    showing.add_argument("id")
    showing.set_defaults(run=_show)
    replaying = commands.add_parser("replay", help="送回原队列重新处理 / send back to the queue it came from")
    which = replaying.add_mutually_exclusive_group(required=True)
    which.add_argument("id", nargs="?")
    which.add_argument("--all", action="store_true")
    replaying.set_defaults(run=_replay)
    discarding = commands.add_parser("discard", help="记录后丢弃 / record it and let it go")
    discarding.add_argument("id")
    discarding.add_argument("--reason", required=True, type=_reason, help="为什么丢弃 / why")
    discarding.add_argument("--by", default=f"{getpass.getuser()}@{socket.gethostname()}", help="谁 / who")
    discarding.set_defaults(run=_discard)
    for command in (listing, showing, replaying, discarding):
        command.add_argument("--hearer", choices=hearers(), default=argparse.SUPPRESS)
    return parser


def _list(look: Shelf, arguments: argparse.Namespace) -> int:
    total = look.count()
    found = [parked.summary() for parked in itertools.islice(look.messages(arguments.limit), arguments.limit)]
    found.sort(key=lambda one: (str(one["parked_at"]), str(one["event_id"]), one["id"]))
    more = total - len(found)
    if arguments.json:
        print(json.dumps({"items": found, "more": more}, ensure_ascii=False, indent=2))
        return 0
    if not total:
        print("没有停放的消息 / nothing is parked")
        return 0
    rows = [_COLUMNS, *([str(one[name] if one[name] is not None else "-") for name in _ROW] for one in found)]
    widths = [max(_width(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    for row in rows:
        print("  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip())
    print(f"共 {total} 条" + (f"，其中 {more} 条未列出（--limit）" if more else ""))
    return 0


_ROW = ("id", "queue", "type", "subject", "attempts", "parked_at", "reason")


def _show(look: Shelf, arguments: argparse.Namespace) -> int:
    print(json.dumps(look.find(arguments.id).whole(), ensure_ascii=False, indent=2, default=str))
    return 0


def _replay(look: Shelf, arguments: argparse.Namespace) -> int:
    if arguments.all:
        count = look.replay_all()
    else:
        look.replay(look.find(arguments.id))
        count = 1
    print(f"已重放 {count} 条 / replayed {count}")
    return 0


def _discard(look: Shelf, arguments: argparse.Namespace) -> int:
    parked = look.find(arguments.id)
    look.discard(parked, reason=arguments.reason, by=arguments.by)
    print(f"已丢弃并记录 {parked.id} / discarded, recorded in operations.discarded")
    return 0


def _reason(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("须说明原因 / say why")
    return text.strip()


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


if __name__ == "__main__":
    sys.exit(main())
