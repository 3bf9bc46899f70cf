"""Checks a bundle's model.onnx with tools that are not Tandem's and prints what was found as one JSON object.

    python3 check_bundle.py BUNDLE_DIR|MODEL.onnx [--images IMAGES.npy|IMAGES.f32] [--count N] [--logits LOGITS.f32]
                            [--optimization none|basic|extended|all]

onnx.checker examines the whole file (full_check: shapes are inferred again and compared). ONNX Runtime then runs
the images one by one, in sequential mode on one thread. Without graph optimisation (the default here) and with the
execution order PRIORITY_BASED it keeps the file's nodes and their order; its default order is another. One profiled
run shows the order in which the nodes were really executed. Images are preprocessed already: float32, one after the
other, as the model's input wants them. Logits are written as raw little-endian float32.
"""
import argparse
import json
import os
import sys
import tempfile

import numpy
import onnx
import onnxruntime

from live_peak import Timeline

LEVELS = {
    "none": onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL,
    "basic": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "extended": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "all": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL,
}


def session(path, optimization, profile=None):
    options = onnxruntime.SessionOptions()
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.execution_order = onnxruntime.ExecutionOrder.PRIORITY_BASED
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.graph_optimization_level = LEVELS[optimization]
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    if profile:
        options.enable_profiling = True
        options.profile_file_prefix = profile
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def run(path, images, optimization="none"):
    """Logits of every image: an array with one row per image."""
    runtime = session(path, optimization)
    (entry,) = runtime.get_inputs()
    (result,) = runtime.get_outputs()
    rows = images.reshape([-1, *entry.shape])
    return numpy.stack([runtime.run([result.name], {entry.name: row})[0].ravel() for row in rows])


def executed_nodes(path, optimization="none"):
    """The names of the nodes in the order in which ONNX Runtime ran them, from its own profile."""
    suffix = "_kernel_time"
    with tempfile.TemporaryDirectory() as folder:
        runtime = session(path, optimization, profile=os.path.join(folder, "profile"))
        zeros = {value.name: numpy.zeros(value.shape, numpy.float32) for value in runtime.get_inputs()}
        runtime.run(None, zeros)
        with open(runtime.end_profiling()) as file:
            events = [event for event in json.load(file)
                      if event.get("cat") == "Node" and event["name"].endswith(suffix)]
    return [event["name"].removesuffix(suffix) for event in sorted(events, key=lambda event: event["ts"])]


def read_images(path):
    if path.endswith(".npy"):
        return numpy.ascontiguousarray(numpy.load(path), dtype=numpy.float32)
    return numpy.fromfile(path, dtype="<f4")


def examine(path):
    """What can be said of the file without running it."""
    onnx.checker.check_model(path, full_check=True)
    model = onnx.load(path)
    nodes = [node for node in model.graph.node if node.op_type != "Constant"]
    return {
        "checker": f"onnx {onnx.__version__}: full check passed",
        "producer": [model.producer_name, model.producer_version],
        "metadata": {entry.key: entry.value for entry in model.metadata_props},
        "opset": {entry.domain: entry.version for entry in model.opset_import},
        "inputs": [[value.name, [d.dim_value for d in value.type.tensor_type.shape.dim]]
                   for value in model.graph.input],
        "outputs": [[value.name, [d.dim_value for d in value.type.tensor_type.shape.dim]]
                    for value in model.graph.output],
        "nodes": [node.name for node in nodes],
        "livePeakBytes": Timeline(model).peak,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle")
    parser.add_argument("--images")
    parser.add_argument("--count", type=int)
    parser.add_argument("--logits")
    parser.add_argument("--optimization", choices=sorted(LEVELS), default="none")
    arguments = parser.parse_args()
    path = arguments.bundle
    if os.path.isdir(path):
        path = os.path.join(path, "model.onnx")
    found = examine(path)
    found["runtime"] = f"onnxruntime {onnxruntime.__version__}, sequential, 1 thread"
    found["optimization"] = arguments.optimization
    found["executed"] = executed_nodes(path, arguments.optimization)
    if arguments.images:
        images = read_images(arguments.images)
        size = numpy.prod(found["inputs"][0][1])
        if images.size == 0 or images.size % size:
            sys.exit(f"{arguments.images}: {images.size} values are no whole number of images of {size}")
        images = images.reshape(-1, size)[: arguments.count]
        logits = run(path, images, arguments.optimization)
        found["images"] = len(images)
        found["predictions"] = logits.argmax(axis=1).tolist()
        if arguments.logits:
            logits.astype("<f4").tofile(arguments.logits)
    json.dump(found, sys.stdout)
    print()


if __name__ == "__main__":
    main()
