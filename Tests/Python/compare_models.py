"""Compares reordered models with their originals: the argument names a JSON list of {original, reordered}. Prints a
JSON list of what was found. Both are run by ONNX Runtime on one thread with the same random inputs, once as they
are written and once optimised; onnx.checker examines the reordered one first."""
import json
import sys

import numpy
import onnx

from check_bundle import session
from live_peak import Timeline


def inputs(runtime, seed):
    generator = numpy.random.default_rng(seed)
    return {value.name: generator.standard_normal(value.shape).astype(numpy.float32) for value in runtime.get_inputs()}


def outputs(path, optimization, seed):
    runtime = session(path, optimization)
    return [numpy.asarray(value) for value in runtime.run(None, inputs(runtime, seed))]


def difference(a, b):
    """The largest difference of two arrays, relative to the largest value of the first."""
    a, b = a.astype(numpy.float64), b.astype(numpy.float64)
    return float(numpy.abs(a - b).max(initial=0) / max(numpy.abs(a).max(initial=0), 1e-30))


def without_nodes(model):
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    del copy.graph.node[:]
    return copy


def compare(seed, job):
    original = onnx.load(job["original"])
    written = onnx.load(job["reordered"])
    onnx.checker.check_model(written, full_check=True)
    places = {node.SerializeToString(deterministic=True): index for index, node in enumerate(original.graph.node)}
    order = [places[node.SerializeToString(deterministic=True)] for node in written.graph.node]
    constants = {index for index, node in enumerate(original.graph.node) if node.op_type == "Constant"}
    operators = [index for index in order if index not in constants]
    plain = [outputs(job[which], "none", seed) for which in ("original", "reordered")]
    optimized = [outputs(job[which], "all", seed) for which in ("original", "reordered")]
    return {
        "order": operators,
        "keepsEveryNode": sorted(order) == list(range(len(original.graph.node))),
        "constantsFirst": set(order[:len(constants)]) == constants,
        "keepsTheRest": without_nodes(original) == without_nodes(written),
        "outputs": len(plain[0]),
        "identical": [(a.dtype, a.shape, a.tobytes()) for a in plain[0]] == [
            (b.dtype, b.shape, b.tobytes()) for b in plain[1]],
        "finite": all(bool(numpy.isfinite(a).all()) for a in plain[0]),
        "optimizedDifference": max(difference(a, b) for a, b in zip(*optimized, strict=True)),
        "peakBytes": Timeline(written).peak,
        "fileOrderPeakBytes": Timeline(original).peak,
    }


with open(sys.argv[1]) as file:
    json.dump([compare(seed, job) for seed, job in enumerate(json.load(file))], sys.stdout)
