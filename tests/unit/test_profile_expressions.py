"""What a profile's expression may do: compute from the cells of its row."""

from __future__ import annotations

import pytest

from dial2deal.feeds.expressions import complaint
from dial2deal.feeds.profiles import Profiles
from dial2deal.settings import PROJECT_ROOT
from tests.unit.exports_support import CALLS_HEADER, Landing, call


@pytest.mark.parametrize(
    "expression",
    [
        "(select content[1:40] from read_text('/etc/hostname'))",
        "(select customer_hash_key from ops.secrets)",
        "c0 in (select path from ops.landing_paths)",
        "exists (from ops.secrets)",
        "(from glob('/*') limit 1)",
        "c0) from read_csv('/etc/hostname') --",
        "c0); attach '/tmp/x.db' as x; select (1",
        "getenv('HOME')",
        "current_setting('secret_directory')",
        "c0) from ops.secrets union all select (c0",
        "c0 --",
        "(with s as (from ops.secrets) select max(customer_hash_key) from s)",
        "list_transform([1], x -> (from ops.secrets))",
        "c0 /*",
        "coalesce(c0, (select max(x) from (from read_text('/etc/hostname')) t(x)))",
        "not sql (",
    ],
)
def test_an_expression_that_reaches_beyond_its_row_is_refused(expression):
    told = complaint(expression)
    if expression == "c0 --":
        assert told is None  # a comment hides nothing
    else:
        assert told


def test_every_expression_of_the_project_computes_only():
    profiles = Profiles((PROJECT_ROOT / "profiles",))
    count = 0
    for source, feed in profiles.names():
        file = profiles.get(source, feed).file
        for expression in [*file.not_data, *(e for rule in file.columns.values() for e in rule.expression)]:
            count += 1
            assert complaint(expression) is None, (source, feed, expression)
    assert count > 100


def test_a_profile_that_reads_files_is_named_and_nothing_of_the_file_shows(tmp_path):
    landing = Landing(tmp_path)
    landing.profile(
        "evil/calls.yml",
        "like: generic_400\ncolumns:\n  topic:\n    expression: \"(select content from read_text('/etc/hostname'))\"\n",
    )
    landing.put("evil/calls/x.csv", "\n".join([CALLS_HEADER, call(1)]) + "\n")
    result = landing.one()
    assert result.status == "failed"
    assert "evil/calls.yml: expression of topic holds a query" in result.message
