import pytest

from dial2deal.insight.intervals import newcombe, wilson

Z = 1.959964


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (7, 50, 0.069508, 0.261862),
        (0, 20, 0, 0.161125),
        (20, 20, 0.838875, 1),
        (1, 1000, 0.000177, 0.005643),
        (38, 100, 0.290976, 0.477902),
    ],
)
def test_wilson_gives_the_published_values(successes, trials, low, high):
    assert wilson(successes, trials, Z) == pytest.approx((low, high), abs=1e-6)


def test_wilson_agrees_with_scipy():
    from scipy.stats import binomtest

    for successes, trials in ((3, 7), (0, 1), (512, 1311), (99, 100)):
        oracle = binomtest(successes, trials).proportion_ci(method="wilson")
        assert wilson(successes, trials, Z) == pytest.approx((oracle.low, oracle.high), abs=1e-6)


def test_no_trials_is_not_a_rate():
    assert wilson(0, 0, Z) is None
    assert newcombe(0, 0, 3, 10, Z) is None


def test_more_successes_than_trials_is_an_error():
    with pytest.raises(ValueError, match="not a share"):
        wilson(3, 2, Z)


def test_newcombe_gives_the_published_difference():
    assert newcombe(47, 1000, 38, 1000, Z) == pytest.approx((-0.008890, 0.027085), abs=1e-5)
