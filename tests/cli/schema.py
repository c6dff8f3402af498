#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The schema that the command writes takes the shipped specs, and marks what is wrong in a changed one.

Arguments: the command, the folder of specs, whether the deep part is built (true or false).
"""
import copy
import json
import pathlib
import subprocess
import sys

try:
    from jsonschema import Draft202012Validator as Validator
except ImportError:
    print("skipped: python3-jsonschema is not installed, or is too old for draft 2020-12")
    sys.exit(77)

command, folder, deep = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3] == "true"
schema = json.loads(subprocess.run([command, "schema"], check=True, capture_output=True).stdout)
Validator.check_schema(schema)
validator = Validator(schema)


def places(spec):
    return [error.json_path for error in validator.iter_errors(spec)]


def without_deep(spec):
    spec["methods"] = {name: method for name, method in spec["methods"].items() if "solver" in method}
    return spec


wrong = 0


def expect(what, got, wanted):
    global wrong
    if got != wanted:
        wrong += 1
        print(f"{what}: {got} instead of {wanted}")


specs = {file.name: json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))}
assert "quickstart.json" in specs
for name, spec in specs.items():
    if deep or without_deep(spec)["methods"]:
        expect(name, places(spec), [])

base = {
    "$schema": "spec.schema.json",
    "name": "base",
    "datasets": [{"plugin": "gaussian", "split": {"folds": 5}, "$note": "for editors"}],
    "methods": {"lmnn": {"solver": {"plugin": "lmnn", "n_neighbors": 3}}, "plain": {"solver": "euclidean"}},
    "evaluators": ["knn", {"plugin": "knn", "name": "one", "n_neighbors": 1}],
    "seeds": [1, 2],
    "grid": {"/methods/lmnn/solver/n_neighbors": [1, 3]},
    "limits": {"time_limit": 60, "memory_limit": None},
}
expect("base", places(base), [])


def change(what, wanted, edit):
    spec = copy.deepcopy(base)
    edit(spec)
    expect(what, places(spec), wanted)


change("a key nobody knows", ["$"], lambda s: s.update(dataset=[]))
change("no name", ["$"], lambda s: s.pop("name"))
change("a name that is a path", ["$.name"], lambda s: s.update(name="a/b"))
change("a seed twice", ["$.seeds"], lambda s: s.update(seeds=[1, 1]))
change("no split", ["$.datasets[0]"], lambda s: s["datasets"][0].pop("split"))
change("two splits", ["$.datasets[0].split"], lambda s: s["datasets"][0]["split"].update(holdout=0.5))
change("a split that is not set", [], lambda s: s["datasets"][0]["split"].update(predefined=False, holdout=None))
change("a range", ["$.datasets[0].n"], lambda s: s["datasets"][0].update(n=1))
change("a required parameter", ["$.datasets[0]"], lambda s: s["datasets"][0].update(plugin="csv"))
change("a parameter nobody knows", ["$.methods.lmnn.solver"], lambda s: s["methods"]["lmnn"]["solver"].update(k=3))
change("a fraction", ["$.methods.lmnn.solver.n_neighbors"], lambda s: s["methods"]["lmnn"]["solver"].update(n_neighbors=1.5))
change("a solver that is none", ["$.methods.plain.solver"], lambda s: s["methods"]["plain"].update(solver="euclid"))
change("parameters beside a solver", ["$.methods.plain"], lambda s: s["methods"]["plain"].update(n_neighbors=3))
change("a pointer elsewhere", ["$.grid"], lambda s: s.update(grid={"/seeds": [[1], [2]]}))
tune = {"metric": "knn.accuracy", "search": "tpe", "trials": 3, "seconds": 60, "validation": {"folds": 3},
        "halving": {"least": 2, "factor": 3}}


def searched(solver, tune=tune):
    return lambda s: (s["methods"].update(lmnn={"solver": solver}), s.update(tune=tune), s.pop("grid"))


for space in ({"int": [1, 9]}, {"log_int": [1, 9]}, {"choice": [1, 3]}):
    change(f"the space {space}", [], searched({"plugin": "lmnn", "n_neighbors": space}))
for space in ({"uniform": [0.1, 0.9]}, {"log_uniform": [0.1, 0.9]}):
    change(f"the space {space}", [], searched({"plugin": "lmnn", "push_weight": space}))
change("a plugin that is searched for", [], searched({"choice": ["lda", {"plugin": "lmnn", "n_neighbors": 3}]}))
change("a data set that is searched for", ["$.datasets[0]"], lambda s: s.update(datasets=[{"choice": ["iris", "wine"]}]))
change("a slip in a space", ["$.methods.lmnn.solver.n_neighbors"], searched({"plugin": "lmnn", "n_neighbors": {"intt": [1, 9]}}))
change("a search that is none", ["$.tune"], searched("lmnn", tune | {"search": "tp"}))
change("a slip in tune", ["$.tune"], searched("lmnn", tune | {"metrc": "knn.accuracy"}))
change("a block by its name", [], lambda s: s.update(define={"near": {"plugin": "lmnn"}}, methods={"a": {"solver": {"use": "near", "n_neighbors": 5}}}))
change("a whole method by its name", [], lambda s: s.update(define={"near": {"solver": "lda"}}, methods={"a": {"use": "near"}}))
change("a data set by its name", [], lambda s: s.update(define={"set": s["datasets"][0]}, datasets=[{"use": "set"}]))
expect("over another spec", places({"extends": "base.json", "name": "more", "methods": {"lmnn": {"solver": {"n_neighbors": 5}}, "plain": None}}), [])
expect("a slip over another spec", places({"extends": "base.json", "dataset": []}), ["$"])

change("a choice of blocks", [], searched({"plugin": "lmnn", "kernel": {"choice": [None, {"plugin": "rbf", "gamma": 1}]}}))
change("a space within a block", [], searched({"plugin": "lmnn", "kernel": {"plugin": "rbf", "gamma": {"log_uniform": [0.01, 10]}}}))
change("a space without its end", ["$.methods.lmnn.solver.n_neighbors.int"], searched({"plugin": "lmnn", "n_neighbors": {"int": [1]}}))
change("a space of words", [f"$.methods.lmnn.solver.n_neighbors.int[{i}]" for i in (0, 1)],
       searched({"plugin": "lmnn", "n_neighbors": {"int": ["a", "b"]}}))
change("no trial", ["$.tune"], searched("lmnn", tune | {"trials": 0}))
change("tune without a metric", ["$.tune"], searched("lmnn", {"trials": 3}))
change("a use of no name", ["$.methods.lmnn.solver"], lambda s: s["methods"]["lmnn"].update(solver={"use": 3}))
change("what is kept for a report", [], lambda s: s.update(exhibit=1000))
change("more than can be kept", ["$.exhibit"], lambda s: s.update(exhibit=1001))

if deep:
    network = {"architecture": "mlp", "loss": {"plugin": "triplet", "margin": 0.1}, "miner": "semihard"}
    change("a deep method", [], lambda s: s["methods"].update(net=network))
    change("a slip in a loss", ["$.methods.net.loss"], lambda s: s["methods"].update(net=network | {"loss": {"plugin": "triplet", "margn": 1}}))
    change("no architecture", ["$.methods.net"], lambda s: s["methods"].update(net={"loss": "triplet"}))
    change("training", ["$.methods.net.training.epochs"], lambda s: s["methods"].update(net=network | {"training": {"epochs": "all"}}))

sys.exit(1 if wrong else 0)
