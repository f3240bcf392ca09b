import datetime as dt
from typing import ClassVar

import pytest
import yaml

from dial2deal.blocks.kinds import Grid, HeatMap, WorkList
from dial2deal.demo.scenario import DAY, DEFAULT_SEED
from dial2deal.demo.world import World
from dial2deal.insight.intervals import wilson
from dial2deal.policy import PolicyError
from dial2deal.policy import findings as rules
from dial2deal.presentation.formats import Formats
from dial2deal.presentation.words import Words
from dial2deal.reports import findings, observations
from dial2deal.reports.observations import Observation
from dial2deal.reports.periods import parse
from dial2deal.settings import PROJECT_ROOT, Settings

Z = 1.959964


class Policy:
    """Two settings: the critical connect rate, and what an agent can call in a day."""

    def number(self, key, scope="", on=None):
        return {"connect.alert.critical": 0.45, "connect.alert.usual_weeks": 8, "followup.calls_per_agent_day": 40}[key]

    def optional_number(self, key, on=None):
        return None if key in ("unset", "unset too") else self.number(key)


class Context:
    """What `find` needs of a report's context."""

    period = parse("weekly", "2026-W02")
    words = Words("zh")
    formats = Formats(words)
    policy = Policy()
    z = Z
    min_n = 30
    channel_roi: ClassVar = {"earns": 0.5, "loses": -0.2}
    agents_at_work = 3


def rule(**changes):
    return rules.Rule(
        **{
            "id": "r",
            "scope": "total",
            "granularities": ("weekly",),
            "metric": "connect_rate",
            "test": "below",
            "threshold": {"setting": "connect.alert.critical"},
            "severity": "warning",
            "title_zh": "{label} {value}",
            "title_en": "{label}",
            "advice_zh": "做",
            "advice_en": "do",
            "requirement": "R244",
            **changes,
        }
    )


def rate(key, num, den, **more):
    low, high = wilson(num, den, Z)
    return Observation(key, key, "share", num / den, den, num, low, high, **more)


def found(monkeypatch, seen, *the_rules):
    monkeypatch.setitem(observations.SCOPES, "total", lambda *_: seen)
    return findings.find(Context(), {}, the_rules)


def test_certain_only_when_the_interval_clears_the_threshold(monkeypatch):
    """38/100 has the interval 29.1–47.8 %: below 45 %, yet perhaps not; 380/1000 is certain."""
    assert found(monkeypatch, [rate("few", 38, 100)], rule())[0].certain is False
    assert found(monkeypatch, [rate("many", 380, 1000)], rule())[0].certain is True
    assert found(monkeypatch, [rate("few", 38, 100)], rule(certain_only=True)) == []
    assert found(monkeypatch, [rate("above", 46, 100)], rule()) == []


def test_small_samples_are_never_certain(monkeypatch):
    (hit,) = found(monkeypatch, [rate("tiny", 0, 20)], rule())
    assert hit.certain is False


def test_evidence_names_value_sample_interval_and_threshold(monkeypatch):
    (hit,) = found(monkeypatch, [rate("all", 380, 1000)], rule())
    evidence = hit.evidence
    assert (evidence.numerator, evidence.n, evidence.threshold) == (380, 1000, 0.45)
    assert evidence.threshold_source == "connect.alert.critical"
    assert (evidence.low, evidence.high) == wilson(380, 1000, Z)
    assert hit.title == "all 38.0%"


def test_a_drop_needs_both_size_and_certainty(monkeypatch):
    drop = rule(test="drop", threshold={"value": 0.03}, certain_only=True)
    assert found(monkeypatch, [rate("a", 400, 1000, base_num=480, base_den=1000)], drop)
    assert not found(monkeypatch, [rate("a", 460, 1000, base_num=480, base_den=1000)], drop)  # too small
    assert not found(monkeypatch, [rate("a", 20, 50, base_num=24, base_den=50)], drop)  # perhaps chance
    assert not found(monkeypatch, [rate("a", 400, 1000)], drop)  # nothing to compare
    assert not found(monkeypatch, [rate("a", 480, 1000, base_num=400, base_den=1000)], drop)  # a rise


def test_groups_are_compared_with_their_own_peers(monkeypatch):
    """Agents of one team differ from the other team, not from each other."""
    staff = [
        rate("a1", 100, 1000, peers="A"),
        rate("a2", 100, 1000, peers="A"),
        rate("b1", 200, 1000, peers="B"),
        rate("b2", 200, 1000, peers="B"),
        rate("b3", 120, 1000, peers="B"),
    ]
    hits = found(monkeypatch, staff, rule(test="below_rest", threshold={"value": 0.01}, certain_only=True))
    assert [hit.key for hit in hits] == ["b3"]
    assert hits[0].evidence.base == pytest.approx(0.2)


def test_many_groups_need_stronger_evidence(monkeypatch):
    """One of two groups at 30/300 against 45/300 … is certain alone among 2, not as one of 60 looked at."""
    low, rest = rate("low", 30, 300), [rate(f"g{n}", 50, 300) for n in range(59)]
    below = rule(test="below_rest", threshold={"value": 0}, certain_only=True)
    assert found(monkeypatch, [low, rate("rest", 50 * 59, 300 * 59)], below)
    assert not found(monkeypatch, [low, *rest], below)


def test_unless_suppresses_the_weaker_rule_for_the_same_group(monkeypatch):
    weaker = rule(id="weak", unless="r", threshold={"value": 0.6})
    hits = found(monkeypatch, [rate("both", 380, 1000), rate("weak", 500, 1000)], rule(), weaker)
    assert [(hit.rule, hit.key) for hit in hits] == [("r", "both"), ("weak", "weak")]


def test_limit_keeps_the_largest_gaps_and_validity_is_respected(monkeypatch):
    several = [rate(f"k{n}", 300 + n * 10, 1000) for n in range(5)]
    assert [hit.key for hit in found(monkeypatch, several, rule(limit=2))] == ["k0", "k1"]
    assert found(monkeypatch, several, rule(enabled=False)) == []
    assert found(monkeypatch, several, rule(granularities=("daily",))) == []
    assert found(monkeypatch, several, rule(valid_to=dt.date(2026, 1, 10))) == []
    assert found(monkeypatch, several, rule(valid_from=dt.date(2026, 1, 11)))


def test_lowest_names_one(monkeypatch):
    stages = [rate("s1", 500, 1000), rate("s2", 300, 1000), rate("s3", 1, 10)]
    (hit,) = found(monkeypatch, stages, rule(test="lowest", threshold={"value": 1}))
    assert hit.key == "s2"  # s3 is lower but too small to be ranked


def test_a_line_that_nobody_set_is_silent_and_the_usual_takes_its_place(monkeypatch):
    observed = [rate("all", 380, 1000, base_num=2000, base_den=4000)]
    assert not found(monkeypatch, observed, rule(threshold={"setting": "unset"}))
    usual = rule(id="usual", test="drop", threshold={"value": 0.05}, certain_only=True)
    assert found(monkeypatch, observed, usual)
    assert found(monkeypatch, observed, usual.model_copy(update={"without": "unset"}))
    assert not found(monkeypatch, observed, usual.model_copy(update={"without": "connect.alert.critical"}))


class History:
    """Weeks of 1000 dials, 40 % of them answered, before a week of ``now``."""

    def __init__(self, now, first):
        self.now, self.first = now, first

    def totals(self, metrics, granularity, start, end):
        day, rows = start, {}
        while day <= end:
            num = self.now if day == Context.period.start else 400
            rows[day] = {
                "connect_rate": num / 1000,
                "connect_rate_num": num,
                "connect_rate_den": 1000,
                "connect_rate_low": 0,
                "connect_rate_high": 1,
            }
            day += dt.timedelta(weeks=1)
        return rows

    def starts(self, feed):
        return self.first


@pytest.mark.parametrize(("now", "weeks", "fires"), [(400, 8, False), (300, 8, True), (370, 8, False), (300, 7, False)])
def test_a_team_is_compared_with_its_own_last_weeks(now, weeks, fires):
    """40 % is 40 % as ever; 30 % after weeks of 40 % is not; with fewer weeks there is no usual level."""
    context = Context()
    context.facts = context.snapshot = History(now, Context.period.start - dt.timedelta(weeks=weeks))
    hits = findings.find(context, {}, [rule(scope="usual", test="drop", threshold={"value": 0.05}, certain_only=True)])
    assert bool(hits) is fires
    assert not hits or hits[0].evidence.base == pytest.approx(0.4)


def grid(direction, cells, usual=(20, 200)):
    """A heat map of 9 and 10 o'clock; ``cells``: (weekday, hour) to (high-intent calls, calls with a tier)."""
    shown = [[cells.get((day, hour), usual) for hour in (9, 10)] for day in range(1, 8)]
    return Grid(
        direction, 0, 0, [[hit for hit, _ in day] for day in shown], [[base for _, base in day] for day in shown]
    )


def heat_map(hours, grids):
    return {"heatmap": HeatMap(dt.date(2026, 6, 1), dt.date(2026, 6, 30), tuple(hours), 0, tuple(grids))}


def slots(*grids):
    best = rule(scope="slot", test="above_rest", threshold={"value": 0}, certain_only=True, limit=1)
    return [hit.key for hit in findings.find(Context(), heat_map((9, 10), grids), [best])]


def test_the_best_slot_is_no_more_than_what_was_seen():
    assert slots(grid("inbound", {})) == []
    # Nine o'clock is good every day, best on Sunday by chance: the hour is named, not Sunday.
    every_day = {(day, 9): (60, 200) for day in range(1, 7)} | {(7, 9): (68, 200)}
    assert slots(grid("inbound", every_day)) == ["inbound|09"]
    assert slots(grid("outbound", {(5, 10): (70, 200)})) == ["outbound|5-10"]
    # Better than its own hour on other days, and yet below what is usual.
    low = {(day, 9): (0, 200) for day in range(1, 7)} | {(7, 9): (10, 200)}
    assert "inbound|7-09" not in slots(grid("inbound", low))


def test_a_mix_of_directions_makes_no_good_hour():
    """At nine many call in, at ten many are called: each direction is the same at both."""
    callers = {(day, 10): (6, 20) for day in range(1, 8)}
    called = {(day, 9): (1, 20) for day in range(1, 8)}
    assert slots(grid("inbound", callers, (60, 200)), grid("outbound", called, (10, 200))) == []


def test_the_planted_friday_afternoon_is_the_best_slot():
    """Of two hundred looks at June of the demo's world, the first is where callers were planted to be readier."""
    start = dt.date(2026, 3, 3)
    cells: dict = {"inbound": {}, "outbound": {}}
    for day, calls in World(start, 120, 1500, DEFAULT_SEED).simulate():
        date = start + dt.timedelta(days=day)
        for call in calls if date >= dt.date(2026, 6, 1) else ():
            if call.connected and call.direction != "internal":
                key = (date.isoweekday(), call.start % DAY // 3600)
                hits, base = cells[call.direction].get(key, (0, 0))
                cells[call.direction][key] = (hits + (call.talk > call.line.high_above), base + 1)
    hours = range(7, 22)
    grids = [
        Grid(
            way,
            0,
            0,
            *([[counts.get((weekday, hour), (0, 0))[n] for hour in hours] for weekday in range(1, 8)] for n in (0, 1)),
        )
        for way, counts in cells.items()
    ]
    best = rule(scope="slot", test="above_rest", threshold={"value": 0}, certain_only=True, limit=1)
    (hit,) = findings.find(Context(), heat_map(hours, grids), [best])
    assert hit.key in ("inbound|5-14", "inbound|5-15", "inbound|5-16")


def test_problems_come_before_opportunities(monkeypatch):
    hits = found(
        monkeypatch,
        [rate("x", 300, 1000)],
        rule(id="o", kind="opportunity", severity="info"),
        rule(id="w"),
        rule(id="c", severity="critical"),
    )
    assert [hit.rule for hit in hits] == ["c", "w", "o"]


def test_the_projects_rules_are_valid_and_bilingual():
    loaded = rules.load(Settings(home=PROJECT_ROOT / "no-home"))
    assert len(loaded) == len({rule.id for rule in loaded}) > 15
    values = dict.fromkeys(
        (
            "label",
            "value",
            "threshold",
            "interval",
            "num",
            "n",
            "base",
            "change",
            "detail",
            "agents",
            "each",
            "possible",
            "roi",
        ),
        "x",
    )
    for each in loaded:
        weighed = [getattr(each, f"{kind}_{locale}") for kind in ("earning", "losing") for locale in ("zh", "en")]
        assert all(
            text.format(**values)
            for text in (each.title_zh, each.title_en, each.advice_zh, each.advice_en, *filter(None, weighed))
        )
        assert [bool(text) for text in weighed[::2]] == [bool(text) for text in weighed[1::2]]
        assert not {each.unless} - {rule.id for rule in loaded} - {None}


def test_advice_on_a_channel_weighs_what_it_earns(monkeypatch):
    below = rule(
        test="below_rest",
        threshold={"value": 0.02},
        certain_only=True,
        earning_zh="不减量 {roi}",
        losing_zh="止损 {roi}",
        earning_en="keep",
        losing_en="stop",
    )
    for name, advice in (("earns", "不减量 50%"), ("loses", "止损 -20%"), ("unknown", "做")):
        (hit,) = found(monkeypatch, [rate(name, 20, 1000), rate("others", 200, 1000)], below)
        assert hit.advice == advice


def test_late_callers_are_advised_by_what_the_agents_can_call():
    late = rule(scope="pool", test="above", threshold={"value": 0.1}, advice_zh="{possible}：{agents} × {each}")
    for pending, possible in ((1500, 120), (50, 50)):
        pool = WorkList((), {"total": 2000, "late": 900, "pending": pending})
        (hit,) = findings.find(Context(), {"high_intent": pool}, [late_metric(late)])
        assert hit.advice == f"{possible}：3 × 40"


def late_metric(of):
    return of.model_copy(update={"metric": "follow_up_late"})


def test_an_installation_overrides_rules_by_id(tmp_path):
    (tmp_path / "policy").mkdir()
    base = rules.load(Settings(home=tmp_path))
    (tmp_path / "policy" / "findings.yml").write_text(
        """rules:
  - {id: connect_rate_critical, scope: total, granularities: [daily], metric: connect_rate, test: below,
     threshold: {value: 0.2}, severity: critical, title_zh: 一, title_en: a, advice_zh: 二, advice_en: b,
     requirement: own}
""",
        encoding="utf-8",
    )
    changed = rules.load(Settings(home=tmp_path))
    assert len(changed) == len(base)
    assert next(rule for rule in changed if rule.id == "connect_rate_critical").threshold.value == 0.2
    assert rules.version(changed) != rules.version(base)


FULL = {
    "id": "x",
    "scope": "total",
    "granularities": ["daily"],
    "metric": "m",
    "test": "below",
    "threshold": {"value": 1},
    "severity": "info",
    "title_zh": "a",
    "title_en": "a",
    "advice_zh": "a",
    "advice_en": "a",
    "requirement": "r",
}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rules: [{id: x}]", "rule x.*missing"),
        ("rules: [", "not valid YAML"),
        (yaml.dump({"rules": [FULL | {"scope": "moon"}]}), "scope = 'moon'"),
        (yaml.dump({"rules": [FULL | {"granularities": ["yearly"]}]}), "granularities"),
        (yaml.dump({"rules": [FULL | {"threshold": 1}]}), "threshold"),
        (yaml.dump({"rules": [FULL | {"colour": "red"}]}), "rule x.*colour"),
    ],
)
def test_a_wrong_rule_is_refused_by_name(tmp_path, text, message):
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "findings.yml").write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError, match=message):
        rules.load(Settings(home=tmp_path))
