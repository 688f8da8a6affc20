import pytest

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
        "冀政办字〔2023〕2号",
    ],
)
def test_figures_days_and_numbers_of_things_are_no_personal_data(text: str) -> None:
    assert Note.read({"text": text}) == {"text": text}
