#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes statistics.json: small inputs with the values that SciPy gives for them.

Scores are multiples of 1/64, whose differences are exact, so that ties are ties.
"""
import json
import pathlib
import warnings

import numpy as np
import scipy
from scipy import stats

random = np.random.default_rng(26)
warnings.simplefilter("ignore", UserWarning)  # of normal approximations at small n


def scores(n, shift, steps=64):
    a = np.round(random.normal(size=n) * steps) / steps
    return a, np.round((a + random.normal(shift, 1, size=n)) * steps) / steps


def wilcoxon():
    for n, shift in ((5, 0.5), (9, 0.8), (20, 0.3), (50, 0.2)):  # no ties, no zeros: exact
        while True:
            a, b = scores(n, shift)
            sizes = np.abs(a - b)
            if (sizes > 0).all() and len(set(sizes)) == n:
                break
        yield {"a": a.tolist(), "b": b.tolist(), "zeros": "pratt", "least": min_rank_sum(a, b, "pratt"),
               "p": stats.wilcoxon(a, b, mode="exact").pvalue}
    for n, steps in ((80, 2), (120, 4), (300, 64)):  # ties and zeros: normal
        a, b = scores(n, 0.2, steps)
        for zeros, method in (("pratt", "pratt"), ("wilcoxon", "wilcox")):
            yield {"a": a.tolist(), "b": b.tolist(), "zeros": zeros, "least": min_rank_sum(a, b, method),
                   "p": stats.wilcoxon(a, b, zero_method=method, mode="approx").pvalue}


def min_rank_sum(a, b, method):
    return float(stats.wilcoxon(a, b, zero_method=method, mode="approx").statistic)


def sign_tests():
    for wins, losses in ((0, 3), (9, 1), (7, 7), (20, 40)):
        yield {"wins": wins, "losses": losses, "p": stats.binomtest(wins, wins + losses).pvalue}


def friedman():
    for n, k, steps in ((6, 3, 64), (10, 5, 4), (14, 4, 1), (40, 7, 2)):
        values = np.round((random.normal(size=(n, k)) + 0.3 * np.arange(k)) * steps) / steps
        chi_squared, p = stats.friedmanchisquare(*values.T)
        f = (n - 1) * chi_squared / (n * (k - 1) - chi_squared)
        yield {"values": values.tolist(), "chi_squared": chi_squared, "p_chi_squared": p,
               "p": stats.f.sf(f, k - 1, (k - 1) * (n - 1))}


def studentized_range():
    for k in (2, 3, 5, 10, 38, 100):
        for q in (0.1, 1.0, 2.5, 4.0, 6.0):
            yield {"k": k, "q": q, "tail": stats.studentized_range.sf(q, k, np.inf)}


def paired_t():
    for n in (3, 10, 30):
        a, b = scores(n, 0.3)
        t, p = stats.ttest_rel(a, b)
        yield {"a": a.tolist(), "b": b.tolist(), "t": t, "p": p,
               "interval": list(stats.t.interval(0.9, n - 1, np.mean(a - b), stats.sem(a - b)))}


def bootstraps():
    for n in (8, 20, 60):
        x = np.round(random.gamma(2, size=n) * 64) / 64
        interval = stats.bootstrap((x,), np.mean, confidence_level=0.95, n_resamples=200_000, batch=10_000,
                                   method="BCa", random_state=np.random.default_rng(1)).confidence_interval
        yield {"x": x.tolist(), "low": interval.low, "high": interval.high}


def dominances():
    for n, m in ((5, 8), (20, 20)):
        a = random.integers(0, 10, n)
        b = random.integers(2, 12, m)
        yield {"a": a.tolist(), "b": b.tolist(), "a12": stats.mannwhitneyu(a, b).statistic / (n * m)}


parts = {part.__name__: list(part()) for part in
         (wilcoxon, sign_tests, friedman, studentized_range, paired_t, bootstraps, dominances)}
lines = [f'"made_with": "SciPy {scipy.__version__}, NumPy {np.__version__}"']
lines += [f'"{name}": {json.dumps(cases)}' for name, cases in parts.items()]
pathlib.Path(__file__).with_suffix(".json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
