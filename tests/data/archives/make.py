# SPDX-License-Identifier: BSD-3-Clause
"""Writes types.npz (deflated) and stored.npz beside itself: the same numbers in every type that is
read, by NumPy 1.24.2 under Python 3.11. Run it from this folder."""

import numpy as np

values = np.array([[0, 1, 2], [3, 40, 100]])
types = ["<f2", "<f4", "<f8", "i1", "<i2", "<i4", "<i8", "u1", "<u2", "<u4", "<u8",
         ">f2", ">f4", ">f8", ">i2", ">i4", ">i8", ">u2", ">u4", ">u8"]
names = {t: t.replace("<", "").replace(">", "big_") for t in types}
arrays = {names[t]: values.astype(t) for t in types}
arrays["fortran"] = np.asfortranarray(values.astype("<f8"))
arrays["negative"] = (-values).astype("<i2")
# A half's largest, smallest normal and smallest numbers.
arrays["half"] = np.array([[65504, -2.0**-14, 2.0**-24], [-0.5, 1 / 3, 1]], dtype="<f2")
arrays["bool"] = np.array([False, True])
arrays["huge"] = np.array([0, 2**63], dtype="<u8")
arrays["text"] = np.array(["a", "b"])
arrays["real"] = np.array([1.0, 0.0])
arrays["broken"] = np.array([1.5, 0.0])
arrays["nan"] = np.array([1.5, np.nan])
arrays["column"] = np.array([[7], [5]])
arrays["three"] = np.array([1, 2, 3])
arrays["cube"] = np.arange(12.0).reshape(2, 2, 3)
np.savez_compressed("types.npz", **arrays)
np.savez("stored.npz", X=values.astype("<f8"), y=np.array([1, 0]))
