"""When a message may be proposed for dismissal without anybody having read it.

无效 is the one answer that costs a citizen the reply, so that it needs more than the owner's ordinary threshold.
"""

import re

DISMISS_THRESHOLD = 0.98
"""From this confidence on 无效 is an answer; under it a person decides."""

LONGEST = 600
"""A longer text is read by a person whatever it seems to be, in characters."""

# Words by which people turn to an authority, tell what they suffer, or ask. Advertisements and gibberish do without.
_ADDRESSED = re.compile(
    "请问|咨询|投诉|举报|反映|反应|建议|恳请|恳求|请求|求助|求救|希望|盼|领导|书记|市长|局长|县长|政府|部门|单位|派出所|"
    "法院|居民|村民|业主|市民|百姓|群众|工资|欠|诈骗|被骗|违法|维权|赔|扰民|怎么办|能不能|是不是|为什么|为何|什么时候|"
    "何时|有没有|可不可以|如何|谢谢|感谢|急需|救|吗|属实|[?？]"
)
_CHINESE = re.compile("[\u4e00-\u9fff]")


def dismissible(text: str, confidence: float) -> bool:
    """Tell whether a text that was taken for 无效 may be proposed so to a clerk who dismisses many at once.

    A text that is mostly not Chinese is none: the models know no other language and would take a letter for gibberish.

    Args:
        text: in simplified characters, title and body.
        confidence: of the answer 无效, 0 to 1.
    """
    if confidence < DISMISS_THRESHOLD or len(text) > LONGEST or _ADDRESSED.search(text):
        return False
    return 2 * len(_CHINESE.findall(text)) > sum(map(str.isalnum, text))
