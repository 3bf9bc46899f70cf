"""Gives models without weights random ones and runs them in ONNX Runtime: the argument names a JSON list of
{source, model, input, output}. Each model is the source with a value for every weight that it lacks; input and output
(.npy) are random values for its only input and what ONNX Runtime computes of them."""
import json
import sys

import numpy
import onnx
from onnx import numpy_helper

from reference_outputs import compute


def without_values(tensor):
    return tensor.data_location == onnx.TensorProto.EXTERNAL or not (
        tensor.raw_data or tensor.float_data or tensor.int64_data or tensor.int32_data or tensor.double_data)


def fill(source, target, random):
    model = onnx.load(source, load_external_data=False)
    extents = {}
    for value in list(model.graph.value_info) + list(model.graph.input):
        extents[value.name] = [d.dim_value for d in value.type.tensor_type.shape.dim]
    gathered = {node.input[1]: extents[node.input[0]][node.attribute[0].i if node.attribute else 0]
                for node in model.graph.node if node.op_type == "Gather"}
    variances = {node.input[4] for node in model.graph.node if node.op_type == "BatchNormalization"}
    for tensor in model.graph.initializer:
        if not without_values(tensor):
            continue
        shape = list(tensor.dims)
        if tensor.data_type == onnx.TensorProto.INT64:
            values = random.integers(0, gathered[tensor.name], shape)
        elif tensor.name in variances:
            values = random.uniform(0.5, 1.5, shape).astype(numpy.float32)
        elif len(shape) >= 2 and numpy.prod(shape) > max(shape):
            # Weights of [outputs, inputs, ...], or of [inputs, outputs] where a product of matrices reads them.
            is_factor = any(node.op_type == "MatMul" and tensor.name in node.input for node in model.graph.node)
            inputs = shape[-2] if is_factor else numpy.prod(shape[1:])
            values = (random.standard_normal(shape) * numpy.sqrt(2 / inputs)).astype(numpy.float32)
        else:
            values = random.uniform(0.2, 1, shape).astype(numpy.float32)
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    onnx.save(model, target)


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        for index, job in enumerate(json.load(file)):
            fill(job["source"], job["model"], numpy.random.default_rng(index))
            compute(job["model"], job["input"], job["output"], seed=index)
