"""ONNX models as PyTorch modules, for the operators that the measured models have."""

import numpy
import torch
from onnx import numpy_helper
from torch.nn import functional

from models import attributes


class NotConvertible(Exception):
    """What there is no equal of here."""


class Network(torch.nn.Module):
    """Calls PyTorch's function for every node of a graph, in the file's order."""

    def __init__(self, graph):
        super().__init__()
        self.source, self.result = graph.input[0].name, graph.output[0].name
        self.steps = []
        self.constants = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
        for index, node in enumerate(graph.node):
            convert = getattr(self, node.op_type.lower(), None)
            if convert is None:
                raise NotConvertible(f"no equal of {node.op_type}")
            images = [name for name in node.input if name and name not in self.constants]
            self.steps.append((convert(node, attributes(node)), images, node.output[0]))

    def forward(self, image):
        values = {self.source: image}
        for function, inputs, output in self.steps:
            values[output] = function(*(values[name] for name in inputs))
        return values[self.result]

    def parameter(self, name):
        return torch.from_numpy(numpy.array(self.constants[name]))

    @staticmethod
    def split_padding(options):
        """The padding that an operator of PyTorch takes, and what has to be padded before it."""
        top, left, bottom, right = options.get("pads", [0] * 4)
        return ((top, left), None) if (top, left) == (bottom, right) else ((0, 0), (left, right, top, bottom))

    def conv(self, node, options):
        weight = self.parameter(node.input[1]).contiguous(memory_format=torch.channels_last)
        bias = self.parameter(node.input[2]) if len(node.input) > 2 else None
        padding, extra = self.split_padding(options)
        stride, dilation = options.get("strides", [1, 1]), options.get("dilations", [1, 1])
        groups = options.get("group", 1)

        def run(x):
            x = functional.pad(x, extra) if extra else x
            return functional.conv2d(x, weight, bias, stride, padding, dilation, groups)

        return run

    def pool_options(self, options):
        padding, extra = self.split_padding(options)
        return options["kernel_shape"], options.get("strides", [1, 1]), padding, extra, bool(options.get("ceil_mode", 0))

    def maxpool(self, node, options):
        kernel, stride, padding, extra, ceil = self.pool_options(options)

        def run(x):
            x = functional.pad(x, extra, value=float("-inf")) if extra else x
            return functional.max_pool2d(x, kernel, stride, padding, ceil_mode=ceil)

        return run

    def averagepool(self, node, options):
        kernel, stride, padding, extra, ceil = self.pool_options(options)
        counted = bool(options.get("count_include_pad", 0))
        if extra and not counted:
            raise NotConvertible("an average pool with uneven padding that does not count")

        def run(x):
            x = functional.pad(x, extra) if extra else x
            return functional.avg_pool2d(x, kernel, stride, padding, ceil_mode=ceil, count_include_pad=counted)

        return run

    def relu(self, node, options):
        return functional.relu

    def clip(self, node, options):
        low, high = (float(self.constants[name]) for name in node.input[1:3])
        return lambda x: functional.hardtanh(x, low, high)

    def add(self, node, options):
        if any(name in self.constants for name in node.input):
            raise NotConvertible("an Add of a constant")
        return lambda x, y: x + y

    def batchnormalization(self, node, options):
        scale, shift, mean, variance = (self.parameter(name) for name in node.input[1:5])
        epsilon = options.get("epsilon", 1e-5)
        return lambda x: functional.batch_norm(x, mean, variance, scale, shift, False, 0.0, epsilon)

    def concat(self, node, options):
        return lambda *inputs: torch.cat(inputs, options["axis"])

    def globalaveragepool(self, node, options):
        return lambda x: functional.adaptive_avg_pool2d(x, 1)

    def flatten(self, node, options):
        return lambda x: torch.flatten(x, 1)

    def reshape(self, node, options):
        shape = [int(extent) for extent in self.constants[node.input[1]]]
        return lambda x: x.reshape([x.shape[i] if extent == 0 else extent for i, extent in enumerate(shape)])

    def gemm(self, node, options):
        weight, bias = (self.parameter(name) for name in node.input[1:3])
        if not options.get("transB"):
            weight = weight.t().contiguous()
        return lambda x: functional.linear(x, weight, bias)

    def pad(self, node, options):
        before, after = (part.tolist() for part in numpy.split(self.constants[node.input[1]], 2))
        value = float(self.constants[node.input[2]]) if len(node.input) > 2 and node.input[2] else 0.0
        amounts = [amount for pair in zip(reversed(before), reversed(after)) for amount in pair]
        return lambda x: functional.pad(x, amounts, value=value)

    def slice(self, node, options):
        starts, ends, axes = (self.constants[name].tolist() for name in node.input[1:4])
        steps = self.constants[node.input[4]].tolist() if len(node.input) > 4 else [1] * len(axes)

        def run(x):
            for start, end, axis, step in zip(starts, ends, axes, steps):
                begin, finish, _ = slice(start, end).indices(x.shape[axis])
                x = x[(slice(None),) * axis + (slice(begin, finish, step),)]
            return x

        return run


def traced(model, image):
    """The network traced and frozen, and the same optimised for inference by PyTorch's own pass."""
    network = Network(model.proto.graph).eval()
    with torch.inference_mode():
        frozen = torch.jit.freeze(torch.jit.trace(network, image, check_trace=False))
        return frozen, torch.jit.optimize_for_inference(torch.jit.trace(network, image, check_trace=False))
