"""Numbers of earlier messages in subjects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.readers.receipts import receipt_in_subject


@pytest.mark.parametrize(
    ("subject", "number"),
    [
        ("Re: 关于年鉴的问题 2026-000123", "2026-000123"),
        ("回复：【2026-000123】关于年鉴", "2026-000123"),
        ("补充材料（2026-1234567）", "2026-1234567"),
        ("２０２６－０００１２３号来信", "2026-000123"),
        ("2026–000123 补充", "2026-000123"),
        ("回执号：LY20260001", "LY20260001"),
        ("回执 2026112000017", "2026112000017"),
        ("受理编号:37130020260001", "37130020260001"),
        ("工单号【DH2611200001】", "DH2611200001"),
        ("工单编号 [A-2026-0001] 催办", "A-2026-0001"),
        ("（信件编号：8a9f3c0012）", "8a9f3c0012"),
        ("办件编号为202611200001", "202611200001"),
        ("查询编号是 QX-778899，请查", "QX-778899"),
        ("我的编号：100234", "100234"),
        ("编号：20261120，工单号：GD100234", "GD100234"),
        ("工单号：GD100234，也就是 2026-000123", "2026-000123"),
    ],
)
def test_a_number_is_found(subject: str, number: str):
    """A number of ours comes first, else the first labelled one, whatever brackets and widths it is written in."""
    assert receipt_in_subject(subject) == number


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "关于年鉴的问题",
        "2026-11-20 的来信",
        "2026-1120",
        "电话 0539-8314567",
        "0539-831456",
        "编号：13805390000",
        "编号：0539-8314567",
        "回执 2026-11-20",
        "回执20261120",
        "编号：202611",
        "编号：400-123-4567",
        "身份证编号：371302199001011234",
        "身份证编号：37130219900101123X",
        "12026-000123",
        "2026-000123-4",
        "3026-000123",
        "编号：ABCDEF",
        "编号：12345",
        "编号：" + "1" * 65,
        "编号：------",
        "请给我回执，谢谢",
    ],
)
def test_other_numbers_are_none(subject: str):
    """Dates, telephone and identity card numbers are none, labelled or not, nor is what is too short or too long."""
    assert receipt_in_subject(subject) is None


@given(st.text(alphabet="回执编号：:【[ 2026-0123abc", max_size=120))
def test_a_number_always_stands_in_its_subject(subject: str):
    """Whatever is found is a piece of the subject that a column can hold."""
    number = receipt_in_subject(subject)

    assert number is None or (number in subject and 6 <= len(number) <= 64)
