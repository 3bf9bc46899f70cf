"""ONNX models as TensorFlow Lite files, for the operators that the measured models have.

LiteRT keeps images as NHWC; the file's input and output are in that layout.
"""

import flatbuffers
import numpy
from ai_edge_litert import schema_py_generated as schema
from onnx import numpy_helper

from models import attributes, shape_of

BUILTIN = schema.BuiltinOperator
ACTIVATION = schema.ActivationFunctionType


class NotConvertible(Exception):
    """What the writer has no equal of."""


def tflite_file(model):
    """The bytes of a .tflite file that computes what an ONNX model computes."""
    return Writer(model.proto.graph).file()


class Writer:
    def __init__(self, graph):
        self.graph = graph
        self.constants = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
        self.readers = {}
        for node in graph.node:
            for name in node.input:
                self.readers[name] = self.readers.get(name, 0) + 1
        self.producers = {node.output[0]: node for node in graph.node}
        self.buffers, self.tensors, self.operators, self.codes = [schema.BufferT()], [], [], []
        self.shapes, self.places = {}, {}

    def file(self):
        name = self.graph.input[0].name
        batch, channels, height, width = shape_of(self.graph.input[0])
        first = self.places[name] = self.tensor([batch, height, width, channels])
        for node in self.graph.node:
            convert = getattr(self, node.op_type.lower(), None)
            if convert is None:
                raise NotConvertible(f"no equal of {node.op_type}")
            self.places[node.output[0]] = convert(node, attributes(node))
        subgraph = schema.SubGraphT()
        subgraph.tensors, subgraph.operators = self.tensors, self.operators
        subgraph.inputs, subgraph.outputs = [first], [self.places[self.graph.output[0].name]]
        model = schema.ModelT()
        model.version, model.subgraphs, model.buffers = 3, [subgraph], self.buffers
        model.operatorCodes = []
        for code in self.codes:
            entry = schema.OperatorCodeT()
            entry.builtinCode, entry.deprecatedBuiltinCode, entry.version = code, min(code, 127), 1
            model.operatorCodes.append(entry)
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    # Tensors and operators

    def tensor(self, shape, values=None):
        entry = schema.TensorT()
        entry.shape, entry.type, entry.name = list(shape), schema.TensorType.FLOAT32, f"t{len(self.tensors)}"
        entry.buffer = 0
        if values is not None:
            if values.dtype == numpy.int32:
                entry.type = schema.TensorType.INT32
            buffer = schema.BufferT()
            buffer.data = numpy.frombuffer(numpy.ascontiguousarray(values).tobytes(), numpy.uint8)
            entry.buffer = len(self.buffers)
            self.buffers.append(buffer)
        self.tensors.append(entry)
        self.shapes[len(self.tensors) - 1] = list(shape)
        return len(self.tensors) - 1

    def constant(self, values):
        return self.tensor(values.shape, values)

    def add_operator(self, code, inputs, shape, kind=None, options=None):
        if code not in self.codes:
            self.codes.append(code)
        output = self.tensor(shape)
        operator = schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = self.codes.index(code), inputs, [output]
        if options is not None:
            operator.builtinOptionsType, operator.builtinOptions = kind, options
        self.operators.append(operator)
        return output

    def window(self, node, options, kernel, pad_values):
        """The input, padded where TensorFlow's own rule pads otherwise; the padding; the output's height and width."""
        x = self.places[node.input[0]]
        batch, height, width, channels = self.shapes[x]
        pads, strides = options.get("pads", [0] * 4), options.get("strides", [1, 1])
        dilations = options.get("dilations", [1, 1])
        if options.get("ceil_mode", 0):
            raise NotConvertible("windows that begin inside and end outside of the image")
        if options.get("auto_pad", b"NOTSET") != b"NOTSET":
            raise NotConvertible("automatic padding")
        spans = [(extent - 1) * dilation + 1 for extent, dilation in zip(kernel, dilations)]
        before, after, sizes = pads[:2], pads[2:], [height, width]
        outputs = [(sizes[i] + before[i] + after[i] - spans[i]) // strides[i] + 1 for i in (0, 1)]
        if not any(pads):
            return x, schema.Padding.VALID, outputs
        same = True
        for i in (0, 1):
            total = max((outputs[i] - 1) * strides[i] + spans[i] - sizes[i], 0)
            same &= outputs[i] == -(-sizes[i] // strides[i])
            same &= (before[i], after[i]) == (total // 2, total - total // 2)
        if same:
            return x, schema.Padding.SAME, outputs
        if not pad_values:
            raise NotConvertible(f"the padding of {node.op_type}")
        return self.padded(x, before, after), schema.Padding.VALID, outputs

    def padded(self, x, before, after):
        batch, height, width, channels = self.shapes[x]
        amounts = self.constant(
            numpy.array([[0, 0], [before[0], after[0]], [before[1], after[1]], [0, 0]], numpy.int32))
        shape = [batch, height + before[0] + after[0], width + before[1] + after[1], channels]
        return self.add_operator(BUILTIN.PAD, [x, amounts], shape, schema.BuiltinOptions.PadOptions, schema.PadOptionsT())

    # ONNX operators

    def conv(self, node, options):
        weights = self.constants[node.input[1]]
        outputs, inputs, *kernel = weights.shape
        groups = options.get("group", 1)
        x, padding, sizes = self.window(node, options, kernel, pad_values=True)
        channels = self.shapes[x][3]
        bias = self.constants[node.input[2]] if len(node.input) > 2 else numpy.zeros(outputs, numpy.float32)
        if groups == 1:
            chosen, code = schema.Conv2DOptionsT(), BUILTIN.CONV_2D
            kind, weights = schema.BuiltinOptions.Conv2DOptions, weights.transpose(0, 2, 3, 1)
        elif groups == channels and inputs == 1:
            chosen, code = schema.DepthwiseConv2DOptionsT(), BUILTIN.DEPTHWISE_CONV_2D
            kind, weights = schema.BuiltinOptions.DepthwiseConv2DOptions, weights.transpose(1, 2, 3, 0)
            chosen.depthMultiplier = outputs // channels
        else:
            raise NotConvertible("a convolution of several groups")
        chosen.padding, (chosen.strideH, chosen.strideW) = padding, options.get("strides", [1, 1])
        chosen.dilationHFactor, chosen.dilationWFactor = options.get("dilations", [1, 1])
        return self.add_operator(
            code, [x, self.constant(weights), self.constant(bias)], [1, *sizes, outputs], kind, chosen)

    def pool(self, node, options, code, pad_values):
        chosen = schema.Pool2DOptionsT()
        kernel = options["kernel_shape"]
        x, chosen.padding, sizes = self.window(node, options, kernel, pad_values)
        chosen.filterHeight, chosen.filterWidth = kernel
        chosen.strideH, chosen.strideW = options.get("strides", [1, 1])
        return self.add_operator(
            code, [x], [1, *sizes, self.shapes[x][3]], schema.BuiltinOptions.Pool2DOptions, chosen)

    def maxpool(self, node, options):
        # A padding of zeros is none where no value is below zero.
        producer = self.producers.get(node.input[0])
        return self.pool(node, options, BUILTIN.MAX_POOL_2D, producer is not None and producer.op_type == "Relu")

    def averagepool(self, node, options):
        counted = bool(options.get("count_include_pad", 0))
        if counted and any(options.get("pads", [0])):
            raise NotConvertible("an average pool that counts its padding")
        return self.pool(node, options, BUILTIN.AVERAGE_POOL_2D, False)

    def activation(self, node, code, fused):
        """Fused into what computes the input where nothing else reads that, and where the runtime takes it."""
        x = self.places[node.input[0]]
        last = self.operators[-1] if self.operators else None
        if (
            last is not None and last.outputs == [x] and self.readers[node.input[0]] == 1
            and not isinstance(last.builtinOptions, schema.ConcatenationOptionsT)
            and getattr(last.builtinOptions, "fusedActivationFunction", None) == ACTIVATION.NONE
        ):
            last.builtinOptions.fusedActivationFunction = fused
            return x
        return self.add_operator(code, [x], self.shapes[x])

    def relu(self, node, options):
        return self.activation(node, BUILTIN.RELU, ACTIVATION.RELU)

    def clip(self, node, options):
        if [float(self.constants[name]) for name in node.input[1:]] != [0, 6]:
            raise NotConvertible("a Clip other than from 0 to 6")
        return self.activation(node, BUILTIN.RELU6, ACTIVATION.RELU6)

    def add(self, node, options):
        if any(name not in self.places for name in node.input):
            raise NotConvertible("an Add of a constant")
        x, y = (self.places[name] for name in node.input)
        return self.add_operator(
            BUILTIN.ADD, [x, y], self.shapes[x], schema.BuiltinOptions.AddOptions, schema.AddOptionsT())

    def batchnormalization(self, node, options):
        x = self.places[node.input[0]]
        scale, shift, mean, variance = (self.constants[name] for name in node.input[1:5])
        factor = (scale / numpy.sqrt(variance + options.get("epsilon", 1e-5))).astype(numpy.float32)
        term = (shift - mean * factor).astype(numpy.float32)
        scaled = self.add_operator(
            BUILTIN.MUL, [x, self.constant(factor)], self.shapes[x], schema.BuiltinOptions.MulOptions,
            schema.MulOptionsT())
        return self.add_operator(
            BUILTIN.ADD, [scaled, self.constant(term)], self.shapes[x], schema.BuiltinOptions.AddOptions,
            schema.AddOptionsT())

    def concat(self, node, options):
        if options["axis"] != 1:
            raise NotConvertible("a Concat of anything but channels")
        inputs = [self.places[name] for name in node.input]
        chosen = schema.ConcatenationOptionsT()
        chosen.axis = 3
        shape = self.shapes[inputs[0]][:3] + [sum(self.shapes[x][3] for x in inputs)]
        return self.add_operator(
            BUILTIN.CONCATENATION, inputs, shape, schema.BuiltinOptions.ConcatenationOptions, chosen)

    def globalaveragepool(self, node, options):
        x = self.places[node.input[0]]
        chosen = schema.ReducerOptionsT()
        chosen.keepDims = True
        axes = self.constant(numpy.array([1, 2], numpy.int32))
        shape = [1, 1, 1, self.shapes[x][3]]
        return self.add_operator(BUILTIN.MEAN, [x, axes], shape, schema.BuiltinOptions.ReducerOptions, chosen)

    def flatten(self, node, options):
        x = self.places[node.input[0]]
        if self.shapes[x][1:3] != [1, 1]:
            raise NotConvertible("flattening an image, whose order differs between layouts")
        shape = [1, self.shapes[x][3]]
        chosen = schema.ReshapeOptionsT()
        chosen.newShape = shape
        return self.add_operator(
            BUILTIN.RESHAPE, [x, self.constant(numpy.array(shape, numpy.int32))], shape,
            schema.BuiltinOptions.ReshapeOptions, chosen)

    def reshape(self, node, options):
        shape = self.constants.get(node.input[1])
        channels = self.shapes[self.places[node.input[0]]][-1]
        if shape is None or len(shape) != 2 or shape[0] not in (0, 1, -1) or shape[1] not in (channels, -1):
            raise NotConvertible("a Reshape other than flattening")
        return self.flatten(node, options)

    def gemm(self, node, options):
        if not options.get("transB") or options.get("transA") or {options.get("alpha", 1), options.get("beta", 1)} != {1}:
            raise NotConvertible("a Gemm other than a fully connected layer")
        x = self.places[node.input[0]]
        weights, bias = self.constants[node.input[1]], self.constants[node.input[2]]
        return self.add_operator(
            BUILTIN.FULLY_CONNECTED, [x, self.constant(weights), self.constant(bias)], [1, weights.shape[0]],
            schema.BuiltinOptions.FullyConnectedOptions, schema.FullyConnectedOptionsT())

    def pad(self, node, options):
        before, after = numpy.split(self.constants[node.input[1]], 2)
        value = float(self.constants[node.input[2]]) if len(node.input) > 2 and node.input[2] else 0
        if value != 0 or any(before[:2]) or any(after[:2]) or min(*before, *after) < 0 or len(before) != 4:
            raise NotConvertible("a Pad other than of zeros around an image")
        return self.padded(
            self.places[node.input[0]], [int(v) for v in before[2:]], [int(v) for v in after[2:]])

    def slice(self, node, options):
        x = self.places[node.input[0]]
        starts, ends, axes = (list(map(int, self.constants[name])) for name in node.input[1:4])
        steps = list(map(int, self.constants[node.input[4]])) if len(node.input) > 4 else [1] * len(axes)
        shape, begin, finish = list(self.shapes[x]), [0] * 4, list(self.shapes[x])
        for start, end, axis, step in zip(starts, ends, axes, steps):
            if step != 1 or axis not in (2, 3):
                raise NotConvertible("a Slice with steps or of channels")
            place = axis - 1
            begin[place], finish[place], _ = slice(start, end).indices(shape[place])
        sizes = [last - first for first, last in zip(begin, finish)]
        inputs = [x, self.constant(numpy.array(begin, numpy.int32)), self.constant(numpy.array(sizes, numpy.int32))]
        return self.add_operator(BUILTIN.SLICE, inputs, sizes, schema.BuiltinOptions.SliceOptions, schema.SliceOptionsT())
