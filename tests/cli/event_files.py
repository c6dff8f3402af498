#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Event files hold what the results hold, for a reader written from the format alone.

The format: TensorFlow's lib/io/record_writer.cc (records), core/util/event.proto and core/framework/summary.proto
(messages), and protocol buffers' encoding. Arguments: the command, a folder of results.
"""
import datetime
import json
import math
import pathlib
import struct
import subprocess
import sys
import tempfile

command, results = sys.argv[1], pathlib.Path(sys.argv[2])


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(crc):
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    at = 0
    while at < len(data):
        head = data[at:at + 8]
        length, = struct.unpack("<Q", head)
        assert struct.unpack("<I", data[at + 8:at + 12])[0] == masked(crc32c(head))
        body = data[at + 12:at + 12 + length]
        assert len(body) == length
        assert struct.unpack("<I", data[at + 12 + length:at + 16 + length])[0] == masked(crc32c(body))
        yield body
        at += 16 + length
    assert at == len(data)


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(data):
    at, found = 0, []
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        else:
            size = {1: 8, 5: 4}.get(kind)
            if size is None:
                assert kind == 2
                size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        found.append((key >> 3, value))
    return found


def scalars(file):
    """(tag, step) → value, and the one wall time."""
    found, times = {}, set()
    for i, record in enumerate(records(file.read_bytes())):
        event = dict(fields(record))
        times.add(struct.unpack("<d", event[1])[0])
        if i == 0:
            assert event[3] == b"brain.Event:2"
            continue
        for number, summary in fields(event[5]):
            assert number == 1
            value = dict(fields(summary))
            place = (value[1].decode(), event.get(2, 0))
            assert place not in found
            found[place] = struct.unpack("<f", value[2])[0]
    assert len(times) == 1
    return found, times.pop()


def tag(name):
    return name.replace(".", "/", 1) if "." in name else "training/" + name


def check(out, results):
    files = 0
    for file in (results / "runs").glob("*.json"):
        result = json.loads(file.read_text())
        run = result["run"]
        found, time = scalars(out / result["experiment"] / run["dataset"] / run["method"] /
                              f'{run["split"]} seed {run["seed"]}' / "events.out.tfevents.metriclab")
        files += 1
        finished = datetime.datetime.strptime(result["environment"]["finished"], "%Y-%m-%dT%H:%M:%SZ")
        assert time == finished.replace(tzinfo=datetime.timezone.utc).timestamp()
        expected, last = {}, 0
        for curve in result.get("curves", []):
            if curve["unit"] in ("epoch", "step", "iteration"):
                for at, value in zip(curve["at"], curve["values"]):
                    expected[tag(curve["name"]), round(at)] = value
                    last = max(last, round(at))
        for name, value in result["metrics"].items():
            if value is not None:
                expected[tag(name), last] = value
        for name, value in result["seconds"].items():
            expected["seconds/" + name, last] = value
        assert found.keys() == expected.keys(), found.keys() ^ expected.keys()
        for place, value in expected.items():
            assert math.isclose(found[place], value, rel_tol=1e-6, abs_tol=1e-30), (place, found[place], value)
    assert files > 0
    assert files == sum(1 for file in out.rglob("*") if file.is_file())


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    subprocess.run([command, "plot", results, "--tensorboard", folder / "of_plot"], check=True)
    check(folder / "of_plot", results)
    spec = folder / "small.json"
    spec.write_text(json.dumps({
        "name": "small", "datasets": [{"plugin": "iris", "split": {"folds": 3}}],
        "methods": {"euclidean": {"solver": "euclidean"}, "nca": {"solver": {"plugin": "nca"}}}, "evaluators": ["knn"]}))
    subprocess.run([command, "run", spec, "--results", folder, "--tensorboard", folder / "of_run"], check=True)
    check(folder / "of_run", folder / "small")
