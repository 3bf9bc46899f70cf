"""The layers and networks that are measured, as ONNX models with seeded random weights."""

from dataclasses import dataclass
from math import prod, sqrt
from pathlib import Path
from zlib import crc32

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 17, 8


@dataclass(frozen=True)
class Model:
    """An ONNX model with one input and one output, and the group that the page lists it in."""

    name: str
    group: str
    proto: onnx.ModelProto

    @property
    def input_name(self):
        return self.proto.graph.input[0].name

    @property
    def input_shape(self):
        return shape_of(self.proto.graph.input[0])

    @property
    def is_layer(self):
        return self.group != "networks"

    def random_input(self):
        return generator(self.name, "input").uniform(-1, 1, self.input_shape).astype(numpy.float32)

    def flops(self):
        """Two per multiply-add of convolutions and fully connected layers; one per element that a pool reads."""
        inferred = onnx.shape_inference.infer_shapes(self.proto, data_prop=True).graph
        shapes = {value.name: shape_of(value) for value in [*inferred.input, *inferred.value_info, *inferred.output]}
        weights = {weight.name: list(weight.dims) for weight in inferred.initializer}
        total = 0
        for node in inferred.node:
            outputs = prod(shapes[node.output[0]])
            if node.op_type == "Conv":
                total += 2 * outputs * prod(weights[node.input[1]][1:])
            elif node.op_type == "Gemm":
                total += 2 * prod(weights[node.input[1]])
            elif node.op_type in ("MaxPool", "AveragePool"):
                total += outputs * prod(attributes(node)["kernel_shape"])
        return total


def shape_of(value):
    return [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]


def attributes(node):
    return {item.name: helper.get_attribute_value(item) for item in node.attribute}


def generator(*names):
    """Random numbers that depend on the names alone."""
    return numpy.random.default_rng(crc32("/".join(names).encode()))


def random_weight(shape, *names):
    """Scaled by the inputs of each sum, so that values keep their magnitude through a network; vectors are small."""
    scale = sqrt(2 / prod(shape[1:])) if len(shape) > 1 else 0.1
    return (generator(*names).standard_normal(shape) * scale).astype(numpy.float32)


class Builder:
    """Builds a model node by node; every method takes and returns names of tensors."""

    def __init__(self, name, channels, size):
        self.name = name
        self.input_shape = [1, channels, size, size]
        self.channels = {"input": channels}
        self.nodes, self.weights = [], []

    def add(self, kind, inputs, channels, **options):
        output = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], name=f"{kind}{len(self.nodes)}", **options))
        self.channels[output] = channels
        return output

    def weight(self, shape):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(random_weight(shape, self.name, name), name))
        return name

    def conv(self, x, channels, kernel, stride=1, groups=1, padding=None):
        pads = [kernel // 2 if padding is None else padding] * 4
        weight = self.weight([channels, self.channels[x] // groups, kernel, kernel])
        return self.add(
            "Conv", [x, weight, self.weight([channels])], channels,
            kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=pads, group=groups)

    def pool(self, x, kind, kernel, stride=1, padding=0, **options):
        return self.add(
            kind, [x], self.channels[x],
            kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[padding] * 4, **options)

    def relu(self, x):
        return self.add("Relu", [x], self.channels[x])

    def relu6(self, x):
        for name, value in (("zero", 0), ("six", 6)):
            if all(weight.name != name for weight in self.weights):
                self.weights.append(numpy_helper.from_array(numpy.float32(value), name))
        return self.add("Clip", [x, "zero", "six"], self.channels[x])

    def sum(self, x, y):
        return self.add("Add", [x, y], self.channels[x])

    def concat(self, *inputs):
        return self.add("Concat", list(inputs), sum(self.channels[x] for x in inputs), axis=1)

    def classifier(self, x, classes):
        x = self.add("GlobalAveragePool", [x], self.channels[x])
        x = self.add("Flatten", [x], self.channels[x])
        weights = [self.weight([classes, self.channels[x]]), self.weight([classes])]
        return self.add("Gemm", [x, *weights], classes, transB=1)

    def model(self, group):
        graph = helper.make_graph(
            self.nodes, self.name,
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, self.input_shape)],
            [helper.make_tensor_value_info(self.nodes[-1].output[0], TensorProto.FLOAT, None)], self.weights)
        proto = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="tandem")
        proto = onnx.shape_inference.infer_shapes(proto, strict_mode=True)
        onnx.checker.check_model(proto)
        return Model(self.name, group, proto)


def layers():
    """The layers of the target list: convolutions of cell networks, and their pools."""

    def conv(group, kernel, channels, outputs, size, stride=1, groups=1):
        kind = f"{kernel}×{kernel}" + (f" s{stride}" if stride > 1 else "")
        ends = f"C={channels}" if groups > 1 else f"{channels}→{outputs}"
        builder = Builder(f"{'depthwise ' if groups > 1 else ''}{kind} {ends} @{size}²", channels, size)
        builder.conv("input", outputs, kernel, stride, groups)
        return builder.model(group)

    def pool(label, kind, channels, size, stride=1, **options):
        builder = Builder(f"{label} pool 3×3{f' s{stride}' if stride > 1 else ''} C={channels} @{size}²", channels, size)
        builder.pool("input", kind, 3, stride, 1, **options)
        return builder.model("pools")

    return [
        conv("1×1", 1, 64, 64, 32),
        conv("1×1", 1, 256, 64, 56),
        conv("3×3 stride 1", 3, 16, 16, 32),
        conv("3×3 stride 1", 3, 32, 32, 16),
        conv("3×3 stride 1", 3, 64, 64, 8),
        conv("3×3 stride 1", 3, 64, 64, 56),
        conv("3×3 stride 2", 3, 16, 32, 32, stride=2),
        conv("depthwise", 3, 96, 96, 28, groups=96),
        conv("depthwise", 5, 96, 96, 28, groups=96),
        conv("depthwise", 3, 240, 240, 14, groups=240),
        conv("depthwise", 5, 240, 240, 14, groups=240),
        pool("average", "AveragePool", 16, 32, count_include_pad=0),
        pool("max", "MaxPool", 16, 32),
        pool("max", "MaxPool", 64, 56, stride=2),
    ]


def empty():
    """Next to nothing to compute: what one call of an engine costs."""
    builder = Builder("one ReLU of 16 values", 16, 1)
    builder.relu("input")
    return builder.model("overhead")


CHAIN_LENGTH = 400


def chain():
    """Many operators with next to nothing to compute: what one more operator costs."""
    builder = Builder(f"{CHAIN_LENGTH} additions of 16 values", 16, 1)
    value = "input"
    for _ in range(CHAIN_LENGTH):
        value = builder.sum(value, "input")
    return builder.model("chain")


def nasbench201_best():
    """The CIFAR-10 network of NAS-Bench-201's best architecture (index 6111 by test accuracy there)."""
    b = Builder("NAS-Bench-201 best cell", 3, 32)

    def relu_conv(x, kernel):
        return b.conv(b.relu(x), b.channels[x], kernel)

    def cell(x):
        # |nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|
        first = relu_conv(x, 3)
        second = b.sum(relu_conv(x, 3), relu_conv(first, 3))
        return b.sum(b.sum(x, relu_conv(first, 3)), relu_conv(second, 1))

    def reduction(x, channels):
        main = b.conv(b.relu(b.conv(b.relu(x), channels, 3, stride=2)), channels, 3)
        return b.sum(main, b.conv(b.pool(x, "AveragePool", 2, 2), channels, 1))

    x = b.conv("input", 16, 3)
    for channels in (16, 32, 64):
        if channels != 16:
            x = reduction(x, channels)
        for _ in range(5):
            x = cell(x)
    b.classifier(b.relu(x), 10)
    return b.model("networks")


def resnet18():
    b = Builder("ResNet-18", 3, 224)
    x = b.pool(b.relu(b.conv("input", 64, 7, stride=2)), "MaxPool", 3, 2, 1)
    for channels in (64, 128, 256, 512):
        for block in range(2):
            stride = 2 if channels > 64 and block == 0 else 1
            shortcut = b.conv(x, channels, 1, stride) if stride == 2 else x
            x = b.relu(b.sum(b.conv(b.relu(b.conv(x, channels, 3, stride)), channels, 3), shortcut))
    b.classifier(x, 1000)
    return b.model("networks")


def mobilenet_v2():
    b = Builder("MobileNet-V2", 3, 224)
    x = b.relu6(b.conv("input", 32, 3, stride=2))
    for expansion, channels, count, stride in (
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
    ):
        for index in range(count):
            step = stride if index == 0 else 1
            hidden = expansion * b.channels[x]
            y = b.relu6(b.conv(x, hidden, 1)) if expansion > 1 else x
            y = b.conv(b.relu6(b.conv(y, hidden, 3, step, groups=hidden)), channels, 1)
            x = b.sum(x, y) if step == 1 and b.channels[x] == channels else y
    b.classifier(b.relu6(b.conv(x, 1280, 1)), 1000)
    return b.model("networks")


def squeezenet():
    b = Builder("SqueezeNet 1.1", 3, 224)
    x = b.pool(b.relu(b.conv("input", 64, 3, stride=2, padding=0)), "MaxPool", 3, 2)
    for index, channels in enumerate((64, 64, 128, 128, 192, 192, 256, 256)):
        squeezed = b.relu(b.conv(x, (16, 16, 32, 32, 48, 48, 64, 64)[index], 1))
        x = b.concat(b.relu(b.conv(squeezed, channels, 1)), b.relu(b.conv(squeezed, channels, 3)))
        if index in (1, 3):
            x = b.pool(x, "MaxPool", 3, 2)
    x = b.relu(b.conv(x, 1000, 1))
    x = b.add("GlobalAveragePool", [x], 1000)
    b.add("Flatten", [x], 1000)
    return b.model("networks")


def from_file(name, path):
    """A network from a file whose weights may have been left out: those are filled with random values."""
    proto = onnx.load(str(path), load_external_data=False)
    # What batch norms read must be positive where it is a variance, and near 1 where it is a factor.
    factors = {node.input[index] for node in proto.graph.node if node.op_type == "BatchNormalization" for index in (1, 4)}
    for tensor in proto.graph.initializer:
        if tensor.data_location != TensorProto.EXTERNAL:
            continue
        shape = list(tensor.dims)
        if tensor.name in factors:
            values = generator(name, tensor.name).uniform(0.8, 1.2, shape).astype(numpy.float32)
        else:
            values = random_weight(shape, name, tensor.name)
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    return Model(name, "networks", proto)


def networks(folder: Path):
    """The networks of the target list, and the names of those whose file is not in `folder`."""
    found = [nasbench201_best(), resnet18(), mobilenet_v2(), squeezenet()]
    absent = []
    for name, file in (("DARTS (ImageNet)", "darts_imagenet.onnx"), ("NASNet-A mobile", "nasnet_a_mobile.onnx")):
        if (folder / file).is_file():
            found.append(from_file(name, folder / file))
        else:
            absent.append(name)
    return found, absent
