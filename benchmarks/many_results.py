#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes a folder of many results, for measuring how fast tables are made.

Arguments: a real result file, the folder to write, how many results. They are the real one (its curves, its
parameters, its environment) under other coordinates, with other numbers: 20 data sets × 10 splits × as many
methods as it takes. Then

    perf stat -r 5 taskset -c 0 build/metriclab table FOLDER
"""
import hashlib
import json
import pathlib
import random
import sys

real, folder, count = json.loads(pathlib.Path(sys.argv[1]).read_text()), pathlib.Path(sys.argv[2]), int(sys.argv[3])
draw = random.Random(1)
(folder / "runs").mkdir(parents=True, exist_ok=True)
runs = []
for number in range(count):
    place = real["run"] | {"dataset": f"data {number // 10 % 20 + 1}", "split": f"fold {number % 10 + 1}",
                           "split_index": number % 10, "method": f"method {number // 200 + 1}"}
    name = hashlib.md5(f"{place}".encode()).hexdigest()
    metrics = {metric: draw.random() if value is not None else None for metric, value in real["metrics"].items()}
    result = real | {"id": name, "experiment": folder.name, "run": place, "metrics": metrics}
    (folder / "runs" / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n")
    runs.append({"id": name} | place)
plan = {"schema": 1, "experiment": folder.name, "runs": runs}
(folder / "plan.json").write_text(json.dumps(plan, indent=2) + "\n")
