#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Values of scikit-learn and SciPy for tests/evaluation/scikit_learn.cpp: `space.py > space.json`."""

import json
import sys

import numpy as np
import scipy
import sklearn
from scipy.cluster.hierarchy import linkage
from scipy.optimize import linear_sum_assignment
from scipy.stats import skew
from sklearn.cluster import DBSCAN, AgglomerativeClustering, SpectralClustering
from sklearn.datasets import make_circles, make_moons
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import silhouette_score
from sklearn.metrics.cluster import contingency_matrix, pair_confusion_matrix
from sklearn.neighbors import NearestNeighbors

rng = np.random.default_rng(20)


def exact(points):
    """Numbers that float32 holds, of few digits."""
    return np.round(points * 256) / 256


labels = np.arange(60) % 4
points = exact(rng.normal(size=(60, 3)) + 1.5 * np.eye(4, 3)[labels])
result = {
    "versions": {"sklearn": sklearn.__version__, "scipy": scipy.__version__},
    "points": points.tolist(),
    "labels": labels.tolist(),
}

result["agglomerative"] = {
    name: {
        "labels": AgglomerativeClustering(5, linkage=name).fit_predict(points).tolist(),
        "heights": linkage(points, name)[:, 2].tolist(),
    }
    for name in ("ward", "average", "complete", "single")
}

clusters = np.array(result["agglomerative"]["average"]["labels"])
table = contingency_matrix(labels, clusters)
(_, fp), (fn, tp) = pair_confusion_matrix(labels, clusters)
result["matching"] = {
    "accuracy": table[linear_sum_assignment(-table)].sum() / 60,
    "purity": table.max(axis=0).sum() / 60,
    "f1": 2 * tp / (2 * tp + fp + fn),
}

moons = exact(make_moons(120, noise=0.06, random_state=1)[0])
result["dbscan"] = {
    "points": moons.tolist(),
    "eps": 0.16,
    "min_samples": 5,
    "labels": DBSCAN(eps=0.16, min_samples=5).fit_predict(moons).tolist(),
    "core": DBSCAN(eps=0.16, min_samples=5).fit(moons).core_sample_indices_.tolist(),
}

circles, rings = make_circles(150, noise=0.03, factor=0.4, random_state=2)
circles = exact(circles)
result["spectral"] = {
    "points": circles.tolist(),
    "rings": rings.tolist(),
    # scikit-learn counts a point among its own neighbours.
    "labels": SpectralClustering(2, affinity="nearest_neighbors", n_neighbors=11, random_state=0)
    .fit_predict(circles)
    .tolist(),
}

train, test = np.arange(60) < 40, np.arange(60) >= 40
z = (points - points[train].mean(axis=0)) / points[train].std(axis=0)
probe = LogisticRegression(C=1 / (0.02 * 40), solver="newton-cg", tol=1e-10, max_iter=10000)
probe.fit(z[train], labels[train])
result["logistic_regression"] = {
    "train": 40,
    "lambda": 0.02,
    "weights": probe.coef_.tolist(),
    "accuracy": probe.score(z[test], labels[test]),
    "predicted": probe.predict(z[test]).tolist(),
}

result["silhouette"] = silhouette_score(points, labels)
neighbors = NearestNeighbors(n_neighbors=10).fit(points).kneighbors(return_distance=False)
result["hubness"] = skew(np.bincount(neighbors.ravel(), minlength=60))

json.dump(result, sys.stdout)
print()
