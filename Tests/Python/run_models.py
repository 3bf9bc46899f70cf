"""Examines and runs a list of models: the argument names a JSON list of {model, input, output}, where input is one
image and output gets all of the model's outputs, both as raw float32. Prints a JSON list of what was found."""
import json
import sys

import numpy
import onnx

from check_bundle import executed_nodes, session
from live_peak import Timeline


def examine(job):
    onnx.checker.check_model(job["model"], full_check=True)
    model = onnx.load(job["model"])
    runtime = session(job["model"], "none")
    (entry,) = runtime.get_inputs()
    image = numpy.fromfile(job["input"], dtype="<f4").reshape(entry.shape)
    outputs = runtime.run([value.name for value in model.graph.output], {entry.name: image})
    numpy.concatenate([output.ravel() for output in outputs]).astype("<f4").tofile(job["output"])
    graph = model.graph
    typed = {value.name for value in [*graph.input, *graph.output, *graph.value_info]}
    return {
        "nodes": [node.name for node in graph.node],
        "executed": executed_nodes(job["model"]),
        "livePeakBytes": Timeline(model).peak,
        "livePeakBytesWithoutSharing": Timeline(model, views=False, inplace=False).peak,
        "producer": [model.producer_name, model.producer_version],
        "metadata": {entry.key: entry.value for entry in model.metadata_props},
        "opset": {entry.domain: entry.version for entry in model.opset_import},
        "inputs": [value.name for value in graph.input],
        "outputs": [value.name for value in graph.output],
        "untypedTensors": sorted({name for node in graph.node for name in node.output} - typed),
    }


with open(sys.argv[1]) as file:
    json.dump([examine(job) for job in json.load(file)], sys.stdout)
