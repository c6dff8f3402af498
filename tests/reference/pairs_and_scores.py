#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes pairs_and_scores.json: small inputs with the values that scikit-learn and SciPy give for them.

Inputs are multiples of powers of 1/2, which float32 holds exactly; where ties matter, of so great ones that they tie.
"""
import json
import pathlib

import numpy as np
import scipy
import sklearn
from scipy.interpolate import interp1d
from scipy.optimize import brentq
from scipy.stats import kendalltau, pearsonr, spearmanr
from sklearn.covariance import EmpiricalCovariance
from sklearn.linear_model import LinearRegression
from sklearn.metrics import (average_precision_score, label_ranking_average_precision_score, mean_squared_error,
                             ndcg_score, roc_auc_score, roc_curve)
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors

random = np.random.default_rng(20)


def points(n, d, spread=1.0, steps=16):
    return np.round(random.normal(size=(n, d)) * spread * steps) / steps


def rates(is_positive, score):
    """`score`: the greater the more positive."""
    fpr, tpr, _ = roc_curve(is_positive, score, drop_intermediate=False)
    return {
        "area": roc_auc_score(is_positive, score),
        "average_precision": average_precision_score(is_positive, score),
        "equal_error_rate": brentq(lambda x: 1 - x - interp1d(fpr, tpr)(x), 0, 1, xtol=1e-14),
        "tpr_at_fpr": {str(f): tpr[fpr <= f].max() for f in (0, 0.01, 0.1, 0.5)},
        "fpr_at_tpr": {str(t): fpr[tpr >= t].min() for t in (0.5, 0.9, 0.95, 1)},
    }


def rocs():
    for positives, negatives, step in ((30, 50, 8), (50, 20, 64), (7, 300, 4), (40, 40, 1)):
        score = np.round(np.concatenate([random.normal(-1, 1, positives), random.normal(0, 1, negatives)]) * step) / step
        is_positive = np.arange(len(score)) < positives
        yield {"positives": score[is_positive].tolist(), "negatives": score[~is_positive].tolist(),
               **rates(is_positive, -score)}


def correlations():
    for n, step in ((5, 16), (40, 64), (100, 2), (100, 1)):
        x = np.round(random.normal(size=n) * step) / step
        y = np.round((x + random.normal(size=n)) * step) / step
        yield {"x": x.tolist(), "y": y.tolist(), "spearman": spearmanr(x, y)[0], "pearson": pearsonr(x, y)[0],
               "kendall": kendalltau(x, y, variant="b")[0]}


def similarity():
    parts = {}
    for part, n, pairs in (("train", 20, 60), ("test", 15, 50)):
        x = points(n, 4)
        first, second = random.integers(0, n, pairs), random.integers(0, n, pairs)
        distance = np.linalg.norm(x[first] - x[second], axis=1)
        # Ratings of steps of 1/4, so that they tie.
        rating = np.round((5 - distance + random.normal(0, 0.5, pairs)) * 4) / 4
        parts[part] = {"embeddings": x.tolist(), "first": first.tolist(), "second": second.tolist(),
                       "rating": rating.tolist()}
        parts[part, "distance"], parts[part, "rating"] = distance, rating
        norms = np.linalg.norm(x, axis=1)
        parts[part, "cosine"] = (x[first] * x[second]).sum(axis=1) / norms[first] / norms[second]
    case = {"train": parts["train"], "test": parts["test"]}
    for distance in ("euclidean", "cosine"):
        train, test = ((parts[part, "cosine"] if distance == "cosine" else -parts[part, "distance"])[:, None]
                       for part in ("train", "test"))
        y = parts["test", "rating"]
        line = LinearRegression().fit(train, parts["train", "rating"])
        # What is cos = 1 up to rounding ties, as examples that are paired with themselves do.
        s = np.round(test[:, 0], 12)
        case[distance] = {"spearman": spearmanr(s, y)[0], "pearson": pearsonr(s, y)[0], "kendall": kendalltau(s, y)[0],
                          "mse": mean_squared_error(y, line.predict(test))}
    return case


def anomalies():
    classes = 3  # of which 0 and 2 are normal
    train_labels, test_labels = random.integers(0, classes, 60), random.integers(0, classes, 50)
    centres = points(classes, 3, 2)
    train, test = points(60, 3) + centres[train_labels], points(50, 3) + centres[test_labels]
    normal, k = [0, 2], 4
    reference, c = train[np.isin(train_labels, normal)], train_labels[np.isin(train_labels, normal)]
    means = {label: reference[c == label].mean(axis=0) for label in normal}
    covariance = EmpiricalCovariance(assume_centered=True).fit(reference - np.array([means[label] for label in c]))
    scores = {
        "kth_neighbor": NearestNeighbors(n_neighbors=k).fit(reference).kneighbors(test)[0][:, -1],
        "local_outlier_factor":
            -LocalOutlierFactor(n_neighbors=k, novelty=True).fit(reference).score_samples(test),
        "mahalanobis": np.min([covariance.mahalanobis(test - mean) for mean in means.values()], axis=0),
        "center": np.linalg.norm(test - reference.mean(axis=0), axis=1),
    }
    is_anomaly = ~np.isin(test_labels, normal)
    return {"train": train.tolist(), "train_labels": train_labels.tolist(), "test": test.tolist(),
            "test_labels": test_labels.tolist(), "normal": normal, "k": k,
            "scores": {name: {"values": score.tolist(), **rates(is_anomaly, score)} for name, score in scores.items()}}


def recommendation():
    """Users 0 … 11 and items 12 … 51; what was known of a user is left out of its ranking."""
    users, items, k = 12, 40, 5
    x = points(users + items, 3, steps=4096)
    distance = np.linalg.norm(x[:users, None] - x[None, users:], axis=2)
    took = random.random((users, items)) < 0.3 / (0.5 + distance)
    known = (random.random((users, items)) < 0.15)
    ndcg, average_precision = [], []
    for u in range(users):
        ranked = ~known[u]
        if not (took[u] & ranked).any():
            continue
        truth, score = took[u, ranked][None].astype(int), -distance[u, ranked][None]
        assert len(np.unique(score)) == score.size, "no ties, which scikit-learn averages over"
        ndcg.append(ndcg_score(truth, score, k=k))
        average_precision.append(label_ranking_average_precision_score(truth, score))
    pairs = lambda which: [[int(u), int(users + i)] for u, i in np.argwhere(which)]
    return {"embeddings": x.tolist(), "users": users, "k": k, "known": pairs(known), "took": pairs(took),
            "ndcg": np.mean(ndcg), "average_precision": np.mean(average_precision), "measured": len(ndcg)}


values = {"made_with": f"scikit-learn {sklearn.__version__}, SciPy {scipy.__version__}, NumPy {np.__version__}",
          "rocs": list(rocs()), "correlations": list(correlations()), "similarity": similarity(),
          "anomalies": anomalies(), "recommendation": recommendation()}
file = pathlib.Path(__file__).with_suffix(".json")
file.write_text("{\n" + ",\n".join(f'"{key}": {json.dumps(value, default=float)}' for key, value in values.items()) + "\n}\n")
