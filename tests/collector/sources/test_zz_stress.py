import random, pytest, sys
from contextlib import suppress
from datetime import timedelta
from tests.conftest import *
from collector.errors import SourceFailed
from collector.jobs import resume_raw
from tests.collector.sources.site import *
from tests.dying import dying, Killed
CUR = '''
[sources.list]
url = "{base}/list?page={page}"
rows = "tr.row"
fields = { title = "a", link = "a@href", posted_at = "td.date" }
'''
@pytest.mark.parametrize("seed", range(int(__import__("os").environ.get("SEED0","0")), int(__import__("os").environ.get("SEED1","30"))))
def test_stress(ctx, tmp_path, clock, seed):
    rnd = random.Random(seed)
    count = rnd.randrange(0, 70)
    site = Site.of(count, size=rnd.choice([6, 10]), empty_words="暂无数据", etag=rnd.random() < .5)
    site.beyond = rnd.choice(["nothing", "last", "first"])
    newest = [count]; moving = [True]; calls=[0]
    if count and rnd.random() < .3: site.pinned = [rnd.choice(site.letters)]
    pinned = {o.number for o in site.pinned}
    def hook(n):
        if not moving[0]: return
        if rnd.random() < .08:
            for _ in range(rnd.randrange(1, 4)):
                newest[0] += 1; site.letters.insert(0, letter(newest[0]))
        if rnd.random() < .06 and len(site.letters) > 5:
            for _ in range(rnd.randrange(1, 4)):
                x = rnd.randrange(len(site.letters))
                if site.letters[x].number not in pinned: del site.letters[x]
        if rnd.random() < .02: site.cut[n] = rnd.randrange(1, site.size)
        if rnd.random() < .05: site.faults["/list"] = [Reply(status=500)]
    site.page_hook = hook
    desc = rnd.choice([LIST + DETAILS, WHOLE_LIST, LIST.replace("?page={page}","?o=0") ])
    desc = rnd.choice([LIST + DETAILS, WHOLE_LIST])
    with board(ctx, tmp_path, site, desc) as home:
        budget = rnd.choice([7, 15, 40, 1000])
        home = described(ctx, tmp_path, site, desc, head=f"budget = {budget}\n")
        for _ in range(rnd.randrange(2, 8)):
            clock.forward(timedelta(hours=rnd.choice([1, 12, 24])))
            action = rnd.random()
            # a failing letter page
            site.faults = {f"/letter/{rnd.randrange(1, newest[0]+2)}": [Reply(status=rnd.choice([500, 404]))]} if rnd.random() < .3 else {}
            with suppress(SourceFailed):
                if action < .4:
                    with dying(rnd.randrange(4, 80)):
                        run(home)
                elif action < .5 and site.letters:
                    run(home, since=rnd.choice(site.letters).day)
                else:
                    run(home)
            if rnd.random() < .2: clock.forward(timedelta(hours=1)); resume_raw(home)
            if rnd.random() < .5:
                for _ in range(rnd.randrange(1, 15)):
                    newest[0] += 1; site.letters.insert(0, letter(newest[0]))
        moving[0] = False; site.faults = {}; site.cut = {}
        home = described(ctx, tmp_path, site, desc, head="budget = 5000\n")
        for _ in range(4):
            clock.forward(timedelta(hours=1)); run(home)
        clock.forward(timedelta(hours=1)); resume_raw(home)
        got = stored(home)
        missing = {k: v for k, v in truth(site).items() if k not in got}
        assert not missing, (seed, sorted(map(int, missing)), cursor(home), aside(home))
        site.forget(); run(home)
        assert site.asked == ["/list?page=1"], seed
        assert counted(home)
        assert aside(home) == {}
        assert {o.state for o in raws(home)} <= {"parsed"}
