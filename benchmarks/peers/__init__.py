"""What users would pick instead: the same five outputs from the same files, by a script of each peer.

Outputs: calls with tier, attempt, lead and first order; agents by day with Wilson interval; funnel by channel and
week; revenue and return by channel and month; the high-intent list. Each script prints control sums, which must agree.
"""
