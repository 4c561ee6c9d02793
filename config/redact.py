"""Masking of personal data in text, before it is published, trained on, logged or sent to a chat robot.

Masked: identity numbers, phones, bank cards, e-mail, plates, social-media ids, door addresses and names after a
title or self-introduction. Patterns err on the side of masking; 个人信息保护法 articles 25, 28 and 51 ask for it.
"""

import re

_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金"
    "石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
_NAME = rf"[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}"
_COMPOUND_NAME = r"(?:欧阳|司马|上官|诸葛|夏侯|尉迟|皇甫)[\u4e00-\u9fff]{1,2}"
_AFTER_NAME = r"(?=[，,。、；;：:！!？?（(）)\s]|$|电话|手机|身份证|住|系|是)"

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}"), "[邮箱]"),
    (
        re.compile(r"(?<![0-9A-Za-z])[1-9]\d{5}(?:18|19|20)\d{2}[01]\d[0-3]\d{4}[0-9Xx](?![0-9A-Za-z])"),
        "[证件号]",
    ),
    (re.compile(r"(?<!\d)[1-9]\d{7}[01]\d[0-3]\d{4}(?!\d)"), "[证件号]"),
    (re.compile(r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)"), "[电话]"),
    (re.compile(r"(?<!\d)0\d{2,3}[-－ ]?[2-8]\d{6,7}(?:[-转]\d{1,6})?(?!\d)"), "[电话]"),
    (re.compile(r"(?<!\d)(?:\d{4}[ -]?){3,4}\d{3,7}(?!\d)"), "[卡号]"),
    (
        re.compile(
            r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][·•.\- ]?"
            r"[A-HJ-NP-Z0-9]{4,5}[A-HJ-NP-Z0-9挂学警港澳]"
        ),
        "[车牌]",
    ),
    (
        re.compile(r"(?i)((?:qq|微信号?|wechat|vx)\s*(?:号码|号)?\s*(?:是|为)?\s*[:：]?\s*)[a-z0-9_-]{5,20}"),
        r"\1[账号]",
    ),
    (
        re.compile(
            r"\d{1,4}\s*(?:号楼|栋|幢|号院)\s*(?:\d{1,3}|[一二三四五六七八九十]{1,3})?\s*(?:单元|门)?\s*\d{0,4}\s*(?:室|户|号)?"
        ),
        "[门牌]",
    ),
    (re.compile(r"(?<=[路街巷道弄村])\d{1,5}\s*(?:-\d{1,4})?号(?:[\d-]{1,8}室)?"), "[门牌]"),
    (
        re.compile(
            rf"((?:我叫|本人叫?|名叫|姓名|联系人|举报人|投诉人|申请人|来电人|当事人|诉求人|求助人员?|此致敬礼)\s*(?:是|为)?\s*[:：]?\s*)"
            rf"(?:{_COMPOUND_NAME}|{_NAME}){_AFTER_NAME}"
        ),
        r"\1[姓名]",
    ),
    (
        re.compile(rf"(?:{_COMPOUND_NAME}|{_NAME})(?=(?:先生|女士|同志|老师|大夫|医生)(?![一-龥]{{0,2}}(?:节|工作)))"),
        "[姓名]",
    ),
)


def mask(text: str) -> str:
    """Return *text* with personal data replaced by its kind in brackets, such as [电话]."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text
