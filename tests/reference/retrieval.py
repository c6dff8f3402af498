#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes retrieval.json: what scikit-learn gives for rankings of a gallery by rising distance.

average_precision_score over the whole ranking and ndcg_score, cut off and not, of each query: gains are 1 for the query's
class and 0 for others, scores the negative distances, none of which are equal.
"""
import json
import pathlib

import numpy as np
import sklearn
from sklearn.metrics import average_precision_score, ndcg_score

random = np.random.default_rng(20260101)
d, sizes = 3, {"gallery": 40, "query": 12}
parts = {}
for part, n in sizes.items():
    labels = np.arange(n) % 4
    # Multiples of 1/1024 are exact in float32 and in JSON.
    embeddings = np.round((random.normal(size=(n, d)) + 0.8 * (labels[:, None] == np.arange(d))) * 1024) / 1024
    parts[part] = (embeddings, labels)
(gallery, gallery_labels), (query, query_labels) = parts["gallery"], parts["query"]
distances = np.sqrt(((query[:, None] - gallery[None]) ** 2).sum(-1))
assert all(len(set(row)) == len(row) for row in distances)
gains = (query_labels[:, None] == gallery_labels[None]).astype(float)
values = {"map": [average_precision_score(g, -row) for g, row in zip(gains, distances)]}
for k in [1, 5, 10, 40]:
    values[f"ndcg_at_{k}"] = [ndcg_score([g], [-row], k=k) for g, row in zip(gains, distances)]
result = {"source": f"scikit-learn {sklearn.__version__}, by retrieval.py",
          "gallery": gallery.tolist(), "gallery_labels": gallery_labels.tolist(),
          "query": query.tolist(), "query_labels": query_labels.tolist(), "values": values}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(result) + "\n")
