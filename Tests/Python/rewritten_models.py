"""Compares rewritten models with their originals: the argument names a JSON list of {original, rewritten, seed}.
Prints a JSON list of what was found: the largest difference of an output in relation to the original's largest value,
live peaks of the rewritten file's order, and the number of weights in both files. Graphs are run as they are written,
without optimisation; onnx.checker examines the rewritten file, shapes included."""
import json
import sys

import numpy
import onnx
from onnx import numpy_helper

from check_bundle import session
from live_peak import Timeline


def run(path, seed):
    generator = numpy.random.default_rng(seed)
    runtime = session(path, "none")
    feed = {value.name: generator.standard_normal(value.shape).astype(numpy.float32)
            for value in runtime.get_inputs()}
    return [numpy.asarray(value, numpy.float64) for value in runtime.run(None, feed)]


def weights(model):
    tensors = [*model.graph.initializer, *(attribute.t for node in model.graph.node if node.op_type == "Constant"
                                           for attribute in node.attribute if attribute.name == "value")]
    return sum(numpy_helper.to_array(tensor).size for tensor in tensors)


def compare(job):
    onnx.checker.check_model(job["rewritten"], full_check=True)
    original, rewritten = onnx.load(job["original"]), onnx.load(job["rewritten"])
    if [value.name for value in original.graph.output] != [value.name for value in rewritten.graph.output]:
        raise ValueError("the outputs are others")
    before, after = run(job["original"], job["seed"]), run(job["rewritten"], job["seed"])
    typed = {value.name for value in
             [*rewritten.graph.input, *rewritten.graph.output, *rewritten.graph.value_info]}
    written = {name for node in rewritten.graph.node for name in node.output}
    constants = {name for node in rewritten.graph.node if node.op_type == "Constant" for name in node.output}
    return {
        "difference": max(
            float(numpy.abs(a - b).max(initial=0) / max(numpy.abs(a).max(initial=0), 1e-12))
            if numpy.isfinite(a).all() and a.shape == b.shape else float("inf")
            for a, b in zip(before, after, strict=True)),
        "livePeakBytes": Timeline(rewritten).peak,
        "livePeakBytesWithoutInPlace": Timeline(rewritten, inplace=False).peak,
        "weightsBefore": weights(original),
        "weightsAfter": weights(rewritten),
        "untyped": sorted(written - typed - constants),
        "typedButGone": sorted({value.name for value in rewritten.graph.value_info} - written),
    }


with open(sys.argv[1]) as file:
    json.dump([compare(job) for job in json.load(file)], sys.stdout)
