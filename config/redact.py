"""Masking of personal data in text, before it is published, trained on, logged or sent to a chat robot.

Masked: identity and certificate numbers, phones, bank cards, e-mail, plates, social-media ids, door addresses and
names (see `config.names`). In doubt the patterns mask, but figures, dates, document numbers and the numbers of work
orders must stay, as reports and training need them. 个人信息保护法 (2021) articles 25, 28, 51 and 73.

Every repetition in a pattern is bounded or cannot be entered twice, so that hostile text costs time in proportion to
its length. `\\d` also matches full-width digits.
"""

import re
from collections.abc import Callable

from config.names import mask_names

MAIL, ID, PHONE, CARD = "[邮箱]", "[证件号]", "[电话]", "[卡号]"
PLATE, ACCOUNT, DOOR, NAME = "[车牌]", "[账号]", "[门牌]", "[姓名]"

_Replacement = str | Callable[[re.Match[str]], str]

# Between the digits of one number people put a blank, a dash or a dot; robots put blanks of no width.
_GAP = r"[ \u3000\u00a0\u2009\u200b-\u200d\-‐‑–—－－_.·．]?"
_LETTER = "A-Za-zＡ-Ｚａ-ｚ"
# Amounts and quantities are no numbers of a person.
_NO_AMOUNT_AFTER = (
    r"(?!\d|[.．]\d|[ \t\u3000]?(?:万|亿|元|块钱|美元|人民币|吨|公斤|千克|千瓦|平方|立方|公里|公顷|亩|‰|%|％))"
)
_IS = r"[ \t\u3000]{0,3}(?:是|为|[:：])?[ \t\u3000]{0,3}"

_PROVINCE = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")
_CARD_WORDS = "卡号|银行卡|储蓄卡|信用卡|工资卡|社保卡号|银行账[号户]|银行帐[号户]|收款账[号户]|账户|帐户|存折"


def _plain(digits: str) -> str:
    """Return only the digits and X of a number, in half width."""
    return "".join(
        str(int(sign)) if sign.isdecimal() else "X" for sign in digits if sign.isdecimal() or sign in "XxＸｘ"
    )


def _identity(match: re.Match[str]) -> str:
    """Mask a number built like an identity number: province, birthday, order; the check digit may be mistyped."""
    number = _plain(match[0])
    day = number[6:14] if len(number) == 18 else "19" + number[6:12]
    known = _PROVINCE.match(number) and day[:2] in ("18", "19", "20")
    return ID if known and "01" <= day[4:6] <= "12" and "01" <= day[6:8] <= "31" else match[0]


def _card(match: re.Match[str]) -> str:
    """Mask a number built like a bank card: UnionPay's 62, or another issuer's with a right check digit."""
    number = _plain(match[0])
    whole = match[0].isdecimal()
    if number[:2] == "62" and (whole or len(number) == 19):
        return CARD
    return CARD if number[0] in "34569" and _luhn(number) else match[0]


def _luhn(number: str) -> bool:
    total = 0
    for place, sign in enumerate(reversed(number)):
        value = int(sign) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


_NUMBER = r"(?:\d{1,4}|[零〇一二三四五六七八九十百]{1,7})"
_ROOM = r"(?:\d{3,4}|[零〇一二三四五六七八九十百]{2,5})"
_NO_MEASURE = r"(?![\d年月日元万亿户人个名余多套平米㎡吨次处层间家台辆%％.．])"
_NO_DATE = r"(?!20[0-3]\d[01]\d[0-3]\d(?!\d))"
_NO_HOTLINE = r"(?!12[34]\d\d(?!\d)|9\d{4}(?!\d))"

_MOBILE = (
    rf"(?:[3-9３-９](?:\d{{9}}|\d{_GAP}\d{{4}}{_GAP}\d{{4}}|\d{_GAP}\d{{3}}{_GAP}\d{{5}}|\d{{2}}{_GAP}\d{{3}}{_GAP}\d{{4}}"
    rf"|\d{{3}}{_GAP}\d{{6}})|[ \-][3-9](?:[ \-]\d){{9}}){_NO_AMOUNT_AFTER}"
)
_AREA = r"(?:[1１][0０]|[2２]\d|[3-9３-９]\d{2})"
_LOCAL = rf"{_NO_DATE}[2-9２-９]\d{{6,7}}(?:[ \t\u3000]?(?:转|分机|[\-－])[ \t\u3000]?\d{{1,6}})?{_NO_AMOUNT_AFTER}"
_NEXT_PHONE = re.compile(_LOCAL)
_HAN_WORD = "[零〇○一二三四五六七八九幺]"
_HAN_DIGIT = r"[\d零〇○一二三四五六七八九幺]"
_BUILDING = rf"(?:{_NUMBER}|[{_LETTER}])[ \t\u3000]?(?:号楼|号院|栋|幢|座|[#＃]楼?)"
_UNIT = rf"{_NUMBER}[ \t\u3000]?单元[ \t\u3000]?(?:{_NUMBER}层[ \t\u3000]?)?"

_RULES: tuple[tuple[re.Pattern[str], _Replacement], ...] = (
    (
        re.compile(
            r"[A-Za-z0-9._%+-](?<![A-Za-z0-9._%+-]{2})[A-Za-z0-9._%+-]*+[@＠][A-Za-z0-9-]++(?:[.．][A-Za-z0-9-]++)++"
        ),
        MAIL,
    ),
    # A certificate that is named: 护照号E12345678, 军官证：军字第1234567号.
    (
        re.compile(
            r"((?:身份证|证件|护照|军官证|士兵证|文职证|警官证|通行证|居住证|驾驶证|驾照|残疾证|社保卡|医保卡|学籍|学号)"
            rf"(?:件)?(?:号码?|编号)?{_IS})"
            rf"(?:[\u4e00-\u9fff]{{1,3}}字?第)?[{_LETTER}]{{0,3}}\d(?:{_GAP}\d){{5,17}}[XxＸｘ]?号?{_NO_AMOUNT_AFTER}"
        ),
        rf"\1{ID}",
    ),
    (re.compile(r"[军士兵文](?<![统政教办发府院委函].)字第[ \t\u3000]?\d{6,8}[ \t\u3000]?号"), ID),
    (re.compile(rf"\d(?<![\d{_LETTER}]\d)(?:{_GAP}\d){{16}}{_GAP}[\dXxＸｘ](?![\d{_LETTER}])"), _identity),
    (re.compile(rf"\d(?<![\d{_LETTER}]\d)\d{{14}}(?![\d{_LETTER}])"), _identity),
    (
        re.compile(rf"((?:{_CARD_WORDS})(?:号码?)?[^\d\n，。；]{{0,8}})\d(?:{_GAP}\d){{11,20}}{_NO_AMOUNT_AFTER}"),
        rf"\1{CARD}",
    ),
    (
        re.compile(
            rf"[3-9３-９](?<![\d{_LETTER}.]\d)(?:\d{{15,18}}|\d{{3}}(?:[ \-]\d{{4}}){{3}}(?:[ \-]\d{{1,3}})?)"
            rf"(?![\d{_LETTER}]){_NO_AMOUNT_AFTER}"
        ),
        _card,
    ),
    # Mobiles, together or in groups, with 86 before them or not. One between two hexadecimal letters is part of a
    # checksum.
    (
        re.compile(
            rf"[+＋08０８](?<!\d[08０８])(?:(?<=[+＋])[8８]|(?<=[0０])[0０][8８]|(?<=[8８]))[6６]{_GAP}[1１]{_MOBILE}"
        ),
        PHONE,
    ),
    (re.compile(rf"[1１](?<!\d[1１])(?<!\d[.．][1１])(?!(?<=[a-f]1)\d{{10}}[a-f]){_MOBILE}"), PHONE),
    (
        re.compile(
            rf"[1１一幺](?<!{_HAN_DIGIT}[1１一幺])(?=[\d \-]{{0,20}}{_HAN_WORD})[3-9３-９三四五六七八九]"
            rf"(?:[ \-]?{_HAN_DIGIT}){{9}}(?!{_HAN_DIGIT}){_NO_AMOUNT_AFTER}"
        ),
        PHONE,
    ),
    # Landlines, with the area in brackets or not; without an area only where a phone is spoken of.
    (re.compile(rf"[0０](?<!\d[0０])(?<!\d[.．\-－][0０]){_AREA}{_GAP}{_LOCAL}"), PHONE),
    (re.compile(rf"[+＋8８](?<!\d[8８])(?:(?<=[+＋])[8８]|(?<=[8８]))[6６]{_GAP}[0０]?{_AREA}{_GAP}{_LOCAL}"), PHONE),
    (re.compile(rf"[(（][0０]{_AREA}[)）][ \t\u3000]?{_LOCAL}"), PHONE),
    (
        re.compile(
            rf"((?:电话|座机|固话|传真|联系方式|致电|拨打|[Tt][Ee][Ll]\.?)(?:号码?)?{_IS}"
            rf"(?:\[电话\][ \t\u3000]?[、,，/;；或和][ \t\u3000]?)*){_LOCAL}"
        ),
        rf"\1{PHONE}",
    ),
    (
        re.compile(rf"(\[电话\])((?:[ \t\u3000]?[、,，/;；或和][ \t\u3000]?{_LOCAL})+)"),
        lambda match: match[1] + _NEXT_PHONE.sub(PHONE, match[2]),
    ),
    (
        re.compile(
            r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼](?<![更最全创重刷翻革崭].)"
            r"(?i:(?!gdp|cpi|ppi|pmi|pm2|app|wifi)[a-hj-np-zａ-ｈｊ-ｎｐ-ｚ][·•.．\- ]?"
            r"(?:[a-k][a-hj-np-z\d]\d{4}|\d{5}[a-k]"
            r"|(?=[a-zａ-ｚ]{0,4}\d)[a-hj-np-z\dａ-ｚ]{4}[a-hj-np-z\dａ-ｚ挂学警港澳])(?![a-zａ-ｚ\d]))"
        ),
        PLATE,
    ),
    (
        re.compile(
            rf"((?:[qQｑＱ]{{2}}|扣扣|企鹅号)(?:号码?|群号?|账号)?{_IS})[1-9]\d{{4,11}}(?![年月日个])(?!\d){_NO_AMOUNT_AFTER}"
        ),
        rf"\1{ACCOUNT}",
    ),
    (
        re.compile(
            r"((?:[微威薇vV]信|[wWvV](?<![A-Za-z].)(?:[xX]|eixin|echat|eChat)|抖音|快手|陌陌|支付宝|淘宝|旺旺|小红书|微博|钉钉)"
            rf"[ \t\u3000]?(?:(?:号码?|账号|帐号|(?i:id)){_IS}|[:：是为加][ \t\u3000]?))"
            rf"{_NO_HOTLINE}(?:[A-Za-z][A-Za-z0-9_-]{{4,19}}|\d{{5,12}}){_NO_AMOUNT_AFTER}(?![A-Za-z0-9年月日个])"
        ),
        rf"\1{ACCOUNT}",
    ),
    (
        re.compile(
            r"((?:[微威薇vV]信|[wWvV](?<![A-Za-z].)[xX])[ \t\u3000]?)"
            rf"{_NO_HOTLINE}(?:(?=[A-Za-z_-]{{0,19}}\d)[A-Za-z][A-Za-z0-9_-]{{5,19}}|\d{{6,12}})"
            rf"{_NO_AMOUNT_AFTER}(?![A-Za-z0-9年月日个])"
        ),
        rf"\1{ACCOUNT}",
    ),
    # 3号楼2单元501室, 8幢802, 2单元501; a building alone is a place, and reports need places.
    (
        re.compile(
            rf"{_BUILDING}[ \t\u3000]?(?:{_UNIT}(?:{_ROOM}[ \t\u3000]?[室户号房]?)?"
            rf"|(?:{_NUMBER}层[ \t\u3000]?)?{_ROOM}(?:[ \t\u3000]?[室号房](?!楼)|{_NO_MEASURE}))"
        ),
        DOOR,
    ),
    (re.compile(rf"{_UNIT}{_ROOM}[ \t\u3000]?[室户号房]?"), DOOR),
    (
        re.compile(
            r"((?:小区|花园|家园|公寓|社区|新村|大厦|宿舍|家属院|[苑府城庭湾])[ \t\u3000]?)"
            r"\d{1,3}[ \t\u3000]?[\-－—#][ \t\u3000]?\d{1,2}(?:[ \t\u3000]?[\-－—][ \t\u3000]?\d{3,4})(?!\d)室?"
        ),
        rf"\1{DOOR}",
    ),
    (re.compile(r"\d{1,3}[\-－—#]\d{1,2}[\-－—]\d{3,4}[室户]"), DOOR),
    (re.compile(r"(?<=[号层楼元座栋幢厦苑园区寓城])\d{3,4}室"), DOOR),
    (
        re.compile(
            r"((?<![修道公马铁网一线思走半铺通绕迷养造筑油水电])(?:大道|大街|路|街|巷|胡同|弄)"
            r"(?:[东西南北中]段?)?[ \t\u3000]?)"
            rf"{_NUMBER}(?:[\-－]\d{{1,4}})?[ \t\u3000]?号(?:[\d\-]{{1,8}}室)?(?![\d线令文桥泵井变楼栋])"
        ),
        rf"\1{DOOR}",
    ),
    (
        re.compile(rf"(村[ \t\u3000]?)(?:{_NUMBER}[组队社][ \t\u3000]?\d{{1,4}}号|\d{{1,4}}号(?=[院户房楼门住家]))"),
        rf"\1{DOOR}",
    ),
)
_PASSES = 8
"""Masking one value can show where another ends (我叫张三139…). Two passes settle ordinary texts."""


def mask(text: str) -> str:
    """Return *text* with personal data replaced by its kind in brackets, such as [电话].

    Masking masked text changes nothing.
    """
    for _ in range(_PASSES):
        masked = _mask_once(text)
        if masked == text:
            break
        text = masked
    return text


def _mask_once(text: str) -> str:
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return mask_names(text, NAME)
