"""Day after day through the job: what a build on top of another leaves is what one build of everything leaves."""

from __future__ import annotations

from dial2deal.settings import Settings
from orchestration import run
from tests.cases import world


def test_a_second_day_of_one_feed_builds(tmp_path):
    """Feeds without news are idle beside models that are built; both are reported in the graph's order."""
    settings = Settings(home=tmp_path / "home").ensure()
    for day in ("2026-03-02", "2026-03-03"):
        file = settings.landing / "generic_400" / "calls" / f"{day}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("call_id,direction,customer_number,start_time,talk_seconds,answered\n"
                        f"a-{day},inbound,13800000001,{day} 10:00:00,65,yes\n", encoding="utf-8")
        outcome = run.build(settings, reports=False)
        assert outcome.build.problems == []
    assert world.ask(settings, "select call_date, talk_seconds from marts.fct_calls order by 1") == [
        ["2026-03-02", 65], ["2026-03-03", 65]]
