"""The shipped presets: each is a sound description once the operator adds what its comment asks for."""

import re
from pathlib import Path

import pytest

from config.errors import ProfileError
from config.profile import SHIPPED, load_profile
from config.sources import PRESETS, Website, presets

DOCS = Path(__file__).parents[2] / "docs" / "sources.md"

GIVEN = {
    "boda-vsb": 'list.url = "https://www.example.gov.cn/zmhd/ldxxlb.jsp?urltype=tree.TreeTempUrl&wbtreeid=1112"',
    "hanweb-jact": 'base = "https://www.example.gov.cn"\nparams.sysid = "84"',
    "trs-igi": 'base = "https://www.example.gov.cn"\nparams.site = "33"',
    "hdjlpt": 'base = "https://www.example.gov.cn"\nparams.site = "759010"',
}
"""What an operator writes beside the name of the preset, and no more."""


def profile_with(tmp_path: Path, block: str) -> Path:
    """Return a copy of the shipped profile with one source."""
    path = tmp_path / "bureau.toml"
    head = '[[sources]]\nid = "board"\nkind = "website"\nchannel = "site-board"\n'
    path.write_text(SHIPPED.read_text("utf-8") + "\n" + head + block, "utf-8")
    return path


@pytest.mark.parametrize("name", sorted(presets()))
def test_preset_and_the_keys_it_asks_for_are_a_sound_source(tmp_path: Path, name: str) -> None:
    """The name of the preset and the keys of its comment are all that an operator writes."""
    profile = load_profile(profile_with(tmp_path, f'preset = "{name}"\n{GIVEN[name]}\n'))
    source = profile.source("board")

    assert isinstance(source, Website)
    assert source.list.url
    assert {"title", "external_id", "posted_at"} <= source.list.fields.keys()
    assert "body" in (source.details[0] if source.details else source.list).fields


@pytest.mark.parametrize("name", sorted(presets()))
def test_every_placeholder_of_a_preset_is_filled_by_what_is_given(tmp_path: Path, name: str) -> None:
    """Templates name only the constants asked for, values of the visit, fields of the row and the names of paging."""
    source = load_profile(profile_with(tmp_path, f'preset = "{name}"\n{GIVEN[name]}\n')).source("board")
    assert isinstance(source, Website)
    known = {"page", "offset", "start", "end", "size", "link", *source.params, *source.list.fields}
    known |= source.visit.vars.keys() if source.visit else set()

    assert set(re.findall(r"\{([a-z]\w*)\}", source.model_dump_json())) <= known


def test_what_the_operator_writes_wins_over_the_preset(tmp_path: Path) -> None:
    """A site with other words replaces one field and keeps the rest of the preset."""
    own = 'preset = "boda-vsb"\n' + GIVEN["boda-vsb"] + '\n[[sources.details]]\nfields.body = { label = "诉求" }\n'
    source = load_profile(profile_with(tmp_path, own)).source("board")

    assert isinstance(source, Website)
    assert source.details[0].fields["body"].label == ("诉求",)
    assert "回复内容" in source.details[0].fields["answer_text"].label


def test_an_unknown_preset_is_refused(tmp_path: Path) -> None:
    """A preset nobody ships is named as a fault, with those there are."""
    with pytest.raises(ProfileError, match="boda-vsb"):
        load_profile(profile_with(tmp_path, 'preset = "boda"\nlist.url = "https://www.example.gov.cn/"\n'))


@pytest.mark.parametrize("name", sorted(presets()))
def test_each_preset_is_marked_and_documented(name: str) -> None:
    """The comment above a preset says in Chinese what must be given and that no live site was tried."""
    comment = PRESETS.read_text("utf-8").split(f"# ==== {name}：")[1].split(f"[{name}.")[0]

    assert "未经实网验证" in comment
    assert "必填：" in comment
    assert f"| `{name}` |" in DOCS.read_text("utf-8")
