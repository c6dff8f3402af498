#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Each installed header includes installed ones only, and compiles by itself with the flags that pkg-config gives.

Arguments: the build folder, how to call Meson, the compiler with its first arguments.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

build, meson, compiler = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]


def pkg_config(package):
    found = subprocess.run(["pkg-config", "--cflags", package], capture_output=True, text=True,
                           env=os.environ | {"PKG_CONFIG_PATH": str(build / "meson-uninstalled")})
    return shlex.split(found.stdout) if found.returncode == 0 else None


installed = json.loads(subprocess.run([meson, "introspect", "--installed", str(build)], check=True,
                                      capture_output=True).stdout)
headers = {}  # "metriclab/room/file.hpp": what it includes
for source, target in installed.items():
    if target.endswith(".hpp"):
        name = target[target.index("/include/") + len("/include/"):]
        headers[name] = re.findall(r"#include <([^>]*)>", pathlib.Path(source).read_text())
wrong = [f"{name} includes {other}, which is not installed" for name, includes in headers.items()
         for other in includes if other.startswith("metriclab/") and other not in headers]
if wrong or not headers:
    sys.exit("\n".join(wrong) or "no header is installed")


def reached(name, seen):
    """All that a header includes, by way of metriclab's own ones."""
    for other in headers.get(name, []):
        if other not in seen:
            seen.add(other)
            reached(other, seen)
    return seen


with tempfile.TemporaryDirectory(prefix="metriclab_headers_") as work:
    flags = pkg_config("metriclab_deep") or pkg_config("metriclab")
    checks = ["-std=c++20", *flags]
    # What takes a second or two to read is read once: a header that reaches it includes it anyway, above all else
    # that it has, so that having it already changes nothing.
    heavy = {}
    for number, part in enumerate(["ATen/core/Tensor.h", "Eigen/Core"]):
        if any(part in reached(name, set()) for name in headers):
            heavy[part] = f"{work}/heavy{number}.hpp"
            pathlib.Path(heavy[part]).write_text(f"#include <{part}>\n")
            subprocess.run([*compiler, *checks, "-x", "c++-header", heavy[part], "-o", heavy[part] + ".gch"], check=True)

    def compiles(name):
        file = pathlib.Path(work) / (name.replace("/", "_") + ".cpp")
        file.write_text(f"#include <{name}>\n")
        before = next((["-include", path] for part, path in heavy.items() if part in reached(name, set())), [])
        done = subprocess.run([*compiler, *checks, "-fsyntax-only", *before, str(file)], capture_output=True, text=True)
        return "" if done.returncode == 0 else f"{name} does not compile by itself:\n{done.stderr}"

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        wrong = [text for text in pool.map(compiles, headers) if text]
print("\n".join(wrong) or f"{len(headers)} headers")
sys.exit(1 if wrong else 0)
