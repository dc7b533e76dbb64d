#!/usr/bin/env python3
"""Property-tests `satkit kernel` against NumPy, bit for bit.

    cargo build --release
    python3 docs/python/kernel_property_test.py target/release/satkit --cases 50

Every operation of docs/contract.md is written down below in a few lines of NumPy. Random shapes, sparsities, methods,
strides, paddings, types and memory orders go through both; every bit must agree. Only NumPy is needed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

K_BLOCK = 64
METHODS = ["dense", "srste", "sdwp", "sdgp", "bdwp"]
F32, F16 = np.float32, np.float16


# The contract in NumPy. Arrays are NCHW and OIHW; linear layers have height and width 1.


def halves(a):
    """FP16 operands: rounded to nearest even, NaNs canonical."""
    a = a.astype(F16)
    a[np.isnan(a)] = np.array(0x7E00, np.uint16).view(F16)
    return a


def kept(groups, n):
    """Positions of the n largest magnitudes of each row, lowest position first among equals, ascending."""
    magnitude = (groups.view(np.uint16) & 0x7FFF).astype(np.int32)
    return np.sort(np.argsort(-magnitude, axis=1, kind="stable")[:, :n], axis=1)


def prune(w, n, m, along):
    """Compact values and positions (G, N), and the keep mask in OIHW order."""
    order = (0, 2, 3, 1) if along == "ci" else (1, 2, 3, 0)
    moved = np.ascontiguousarray(w.transpose(order))
    groups = moved.reshape(-1, m)
    positions = kept(groups, n)
    mask = np.zeros(groups.shape, bool)
    np.put_along_axis(mask, positions, True, axis=1)
    mask = mask.reshape(moved.shape).transpose(np.argsort(order))
    return np.take_along_axis(groups, positions, axis=1), positions.astype(np.uint8), mask


def prune_gradient(dy, n, m):
    """dY with all but n of every m values along Co, per pixel, replaced by +0.0."""
    moved = np.ascontiguousarray(dy.transpose(0, 2, 3, 1))
    groups = moved.reshape(-1, m).copy()
    mask = np.zeros(groups.shape, bool)
    np.put_along_axis(mask, kept(groups, n), True, axis=1)
    groups[~mask] = 0
    return groups.reshape(moved.shape).transpose(0, 3, 1, 2)


def k_order(channels, kh, kw):
    """Channel block, then taps, then channels inside the block."""
    for block in range(0, channels, K_BLOCK):
        for i in range(kh):
            for j in range(kw):
                for channel in range(block, min(block + K_BLOCK, channels)):
                    yield channel, i, j


def ff(x, w, mask, stride, pad):
    """Y in FP32: one term after another, pruned terms skipped, padding multiplied as zeros."""
    (b, ci, h, wd), (co, _, kh, kw) = x.shape, w.shape
    oh, ow = (h + 2 * pad - kh) // stride + 1, (wd + 2 * pad - kw) // stride + 1
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad))).astype(F32)
    w = w.astype(F32)
    acc = np.zeros((b, co, oh, ow), F32)
    for c, i, j in k_order(ci, kh, kw):
        pixels = x[:, None, c, i : i + stride * oh : stride, j : j + stride * ow : stride]
        pixels = pixels[:, :, :oh, :ow]
        term = pixels * w[None, :, c, i, j, None, None]
        acc = np.where(mask[None, :, c, i, j, None, None], acc + term, acc)
    return acc


def bp(dy, w, mask, x_shape, stride, pad):
    """dX in FP32: a tap is absent only where the stride skips it; dY outside the image is +0.0."""
    _, _, h, wd = x_shape
    (_, _, oh, ow), (co, _, kh, kw) = dy.shape, w.shape
    dy, w = dy.astype(F32), w.astype(F32)
    acc = np.zeros(x_shape, F32)

    def taps(size, out, k):
        distance = np.arange(size) + pad - k
        return distance % stride == 0, distance // stride, (distance >= 0) & (distance // stride < out)

    for c, i, j in k_order(co, kh, kw):
        rows, cols = taps(h, oh, i), taps(wd, ow, j)
        present = rows[0][:, None] & cols[0][None, :]
        inside = rows[2][:, None] & cols[2][None, :]
        picked = dy[:, c][:, np.clip(rows[1], 0, oh - 1)][:, :, np.clip(cols[1], 0, ow - 1)]
        picked = np.where(inside, picked, F32(0))
        term = picked[:, None] * w[None, c, :, i, j, None, None]
        acc = np.where(present & mask[None, c, :, i, j, None, None], acc + term, acc)
    return acc


def wu(x, dy, w_shape, stride, pad):
    """dW in FP32: images, then output rows, then output columns."""
    _, _, kh, kw = w_shape
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad))).astype(F32)
    dy = dy.astype(F32)
    acc = np.zeros(w_shape, F32)
    for n in range(dy.shape[0]):
        for r in range(dy.shape[2]):
            for c in range(dy.shape[3]):
                window = x[n, None, :, r * stride : r * stride + kh, c * stride : c * stride + kw]
                acc = acc + window * dy[n, :, r, c, None, None, None]
    return acc


def update(w, v, dw, keep, settings):
    """Momentum SGD in FP32, every operation rounded on its own."""
    names = ("lr", "momentum", "weight-decay", "lambda", "loss-scale")
    lr, mu, wd, lam, scale = (F32(settings[name]) for name in names)
    g = dw * (F32(1) / scale)
    if keep is not None and lam != 0:
        g = np.where(keep, g, g + lam * w)
    if wd != 0:
        g = g + wd * w
    v = mu * v + g
    return w - lr * v, v


# Random cases.


def values(rng, shape):
    """Numbers that find mistakes: ties, subnormals, zeros of both signs and, now and then, Inf and NaN."""
    a = rng.standard_normal(shape).astype(F32)
    kind = rng.integers(4)
    if kind == 1:
        a = (rng.integers(-3, 4, shape) * 0.5).astype(F32)
    elif kind == 2:
        a = rng.integers(0, 1 << 16, shape).astype(np.uint16).view(F16).astype(F32)
    elif kind == 3:
        a = (a * F32(2.0**-20)).astype(F32)
    return a


class Case:
    """One random layer with a sparsity and a method."""

    def __init__(self, rng):
        self.rng = rng
        self.m = int(rng.choice([1, 2, 4, 8, 16]))
        self.n = int(rng.integers(1, self.m + 1))
        self.method = str(rng.choice(METHODS))
        self.linear = bool(rng.integers(2))
        self.batch = int(rng.integers(1, 4))
        self.ci, self.co = (self.m * int(groups) for groups in rng.integers(1, max(2, 96 // self.m), 2))
        if self.linear:
            self.h = self.w = self.kh = self.kw = self.stride = 1
            self.pad = 0
        else:
            self.kh, self.kw = (int(v) for v in rng.integers(1, 4, 2))
            self.stride, self.pad = int(rng.integers(1, 4)), int(rng.integers(0, 3))
            least = max(self.kh, self.kw)
            self.h, self.w = (int(v) for v in rng.integers(least, least + 4, 2))
            self.ci, self.co = min(self.ci, 80 // self.m * self.m), min(self.co, 32)

    def shapes(self):
        oh = (self.h + 2 * self.pad - self.kh) // self.stride + 1
        ow = (self.w + 2 * self.pad - self.kw) // self.stride + 1
        return {
            "X": (self.batch, self.ci, self.h, self.w),
            "W": (self.co, self.ci, self.kh, self.kw),
            "dY": (self.batch, self.co, oh, ow),
        }

    def file_array(self, a):
        """As a user might save it: FP16 or FP32, C or Fortran order, two axes if linear."""
        a = a.reshape(a.shape[:2]) if self.linear else a
        a = a.astype(F16) if self.rng.integers(2) else a
        return np.asfortranarray(a) if self.rng.integers(2) else np.ascontiguousarray(a)

    def describe(self):
        return f"{self.method} {self.n}:{self.m} {self.shapes()} stride {self.stride} pad {self.pad}"


def bits(a):
    """The bits of an array, any NaN as the canonical one."""
    if a.dtype == np.uint8:
        return a
    unsigned, nan = (np.uint16, 0x7E00) if a.dtype == F16 else (np.uint32, 0x7FC00000)
    out = np.ascontiguousarray(a).view(unsigned).copy()
    out[np.isnan(a)] = nan
    return out


class Kernel:
    """Runs `satkit kernel` in a directory of its own."""

    def __init__(self, binary, directory):
        self.binary, self.directory = binary, Path(directory)

    def __call__(self, op, arrays, options):
        source, target = self.directory / "in.npz", self.directory / "out.npz"
        np.savez(source, **arrays)
        command = [self.binary, "kernel", op, "--in", source, "--out", target, "--json", *options]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(map(str, command))}\nexit code {done.returncode}: {done.stderr}")
        report = json.loads(done.stdout)
        with np.load(target) as archive:
            return {name: archive[name] for name in archive.files}, report


def check(name, got, expected, case, op):
    expected = expected.reshape(got.shape) if got.size == expected.size else expected
    assert got.dtype == expected.dtype, f"{op} {name}: {got.dtype}, expected {expected.dtype}"
    assert got.shape == expected.shape, f"{op} {name}: {got.shape}, expected {expected.shape}"
    raw = got if got.dtype == np.uint8 else np.ascontiguousarray(got).view(f"u{got.dtype.itemsize}")
    wrong = np.argwhere(raw != bits(expected))
    if len(wrong):
        at = tuple(int(index) for index in wrong[0])
        raise SystemExit(
            f"{op} {name} at {at}: {raw[at]:#x}, expected {bits(expected)[at]:#x}, "
            f"{len(wrong)} of {raw.size} differ\n{case.describe()}"
        )


def run_case(kernel, rng, asked):
    case = Case(rng)
    # Words of the hardware have 8 lanes.
    while asked == "rtl" and case.m > 8:
        case = Case(rng)
    n, m, method = case.n, case.m, case.method
    files = {name: case.file_array(values(rng, shape)) for name, shape in case.shapes().items()}
    whole = {name: halves(a.reshape(case.shapes()[name])) for name, a in files.items()}
    x, w, dy = whole["X"], whole["W"], whole["dY"]
    device = asked or str(rng.choice(["sim", "golden"]))
    common = ["--sparsity", f"{n}:{m}", "--method", method, "--device", device]
    if device == "rtl":
        common += ["--array", str(rng.choice(["tiny", "small"]))]
    window = [] if case.linear else ["--stride", case.stride, "--pad", case.pad]
    if device != "golden":
        window += ["--dataflow", str(rng.choice(["auto", "ws", "os"]))]
    every = np.ones(w.shape, bool)

    out, _ = kernel("prune", files, common)
    for stage, along in (("ff", "ci"), ("bp", "co")):
        value, index, _ = prune(w, n, m, along)
        check(f"W{stage}_val", out[f"W{stage}_val"], value, case, "prune")
        check(f"W{stage}_idx", out[f"W{stage}_idx"], index, case, "prune")

    mask_ci, mask_co = prune(w, n, m, "ci")[2], prune(w, n, m, "co")[2]
    out, report = kernel("ff", files, common + window)
    expected = ff(x, w, mask_ci if method in ("srste", "bdwp") else every, case.stride, case.pad)
    check("Y", out["Y"], expected, case, "ff")
    if device != "golden":
        assert report["cycles"] > 0 and 0 < report["utilization"] <= 1, report

    out, _ = kernel("bp", files, common + window)
    weight, mask, gradient = w, every, dy
    if method == "srste":
        weight = np.where(mask_ci, w, F16(0))
    elif method == "sdgp":
        gradient = prune_gradient(dy, n, m)
    elif method in ("sdwp", "bdwp"):
        mask = mask_co
    check("dX", out["dX"], bp(gradient, weight, mask, x.shape, case.stride, case.pad), case, "bp")

    out, _ = kernel("wu", files, common + window)
    check("dW", out["dW"], wu(x, dy, w.shape, case.stride, case.pad), case, "wu")

    settings = {
        "lr": 0.1,
        "momentum": 0.9,
        "weight-decay": float(rng.choice([0, 5e-4])),
        "lambda": 2e-4 if method == "srste" else 0.0,
        "loss-scale": 1024,
    }
    options = [part for name, value in settings.items() for part in (f"--{name}", value)]
    masters = {name: values(rng, w.shape) for name in ("W", "V", "dW")}
    flat = {name: a.reshape(w.shape[:2]) if case.linear else a for name, a in masters.items()}
    out, _ = kernel("update", flat, common + options)
    keep = prune(halves(masters["W"]), n, m, "ci")[2] if method == "srste" else None
    w1, v1 = update(masters["W"], masters["V"], masters["dW"], keep, settings)
    check("W1", out["W1"], w1, case, "update")
    check("V1", out["V1"], v1, case, "update")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", help="path of satkit")
    parser.add_argument("--cases", type=int, default=50, help="random layers, five operations each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", choices=["golden", "sim", "rtl"], help="one device instead of golden and sim in turn")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, np.errstate(all="ignore"):
        kernel = Kernel(arguments.binary, directory)
        for case in range(arguments.cases):
            run_case(kernel, np.random.default_rng([arguments.seed, case]), arguments.device)
    print(f"{arguments.cases} random layers: every bit agrees")


if __name__ == "__main__":
    sys.exit(main())
