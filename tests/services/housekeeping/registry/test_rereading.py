"""What 0.2 recorded of bases and 福嫂 is read again, and so is what bears their names; who they are stays as it was."""

from typing import Any

from audit import records, sealed
from audit.books import Books
from runtime.config import Config
from samples.stars import Trade
from services.housekeeping import store
from services.housekeeping.registry.rereading import rereadings
from tests.services.housekeeping.callers import PROVINCE


def as_of_02(kept: store.Housekeeping, collection: str, person: str, **fields: Any) -> None:
    """Every document with these fields and this person's name sealed, and its imprint, as 0.2 wrote them."""
    for row in list(kept.store[collection].find()):
        old = fields | {"sealed": kept.vault.seal(kept.vault.open(row["sealed"]) | {"name": person})}

        def write(session: Any, row: Any = row, old: Any = old) -> None:
            kept.store[collection].update_one({"_id": row["_id"]}, {"$set": old}, session=session)
            written = {key: value for key, value in (row | old).items() if key not in ("sealed", "locks")}
            kept.outbox.note(session, collection, written)

        kept.commands.transact(write)


def test_names_are_read_again_with_all_that_bears_them(
    trade: Trade, kept: store.Housekeeping, settings: Config
) -> None:
    base = trade.base(1)
    fusao = trade.fusao(1, base)
    ours, hers = trade.apply(base), trade.apply(fusao)
    as_of_02(kept, "bases", "赵 敏", legal_representative="赵*敏", name="某某（石家庄） 家政")
    as_of_02(kept, "fusao", "钱\u200b芳", name="钱*芳")
    kept.store["cases"].update_one({"_id": ours["application_id"]}, {"$set": {"name": "某某（石家庄） 家政"}})
    kept.store["cases"].update_one({"_id": hers["application_id"]}, {"$set": {"name": "钱*芳"}})
    for rereading in rereadings(kept, batch=1):
        while rereading.work():
            pass
    found = trade.call("base", base["base_id"], PROVINCE)
    assert (found["name"], found["legal_representative"]) == ("某某(石家庄)家政", "赵*")
    assert trade.call("fusao", fusao["person_key"], PROVINCE)["name"] == "钱*"
    names = {row["_id"]: row["name"] for row in kept.store["cases"].find()}
    assert names == {ours["application_id"]: "某某(石家庄)家政", hers["application_id"]: "钱*"}
    reveal = {"subject_kind": "fusao", "subject_key": fusao["person_key"], "reason": "核实授牌信息"}
    assert trade.call("reveal_subject", reveal, PROVINCE)["name"] == "钱芳"
    while kept.outbox.order(token=1):
        pass
    books = Books(settings)
    assert list(records.imprint_faults(books, "housekeeping")) == []
    assert list(sealed.faults(books)) == []
    assert not any(rereading.work() for rereading in rereadings(kept)), "once is enough"
