"""Release causes of switches: what each means for a call that was not answered."""

from __future__ import annotations

import pytest

from dial2deal import policy
from dial2deal.policy.models import TechResult, ValueMap
from dial2deal.settings import Settings

EXPECTED = {
    "invalid_number": ["UNALLOCATED_NUMBER", "INVALID_NUMBER_FORMAT", "NUMBER_CHANGED", 1, 22, 28],
    "busy": ["USER_BUSY", 17],
    "no_answer": ["NO_ANSWER", "NO_USER_RESPONSE", "LOSE_RACE", "RECOVERY_ON_TIMER_EXPIRE", "NO ANSWER", 18, 19, 102],
    "rejected": ["CALL_REJECTED", 21],
    "out_of_service_area": ["SUBSCRIBER_ABSENT", "DESTINATION_OUT_OF_ORDER", 20, 27],
    "caller_cancelled": ["ORIGINATOR_CANCEL", "NORMAL_CLEARING", "MANAGER_REQUEST", 16],
    "line_fault": [
        "NO_ROUTE_DESTINATION",
        "NETWORK_OUT_OF_ORDER",
        "NORMAL_TEMPORARY_FAILURE",
        "GATEWAY_DOWN",
        "EXCHANGE_ROUTING_ERROR",
        "CONGESTION",
        "FAILED",
        2,
        3,
        34,
        38,
        41,
        42,
    ],
    "client_error": ["USER_NOT_REGISTERED"],
    "unknown": ["NORMAL_UNSPECIFIED", 0, 31],
}


@pytest.fixture(scope="module")
def mapped(tmp_path_factory):
    rules = policy.load(Settings(home=tmp_path_factory.mktemp("home")).ensure())
    return {
        row.raw_value: row.canonical_value
        for row in rules.rows(ValueMap)
        if row.feed == "*" and row.column_name == "tech_result"
    }


@pytest.mark.parametrize("result", EXPECTED)
def test_causes_of_q850_and_freeswitch(mapped, result):
    causes = [f"q850:{cause}" if isinstance(cause, int) else cause.lower() for cause in EXPECTED[result]]
    assert {cause: mapped.get(cause) for cause in causes} == dict.fromkeys(causes, result)


def test_results_are_those_of_the_policy(mapped, tmp_path):
    rules = policy.load(Settings(home=tmp_path).ensure())
    assert set(mapped.values()) <= {row.tech_result for row in rules.rows(TechResult)}
