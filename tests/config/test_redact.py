"""Masking of personal data: what must go, what must stay, and what no text may do to it."""

import random
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from config import names
from config.redact import mask

# Every person, number and place here is invented; card numbers carry a right check digit where one is asked for.
GOES = [
    # identity cards
    ("身份证371302199001011234。", "身份证[证件号]。"),
    ("证号371302199001011234请查", "证号[证件号]请查"),
    ("37130219900101123X", "[证件号]"),
    ("37130219900101123x，男", "[证件号]，男"),
    ("身份证号码：371302 19900101 1234", "身份证号码：[证件号]"),
    ("号码371302-19900101-1234", "号码[证件号]"),
    ("３７１３０２１９９００１０１１２３４", "[证件号]"),
    ("3 7 1 3 0 2 1 9 9 0 0 1 0 1 1 2 3 4", "[证件号]"),
    ("老证371302900101123", "老证[证件号]"),
    ("身份证为371302900101123，", "身份证为[证件号]，"),
    ("身份证号37130219901301123", "身份证号[证件号]"),  # a digit lost, a month wrong: still named
    # certificates that are named
    ("护照号E12345678", "护照号[证件号]"),
    ("护照：EA1234567", "护照：[证件号]"),
    ("军官证：军字第1234567号", "军官证：[证件号]"),
    ("持军字第1234567号的", "持[证件号]的"),
    ("港澳通行证C12345678", "港澳通行证[证件号]"),
    ("驾驶证号是371302198808081212", "驾驶证号是[证件号]"),
    # mobiles
    ("请打13912345678", "请打[电话]"),
    ("13912345678一直没人接", "[电话]一直没人接"),
    ("电话：139 1234 5678", "电话：[电话]"),
    ("139-1234-5678", "[电话]"),
    ("139 123 45678", "[电话]"),
    ("1391 234 5678", "[电话]"),
    ("13912 345678", "[电话]"),
    ("1 3 9 1 2 3 4 5 6 7 8", "[电话]"),
    ("139\u200b1234\u200b5678", "[电话]"),
    ("139.1234.5678", "[电话]"),
    ("１３９１２３４５６７８", "[电话]"),
    ("+8613912345678", "[电话]"),
    ("+86 139 1234 5678", "[电话]"),
    ("0086-13912345678", "[电话]"),
    ("8613912345678", "[电话]"),
    ("幺三九一二三四五六七八", "[电话]"),
    ("一三九，不对，是一三九一二三四五六七八", "一三九，不对，是[电话]"),
    ("13九一二三四五六七八", "[电话]"),
    ("tel13912345678/13812345678", "tel[电话]/[电话]"),
    ("手机13912345678、13812345678", "手机[电话]、[电话]"),
    # landlines
    ("0539-8312345", "[电话]"),
    ("0539 8312345", "[电话]"),
    ("05398312345", "[电话]"),
    ("（0539）8312345", "[电话]"),
    ("(010)62345678", "[电话]"),
    ("010-62345678转8012", "[电话]"),
    ("0539-8312345-801", "[电话]"),
    ("86-0539-8312345", "[电话]"),
    ("０５３９－８３１２３４５", "[电话]"),
    ("单位电话8312345", "单位电话[电话]"),
    ("座机：8312345，8312346", "座机：[电话]，[电话]"),
    # bank cards
    ("卡号6222020200012345678", "卡号[卡号]"),
    ("打到6222020200012345678上", "打到[卡号]上"),
    ("6222 0202 0001 2345 678", "[卡号]"),
    ("6222-0202-0001-2345-678", "[卡号]"),
    ("4111 1111 1111 1111", "[卡号]"),
    ("4111111111111111", "[卡号]"),
    ("银行卡（农行）号码9559980012345678", "银行卡（农行）号码[卡号]"),
    ("工资卡号为 621700 2340012345678", "工资卡号为 [卡号]"),
    # e-mail
    ("发到zhang.san_88@example.com吧", "发到[邮箱]吧"),
    ("邮箱：a@b.cn，", "邮箱：[邮箱]，"),
    ("Li＠mail.example.com.cn", "[邮箱]"),
    # plates
    ("鲁Q12345", "[车牌]"),
    ("车牌鲁QA123B停在路口", "车牌[车牌]停在路口"),
    ("鲁Q·D1234", "[车牌]"),
    ("鲁Q·AD123", "[车牌]"),
    ("新能源车鲁QD12345", "新能源车[车牌]"),
    ("鲁Q12345D占道", "[车牌]占道"),
    ("鲁q88x66", "[车牌]"),
    ("挂车鲁Q1234挂", "挂车[车牌]"),
    # accounts
    ("QQ12345678", "QQ[账号]"),
    ("qq号：88001234", "qq号：[账号]"),
    ("扣扣是 1234567", "扣扣是 [账号]"),
    ("加微信lj5567890", "加微信[账号]"),
    ("微信号：lin_yi_xx", "微信号：[账号]"),
    ("微信号码是wangxiaoer", "微信号码是[账号]"),
    ("vx：abc_12345", "vx：[账号]"),
    ("抖音号 linyi2023abc", "抖音号 [账号]"),
    ("微信同号13912345678", "微信同号[电话]"),
    # doors
    ("阳光花园3号楼2单元501室", "阳光花园[门牌]"),
    ("3号楼2单元501", "[门牌]"),
    ("8幢802", "[门牌]"),
    ("12栋1203室漏水", "[门牌]漏水"),
    ("A座1203", "[门牌]"),
    ("三号楼二单元五零一室", "[门牌]"),
    ("二单元402户", "[门牌]"),
    ("５号楼２单元３０１室", "[门牌]"),
    ("5#楼2单元301", "[门牌]"),
    ("阳光小区5-2-301", "阳光小区[门牌]"),
    ("住在沂蒙路200号", "住在沂蒙路[门牌]"),
    ("解放路123号3号楼2单元501室", "解放路[门牌][门牌]"),
    ("书院街12-3号", "书院街[门牌]"),
    ("红旗大街一百二十三号", "红旗大街[门牌]"),
    ("王家村三组12号", "王家村[门牌]"),
    ("东村45号院", "东村[门牌]院"),
    # names
    ("我叫张三，", "我叫[姓名]，"),
    ("我叫李雷家住兰山区", "我叫[姓名]家住兰山区"),
    ("我叫王芳在某单位上班", "我叫[姓名]在某单位上班"),
    ("我叫张小明今年35岁", "我叫[姓名]今年35岁"),
    ("我叫阿依古丽·买买提", "我叫[姓名]"),
    ("我的名字叫于海波", "我的名字叫[姓名]"),
    ("本人张三，兰山区人", "本人[姓名]，兰山区人"),
    ("我是李明华，住在城东", "我是[姓名]，住在城东"),
    ("联系人：王五", "联系人：[姓名]"),
    ("联系人:欧阳小明 电话", "联系人:[姓名] 电话"),
    ("联系人王五13912345678", "联系人[姓名][电话]"),
    ("联系人张小明电话13912345678", "联系人[姓名]电话[电话]"),
    ("姓名：仝二虎\n年龄：50", "姓名：[姓名]\n年龄：50"),
    ("举报人：赵六；", "举报人：[姓名]；"),
    ("当事人方丽华，女", "当事人[姓名]，女"),
    ("我姓王，", "我姓[姓名]，"),
    ("感谢李先生", "感谢[姓名]先生"),
    ("向王先生反映", "向[姓名]先生反映"),
    ("由于王金先生的", "由于[姓名]先生的"),
    ("欧阳明远先生来电", "[姓名]先生来电"),
    ("任老师", "[姓名]老师"),
    ("找马大夫", "找[姓名]大夫"),
    ("张丽女士", "[姓名]女士"),
    ("赵小姐说", "[姓名]小姐说"),
    ("陈建国同志", "[姓名]同志"),
    ("非常感谢王局长", "非常感谢[姓名]局长"),
    ("村民李某某反映", "村民[姓名]反映"),
    ("张某说", "[姓名]说"),
    ("此致敬礼！\n张三", "此致敬礼！\n[姓名]"),
    ("我父亲张大山，", "我父亲[姓名]，"),
]

STAYS = [
    # figures, dates, money
    "2023年GDP 6105.2亿元",
    "全市生产总值6105.23亿元，同比增长6.2%",
    "一季度增长13912345678元",
    "合计13912345678.55元",
    "投资13900000000 元",
    "规模以上工业企业4123家，从业人员 356789 人",
    "人口1101.84万，其中城镇612.35万",
    "2019 2020 2021 2022 2023",
    "102.3 101.8 99.7 100.2 103.5 104.1",
    "3.14159265358979",
    "0.13912345678",
    "占比0.0539831234",
    "20231123",
    "2023-11-23 10:20:30",
    "2023.11.23",
    "二〇二三年十一月二十三日",
    "一九九八年一月一日",
    "2026-11-23T02:00:00.123456Z",
    "1700000000000",
    "GDP2023",
    "浙GDP12345亿元",
    "粤CPI2023",
    "共5000元，2000元，3000元",
    "邮编276000",
    "建筑面积12345678平方米",
    "6200000000000000元",
    # numbers of orders, documents, codes
    "LY12345000123",
    "工单LY20231123000123",
    "受理编号：202311230001234",
    "编号20231123000012345",
    "订单号2023112300123456789",
    "统一社会信用代码91371300MA3C0AAA0X",
    "鲁ICP备12345678号",
    "鲁B2-20090059号",
    "鲁公网安备 37130202000123号",
    "临统字〔2023〕12号",
    "鲁政字第1234567号",
    "国发〔2022〕15号",
    "鲁1302民初1234号",
    "第12345号提案",
    "版本V20231123",
    "更新V20231版",
    "550e8400-e29b-41d4-a716-446655440000",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "a13912345678f",
    "192.168.100.200",
    # public numbers
    "12345热线",
    "拨打12345",
    "110、119、120",
    "电话12345打不通",
    "400-123-4567",
    "微信12345公众号",
    "微信公众号：linyitongji",
    "微信支付10000元",
    "微信转账 20000元",
    "微信小程序",
    "QQ群",
    "qq邮箱",
    "微博、微信、抖音平台",
    "345路公交车",
    "G30高速",
    # places that are no door
    "205国道",
    "3号楼前路灯不亮",
    "12号楼电梯",
    "建成12栋楼房",
    "12栋300户居民",
    "3座桥",
    "1号楼2023年建成",
    "地铁人民路2号线",
    "修路3号之前完成",
    "马路5号停水",
    "我知道5号来",
    "共3个单元",
    "马路上有坑",
    "王府井的店",
    "江苏路与沂蒙路交叉口",
    "兰山区金雀山街道",
    # words that begin like a name
    "高先进的技术",
    "金额不对",
    "我叫高兴不起来",
    "本人白天上班",
    "本人高中毕业",
    "本人于2023年5月购房",
    "本人向贵局反映",
    "我是王庄村，",
    "我是罗庄区的居民",
    "我是江苏，",
    "当事人方面，",
    "联系人方便的话",
    "联系人：匿名",
    "联系人：办公室",
    "申请人于某月",
    "申请人应当",
    "举报人向我局反映",
    "于是大家同意",
    "由于某些原因",
    "位于某小区",
    "任何同志",
    "江苏同志",
    "广大同志",
    "老同志",
    "高中老师",
    "历史老师",
    "语文老师",
    "送走十一任镇长",
    "公交车师傅",
    "一位司机师傅",
    "水电师傅",
    "高级师傅",
    "网约车司机和车师傅",
    "主任老师",
    "白天女士优先",
    "各位先生女士",
    "企业率先生产",
    "高校长期坚持",
    "许多同志",
    "老百姓王法",
    "张贴公告",
    "方便快捷",
    "严肃处理",
    "程序不合法",
    "周末加班",
    "万元以上",
    "姓名：",
    "",
]


@pytest.mark.parametrize(("text", "masked"), GOES, ids=[text for text, _ in GOES])
def test_personal_data_is_masked(text: str, masked: str) -> None:
    """Each kind of personal data, in the ways people write it, is replaced by its kind, and nothing around it."""
    assert mask(text) == masked
    assert mask(masked) == masked


@pytest.mark.parametrize("text", STAYS)
def test_what_only_looks_personal_stays(text: str) -> None:
    """Figures, dates, numbers of orders and documents, public numbers, places and common words stay."""
    assert mask(text) == text


def test_tables_are_large_enough_to_mean_something() -> None:
    """At least sixty examples on either side."""
    assert len(GOES) >= 60
    assert len(STAYS) >= 60


PARTS = st.sampled_from(
    [part for text, _ in GOES for part in (text, text[: len(text) // 2], text[len(text) // 2 :])]
    + STAYS
    + list("1390-5 号楼路村单元室王李于先生某姓我叫本人：，@.QqX鲁新０１[]（）\n")
    + ["先生", "联系人", "我叫", "我是", "[姓名]", "[电话]", "张三", "李四", "修", "局长", "微信", "身份证", "转"]
)


@given(st.one_of(st.text(), st.lists(PARTS, max_size=12).map("".join)))
@example("我叫张三修路5号")
@example("我是李四路五号楼二单元")
@example("我是李四王先生")
@example("\ud800我叫\x00张三")
def test_masking_again_changes_nothing(text: str) -> None:
    """Masked text is a fixed point, and no text makes the masking fail."""
    once = mask(text)

    assert mask(once) == once


@given(st.lists(st.sampled_from([text for text, _ in GOES]), min_size=1, max_size=5))
def test_personal_data_is_masked_between_other_text(texts: list[str]) -> None:
    """Values are found in a longer text, line by line, as they are alone."""
    expected = "\n".join(mask(text) for text in texts)

    assert mask("\n".join(texts)) == expected


def test_without_the_dictionary_more_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine without rjieba names are masked all the same, and words that look like names with them."""
    monkeypatch.setattr(names, "_dictionary", lambda: None)

    assert mask("感谢张丽女士和李先生，我叫王五，本人张三，李某某") == (
        "感[姓名]女士[姓名]先生，我叫[姓名]，本人[姓名]，[姓名]"
    )
    assert mask("高中老师") == "[姓名]老师"


SIZE = 200_000
HOSTILE = {
    "digits": "1" * SIZE,
    "random digits": "".join(random.Random(1).choices("0123456789", k=SIZE)),
    "zeros and blanks": "0 " * (SIZE // 2),
    "ones and dashes": "1-" * (SIZE // 2),
    "mobile starts": "139" * (SIZE // 3),
    "one letter": "a" * SIZE,
    "mail without end": "a@" * (SIZE // 2),
    "dots": "a." * (SIZE // 2),
    "surnames": "王" * SIZE,
    "cues": "我叫" * (SIZE // 2),
    "titles": "先生" * (SIZE // 2),
    "names before titles": "王先生" * (SIZE // 3),
    "weak cues": "我是李四" * (SIZE // 4),
    "certain cues": "联系人：" * (SIZE // 4),
    "plates": "鲁" * SIZE,
    "plate letters": "鲁A" * (SIZE // 2),
    "roads": "路1" * (SIZE // 2),
    "buildings": "1号楼" * (SIZE // 3),
    "numerals": "一" * SIZE,
    "units": "一单元" * (SIZE // 3),
    "blanks": " " * SIZE,
    "cue and blanks": "联系人" + " " * SIZE,
    "certificates": "身份证" * (SIZE // 3),
    "certificate digits": "身份证1" * (SIZE // 4),
    "accounts": "微信" * (SIZE // 2),
    "account letters": "微信a" * (SIZE // 3),
    "cards": "卡号" * (SIZE // 2),
    "phones": "电话8312345、" * (SIZE // 10),
    "mobiles": "13912345678，" * (SIZE // 12),
    "tags": "[电话]" * (SIZE // 4),
    "tag lists": "电话" + "[电话]、" * (SIZE // 5),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_masked_in_linear_time(text: str) -> None:
    """Two hundred thousand characters made to send a pattern back and forth take under a second of processor time."""
    mask("王先生")  # The dictionary is loaded once.
    start = time.process_time()
    mask(text)

    assert time.process_time() - start < 1.0
