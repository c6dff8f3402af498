#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Makes many short runs while their processes are killed, and compares with an undisturbed experiment.

    benchmarks/soak.py [--runs 2000] [--shards 1] [--jobs 2] [--seed 1] [--kill-every 0.25] [--command build/metriclab]

Workers are killed by SIGKILL at random moments, and in one of forty cases the runner, which is then started again (with
--shards, one of the runners that are at work at once). Whom and after how long is drawn by the seed; what that meets depends
on the machine. In the end every run must have its result, with the metrics that the undisturbed experiment has, and nothing
may be left over: no half-written file, no checkpoint, no log, no lock. Exit code 0: all of that holds.
"""
import argparse
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

PART_OF_RUNNERS = 1 / 40
METHODS = {"euclidean": "euclidean", "standardized": "standardized", "pca": "pca", "lda": "lda"}
FOLDS = 5


def spec_of(runs):
    seeds = list(range(1, -(-runs // (FOLDS * len(METHODS))) + 1))
    return {"name": "soak", "seeds": seeds, "evaluators": ["knn"], "baselines": False,
            "datasets": [{"plugin": "gaussian", "n": 200, "d": 10, "classes": 4, "split": {"folds": FOLDS}}],
            "methods": {name: {"solver": solver} for name, solver in METHODS.items()}}


def children_of(parent):
    children = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                # pid (name) state ppid; the name may hold anything.
                stat = pathlib.Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(stat[1]) == parent and stat[0] != "Z":
                children.append(int(entry))
    return children


def kill(process):
    try:
        os.kill(process, signal.SIGKILL)
        return 1
    except ProcessLookupError:
        return 0


def results_in(folder):
    return {file.stem: json.loads(file.read_text()) for file in (folder / "runs").glob("*.json")}


def wrong_with(folder, undisturbed):
    """What should not be, one line each."""
    results, expected = results_in(folder), results_in(undisturbed)
    wrong = [f"{name}: no result" for name in expected.keys() - results.keys()]
    wrong += [f"{name}: not asked for" for name in results.keys() - expected.keys()]
    for name in results.keys() & expected.keys():
        if results[name]["status"] != "ok":
            wrong.append(f"{name}: {results[name]['status']}: {results[name]['reason']}")
        elif results[name]["metrics"] != expected[name]["metrics"]:
            wrong.append(f"{name}: other metrics: {results[name]['metrics']}, {expected[name]['metrics']}")
    exhibits, expected = ({file.name: file.read_bytes() for file in (of / "exhibits").iterdir()} for of in (folder, undisturbed))
    wrong += [f"another exhibit: {name}" for name in exhibits.keys() | expected.keys() if exhibits.get(name) != expected.get(name)]
    known = {"spec.json", "plan.json", ".lock", "runs", "exhibits", "logs", "checkpoints"}
    wrong += [f"left over: {file}" for file in folder.iterdir() if file.name not in known]
    wrong += [f"left over: {file}" for file in (folder / "runs").iterdir() if not file.match("[0-9a-f]*.json")]
    for part in ("logs", "checkpoints"):
        wrong += [f"left over: {file}" for file in (folder / part).iterdir()]
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--shards", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="of each runner")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kill-every", type=float, default=0.25, help="seconds, in the mean")
    parser.add_argument("--command", default="build/metriclab")
    options = parser.parse_args()
    draw = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="metriclab_soak_") as place:
        place = pathlib.Path(place)
        (place / "spec.json").write_text(json.dumps(spec_of(options.runs)))

        def start(results, shard=None):
            command = [options.command, "run", str(place / "spec.json"), "--results", str(place / results), "--jobs", str(options.jobs)]
            if shard:
                command += ["--shard", f"{shard}/{options.shards}"]
            return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=(place / "stderr").open("a"))

        began = time.monotonic()
        if start("undisturbed").wait() != 0:
            sys.exit(f"the undisturbed experiment fails: {(place / 'stderr').read_text()}")
        undisturbed_seconds = time.monotonic() - began

        shards = list(range(1, options.shards + 1)) if options.shards > 1 else [None]
        runners = {shard: start("soak", shard) for shard in shards}
        workers_killed = runners_killed = restarts = 0
        began = time.monotonic()
        while runners:
            time.sleep(draw.expovariate(1 / options.kill_every))
            for shard in list(runners):
                code = runners[shard].poll()
                if code is None:
                    continue
                # 1: some of its runs were killed, which it tries again; -9: it was killed itself.
                if code not in (0, 1, -9):
                    sys.exit(f"a runner ends with {code}: {(place / 'stderr').read_text()[-2000:]}")
                del runners[shard]
                if code != 0:
                    runners[shard] = start("soak", shard)
                    restarts += 1
            if not runners:
                break
            runner = runners[draw.choice(sorted(runners, key=str))]
            if draw.random() < PART_OF_RUNNERS:
                runners_killed += kill(runner.pid)
            elif workers := sorted(children_of(runner.pid)):
                workers_killed += kill(draw.choice(workers))
        seconds = time.monotonic() - began
        wrong = wrong_with(place / "soak" / "soak", place / "undisturbed" / "soak")
        count = len(results_in(place / "undisturbed" / "soak"))
    for line in wrong:
        print(line)
    print(f"{count} runs, {options.shards} runner{'s' * (options.shards > 1)}: {workers_killed} workers and {runners_killed} runners killed, "
          f"{restarts} restarts, {seconds:.0f} s (undisturbed {undisturbed_seconds:.0f} s); "
          + (f"{len(wrong)} things wrong" if wrong else "every result is there, with the same metrics; nothing is left over"))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
