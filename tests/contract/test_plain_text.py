from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

import pytest

import contract
from contract import errors, fields
from contract.message import Message
from samples.people import resident

ID = resident(7).document_number
FULL_WIDTH = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")


class Note(Message):
    text = fields.PlainText(required=True, at_most=200)


@pytest.mark.parametrize(
    "text",
    [
        f"户主{ID}资金未到位",
        f"{ID.lower()}",
        f"{ID[:6]} {ID[6:14]} {ID[14:]}",
        ID.translate(FULL_WIDTH),
        "联系15400000001",
        "电话：154-0000-0001，请回电",
        "+86 154 0000 0001",
        "8615400000001",
    ],
)
def test_an_id_or_mobile_number_in_a_text_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        Note.read({"text": text})
    [error] = refused.value.errors
    assert (error["pointer"], error["code"]) == ("/text", "personal_data")
    assert text not in str(refused.value.args)


@pytest.mark.parametrize(
    "text",
    [
        "征地补偿资金缺口1230万元，2023-10-31前到位",
        "证书Y130000000000235000001已撤销",
        "统一社会信用代码91130100MA0000000X",
        "91130100700000001X号企业",  # digits and an X, and yet a code of GB 32100: its 7-14 are no birthday
        "与证书Y999913000001235000001重复",
        "与旧证1303000000200001重复",
        "冀政办字〔2023〕2号",
    ],
)
def test_figures_days_and_numbers_of_things_are_no_personal_data(text: str) -> None:
    assert Note.read({"text": text}) == {"text": text}


# Texts of commands that are no free text: each is looked up or kept to a closed form, or is itself the personal datum
# that is sealed, or (of a certificate's content) is refused by the domain in the row that it stands in.
LOOKED_UP = {"command_id", "sha256", "region", "target_id", "subject_key", "credit_code", "certificate_number"}
LOOKED_UP |= {"new_certificate_number", "transition", "change", "item", "vetoes", "organisation", "client_id", "ground"}
SEALED = {
    "holder_name",
    "document_number",
    "phone",
    "remarks",
    "legal_representative/name",
    "legal_representative/phone",
}
SEALED |= {"RegisterFusao/name", "principal", "deputy", "contact", "contact_phone"}
OF_A_ROW = {"assessor", "occupation", "work_type", "level"}
NAMED_AT_THE_DOOR = {"filename", "sender"}  # gateway.uploads, gateway.notices
NOT_FREE = LOOKED_UP | SEALED | OF_A_ROW | NAMED_AT_THE_DOOR


def texts(message: type[Message], path: str = "") -> Iterator[tuple[str, fields.Text]]:
    for name, field in message().fields.items():
        inner = field.inner if isinstance(field, fields.Many) else field
        if isinstance(inner, fields.Nested):
            yield from texts(type(inner.schema), f"{path}{name}/")
        elif type(inner) is fields.Text:
            yield path + name, inner


def commands() -> list[type[Message]]:
    for module in iter_modules(contract.__path__):
        import_module(f"contract.{module.name}")
    found = [one for one in Message.__subclasses__() if "command_id" in one().fields]
    assert len(found) > 40
    return found


def test_whatever_people_write_in_a_command_for_others_to_read_is_plain_text() -> None:
    left = {
        f"{command.__name__}/{path}"
        for command in commands()
        for path, _ in texts(command)
        if not {path, path.rpartition("/")[2], f"{command.__name__}/{path}"} & NOT_FREE
    }
    assert not left, f"make these fields.PlainText, or say in {__name__} why they are no free text: {sorted(left)}"
