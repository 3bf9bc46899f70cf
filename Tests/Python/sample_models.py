"""Writes ONNX models that are not Tandem's: small networks with weights, and the corner cases of the format.

    python3 sample_models.py FOLDER

FOLDER/networks gets models that pass onnx.checker and run; FOLDER/corners models that may be scheduled but are
hardly networks; FOLDER/refused models that cannot be planned. Every tensor has a static shape unless that is what is
refused. The same files come out of every call.
"""
import os
import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper


class Maker:
    """Nodes, weights and Constants, in the order in which they are added."""

    def __init__(self, seed=0):
        self.random = numpy.random.default_rng(seed)
        self.nodes = []
        self.initializers = []
        self.functions = []

    def weight(self, name, *shape, scale=0.3):
        values = (self.random.standard_normal(shape) * scale).astype(numpy.float32)
        self.initializers.append(numpy_helper.from_array(values, name))
        return name

    def values(self, name, values, dtype):
        self.initializers.append(numpy_helper.from_array(numpy.array(values, dtype), name))
        return name

    def constant(self, name, values, dtype=numpy.float32):
        value = numpy_helper.from_array(numpy.array(values, dtype))
        self.nodes.append(helper.make_node("Constant", [], [name], value=value))
        return name

    def node(self, kind, inputs, outputs, **attributes):
        outputs = [outputs] if isinstance(outputs, str) else outputs
        attributes.setdefault("name", f"{kind.lower()}.{len(self.nodes)}")
        self.nodes.append(helper.make_node(kind, inputs, outputs, **attributes))
        return outputs[0]

    def conv(self, x, y, channels_in, channels_out, kernel=3, **attributes):
        weight = self.weight(f"{y}.weight", channels_out, channels_in, kernel, kernel)
        attributes.setdefault("pads", [kernel // 2] * 4)
        return self.node("Conv", [x, weight, self.weight(f"{y}.bias", channels_out)], y, **attributes)

    def model(self, inputs, outputs, opset=17, ir_version=8, listed_weights=False):
        """Types of what lies between are inferred by onnx itself; outputs are names or (name, type) pairs."""
        values = [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in inputs]
        if listed_weights:
            values += [helper.make_tensor_value_info(w.name, w.data_type, list(w.dims)) for w in self.initializers]
        results = [helper.make_tensor_value_info(name, kind, None) for name, kind in outputs]
        graph = helper.make_graph(self.nodes, "sample", values, results, self.initializers)
        imports = [helper.make_opsetid("", opset)]
        if self.functions:
            imports.append(helper.make_opsetid("sample.functions", 1))
        model = helper.make_model(graph, opset_imports=imports, functions=self.functions, producer_name="sample")
        model.ir_version = ir_version
        return onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)


FLOAT = TensorProto.FLOAT


def image(*shape):
    return [("image", FLOAT, list(shape))]


def constants():
    m = Maker(1)
    m.conv("image", "a", 3, 8)
    m.constant("low", 0.0)
    m.constant("high", 6.0)
    m.node("Clip", ["a", "low", "high"], "b")
    m.conv("image", "c", 3, 8, kernel=1)
    m.constant("scale", numpy.linspace(0.5, 1.5, 8).reshape(1, 8, 1, 1))
    m.node("Mul", ["c", "scale"], "d")
    m.node("Add", ["b", "d"], "e")
    m.constant("shape", [1, 8 * 12 * 12], numpy.int64)
    m.node("Reshape", ["e", "shape"], "f")
    m.node("MatMul", ["f", m.weight("last", 8 * 12 * 12, 10)], "logits")
    return m.model(image(1, 3, 12, 12), [("logits", FLOAT)])


def optional_inputs():
    m = Maker(2)
    m.conv("image", "a", 3, 6)
    m.node("Clip", ["a", "", m.values("six", 6.0, numpy.float32)], "b")
    m.node("Resize", ["b", "", m.values("twice", [1, 1, 2, 2], numpy.float32)], "c", mode="nearest")
    m.node("Conv", ["c", m.weight("d.weight", 4, 6, 3, 3), ""], "d")
    m.node("Clip", ["d"], "e")
    m.node("Pad", ["e", m.values("border", [0, 0, 1, 1, 0, 0, 1, 1], numpy.int64), ""], "f")
    m.node("ReduceMean", ["f"], "logits", axes=[2, 3])
    return m.model(image(1, 3, 10, 10), [("logits", FLOAT)])


def several_outputs():
    m = Maker(3)
    m.conv("image", "a", 3, 12)
    m.node("Split", ["a", m.values("parts", [2, 6, 4], numpy.int64)], ["b", "c", "d"], axis=1)
    m.node("MaxPool", ["c"], ["e", "places"], kernel_shape=[2, 2], strides=[2, 2])
    m.node("Sigmoid", ["b"], "f")
    m.node("Dropout", ["d"], ["g", "mask"])
    m.node("Concat", ["g", "f"], "h", axis=1)
    m.node("GlobalAveragePool", ["h"], "i")
    m.node("Flatten", ["i"], "j")
    m.node("TopK", ["j", m.values("three", [3], numpy.int64)], ["best", "which"])
    m.node("Relu", ["f"], "k")
    return m.model(
        image(1, 3, 8, 8),
        [("e", FLOAT), ("best", FLOAT), ("which", TensorProto.INT64), ("places", TensorProto.INT64), ("f", FLOAT),
         ("k", FLOAT)])


def weights_among_inputs():
    m = Maker(4)
    m.conv("image", "a", 3, 4)
    m.node("Relu", ["a"], "b")
    m.conv("b", "c", 4, 4)
    m.node("Add", ["c", "b"], "d")
    m.node("Flatten", ["d"], "e")
    m.node("Gemm", ["e", m.weight("f.weight", 5, 4 * 36), m.weight("f.bias", 5)], "logits", transB=1)
    return m.model(image(1, 3, 6, 6), [("logits", FLOAT)], opset=9, ir_version=3, listed_weights=True)


def oldest_opset():
    m = Maker(5)
    m.conv("image", "a", 3, 8)
    statistics = [m.weight(f"b.{name}", 8) for name in ("scale", "shift", "mean")]
    m.values("b.variance", m.random.uniform(0.5, 1.5, 8), numpy.float32)
    m.node("BatchNormalization", ["a", *statistics, "b.variance"], "b")
    m.node("LeakyRelu", ["b"], "c", alpha=0.1)
    m.node("PRelu", ["b", m.weight("slope", 8, 1, 1)], "d")
    m.node("Sum", ["c", "d", "b"], "e")
    m.node("Dropout", ["e"], "f", ratio=0.5)
    m.node("AveragePool", ["f"], "g", kernel_shape=[2, 2], strides=[2, 2])
    m.node("Upsample", ["g"], "h", scales=[1.0, 1.0, 2.0, 2.0], mode="nearest")
    m.node("Sub", ["h", "e"], "logits")
    return m.model(image(1, 3, 8, 8), [("logits", FLOAT)], opset=7, ir_version=3, listed_weights=True)


def attention():
    m = Maker(6)
    for name in ("q", "k", "v"):
        m.node("MatMul", ["tokens", m.weight(f"{name}.weight", 16, 16)], f"{name}.flat")
        m.node("Reshape", [f"{name}.flat", m.constant(f"{name}.shape", [1, 9, 2, 8], numpy.int64)], f"{name}.heads")
        m.node("Transpose", [f"{name}.heads"], name, perm=[0, 2, 3, 1] if name == "k" else [0, 2, 1, 3])
    m.node("MatMul", ["q", "k"], "scores")
    m.node("Softmax", ["scores"], "shares", axis=-1)
    m.node("MatMul", ["shares", "v"], "mixed")
    m.node("Transpose", ["mixed"], "rows", perm=[0, 2, 1, 3])
    m.node("Reshape", ["rows", m.constant("flat", [1, 9, 16], numpy.int64)], "joined")
    m.node("Add", ["joined", "tokens"], "residual")
    m.node("LayerNormalization", ["residual", m.weight("gain", 16), m.weight("shift", 16)], "normal")
    m.node("Gelu", ["normal"], "wide")
    m.node("Gather", ["wide", m.values("first", 0, numpy.int64)], "class", axis=1)
    m.node("Gemm", ["class", m.weight("head", 16, 7)], "logits")
    return m.model([("tokens", FLOAT, [1, 9, 16])], [("logits", FLOAT)], opset=20, ir_version=9)


def mixed_types():
    m = Maker(7)
    m.conv("image", "a", 3, 4)
    m.node("Cast", ["a"], "half", to=TensorProto.FLOAT16)
    m.node("Cast", ["half"], "back", to=TensorProto.FLOAT)
    m.node("Greater", ["a", m.values("zero", 0.0, numpy.float32)], "mask")
    m.node("Where", ["mask", "back", "a"], "chosen")
    m.node("Cast", ["chosen"], "whole", to=TensorProto.INT32)
    m.node("Cast", ["whole"], "bytes", to=TensorProto.UINT8)
    m.node("Mul", ["whole", "whole"], "squares")
    m.node("ReduceSum", ["squares", m.values("axes", [2, 3], numpy.int64)], "sums", keepdims=0)
    m.node("Shape", ["chosen"], "extents")
    return m.model(
        image(1, 3, 7, 9),
        [("sums", TensorProto.INT32), ("bytes", TensorProto.UINT8), ("extents", TensorProto.INT64), ("chosen", FLOAT)])


def quantized():
    m = Maker(8)
    m.values("step", 0.05, numpy.float32)
    m.values("zero", 0, numpy.int8)
    m.node("QuantizeLinear", ["image", "step", "zero"], "q")
    m.node("DequantizeLinear", ["q", "step", "zero"], "x")
    m.conv("x", "a", 3, 8)
    m.node("Relu", ["a"], "b")
    m.node("QuantizeLinear", ["b", "step", "zero"], "c")
    m.node("DequantizeLinear", ["c", "step", "zero"], "d")
    m.conv("d", "e", 8, 8, group=1)
    m.node("Add", ["e", "d"], "f")
    m.node("GlobalMaxPool", ["f"], "g")
    m.node("Squeeze", ["g", m.values("spatial", [2, 3], numpy.int64)], "logits")
    return m.model(image(1, 3, 8, 8), [("logits", FLOAT)])


def skips():
    """An encoder and decoder; nodes without names."""
    m = Maker(9)
    m.conv("image", "a0", 3, 4, name="")
    m.node("Relu", ["a0"], "a", name="")
    m.conv("a", "b0", 4, 8, strides=[2, 2], name="")
    m.node("Relu", ["b0"], "b", name="")
    m.conv("b", "c0", 8, 16, strides=[2, 2], name="")
    m.node("Tanh", ["c0"], "c", name="")
    m.node("ConvTranspose", ["c", m.weight("up.weight", 16, 8, 2, 2)], "d", strides=[2, 2], name="")
    m.node("Concat", ["d", "b"], "e", axis=1, name="")
    m.conv("e", "f", 16, 4, name="")
    m.node("DepthToSpace", ["f"], "g", blocksize=2, name="")
    m.node("Concat", ["g", "a", "image"], "h", axis=-3, name="")
    m.conv("h", "mask", 8, 2, kernel=1, name="")
    return m.model(image(1, 3, 16, 16), [("mask", FLOAT)])


def recurrent():
    m = Maker(10)
    m.node(
        "LSTM",
        ["steps", m.weight("w", 1, 24, 5), m.weight("r", 1, 24, 6), "", "", m.weight("h0", 1, 2, 6)],
        ["all", "last", "cell"], hidden_size=6)
    m.node("GRU", ["steps", m.weight("gw", 1, 12, 5), m.weight("gr", 1, 12, 4)], ["", "gated"], hidden_size=4)
    m.node("Concat", ["last", "cell", "gated"], "state", axis=2)
    m.node("Squeeze", ["all", m.values("axis", [1], numpy.int64)], "sequence")
    return m.model([("steps", FLOAT, [7, 2, 5])], [("state", FLOAT), ("sequence", FLOAT)], opset=14)


def names():
    """Names that are empty, or need care wherever they are printed."""
    m = Maker(11)
    m.conv("image", "a b", 3, 4, name="name_2")
    m.node("Relu", ["a b"], "'quoted'\"", name="\u202eleft")
    m.node("Neg", ["a b"], "größe/漢字", name="name")
    m.node("Abs", ["größe/漢字"], "tab\there", name="")
    m.node("Add", ["'quoted'\"", "tab\there"], "line\nbreak", name="x" * 200)
    m.node("Identity", ["line\nbreak"], "\\", name="\\")
    return m.model(image(1, 3, 5, 5), [("\\", FLOAT)])


def weights_alone():
    """Operators that read nothing but weights, and an input that nobody reads."""
    m = Maker(12)
    m.node("Mul", [m.weight("left", 8, 3, 1, 1), m.weight("right", 1, 3, 1, 1)], "kernel")
    m.node("ConstantOfShape", [m.values("extent", [8], numpy.int64)], "bias")
    m.node("Cos", ["bias"], "offset")
    m.node("Conv", ["image", "kernel", "offset"], "a")
    m.node("HardSigmoid", ["a"], "logits")
    return m.model(image(1, 3, 6, 6) + [("unused", FLOAT, [1, 100])], [("logits", FLOAT)])


def functions():
    m = Maker(13)
    body = [helper.make_node("Sigmoid", ["x"], ["s"]), helper.make_node("Mul", ["x", "s"], ["y"])]
    m.functions.append(
        helper.make_function("sample.functions", "Swish", ["x"], ["y"], body, [helper.make_opsetid("", 17)]))
    m.conv("image", "a", 3, 6)
    m.node("Swish", ["a"], "b", domain="sample.functions")
    m.conv("b", "c", 6, 6)
    m.node("Swish", ["c"], "d", domain="sample.functions")
    m.node("Sum", ["b", "d", "a"], "logits")
    return m.model(image(1, 3, 6, 6), [("logits", FLOAT)])


def tangle(seed):
    """Sixty operators wired at random over several widths, where the order decides the peak."""
    m = Maker(seed)
    tensors = [("image", 4)]
    for index in range(60):
        name = f"t{index}"
        x, width = tensors[m.random.integers(max(0, len(tensors) - 6), len(tensors))]
        kind = m.random.integers(0, 5)
        same = [other for other, size in tensors if size == width]
        if kind <= 1:
            wider = int(m.random.choice([1, 2, 4, 8, 16]))
            m.conv(x, name, width, wider, kernel=1)
            width = wider
        elif kind == 2:
            m.node(str(m.random.choice(["Relu", "Tanh", "Neg", "Softplus"])), [x], name)
        elif kind == 3:
            m.node("Add", [x, same[m.random.integers(len(same))]], name)
        else:
            other, more = tensors[m.random.integers(len(tensors))]
            m.node("Concat", [x, other], f"{name}.joined", axis=1)
            m.conv(f"{name}.joined", name, width + more, width, kernel=1)
        tensors.append((name, width))
    read = {name for node in m.nodes for name in node.input}
    outputs = [(name, FLOAT) for name, _ in tensors[1:] if name not in read]
    return m.model(image(1, 4, 6, 6), outputs)


def single(kind="Relu", inputs=("image",), **attributes):
    m = Maker()
    m.node(kind, list(inputs), "result", **attributes)
    return m.model(image(1, 2, 3, 4), [("result", FLOAT)])


def bare(inputs, outputs, nodes=(), weights=()):
    graph = helper.make_graph(
        list(nodes), "bare", [helper.make_tensor_value_info(*value) for value in inputs],
        [helper.make_tensor_value_info(*value) for value in outputs], list(weights))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return model


def corner_models():
    picture = [("image", FLOAT, [1, 2])]
    value = numpy_helper.from_array(numpy.ones([2, 3], numpy.float32), "weight")
    constant = helper.make_node("Constant", [], ["result"], value=value)
    unknown = [
        helper.make_node("FancyAttention", ["image"], ["a", "b"], domain="com.example", name="fancy"),
        helper.make_node("Another", ["b", "a"], ["result"], domain="com.example")]
    custom = bare(
        [("image", FLOAT, [1, 4])], [("result", FLOAT, [3])], unknown)
    custom.graph.value_info.extend(
        [helper.make_tensor_value_info(name, FLOAT, [size]) for name, size in [("a", 8), ("b", 16)]])
    custom.opset_import.append(helper.make_opsetid("com.example", 1))
    # ONNX Runtime wants names to differ, ONNX does not.
    repeated = bare(picture, [("result", FLOAT, [1, 2])], [
        helper.make_node("Relu", ["image"], ["a"], name="same"),
        helper.make_node("Abs", ["a"], ["b"], name="same_2"),
        helper.make_node("Neg", ["b"], ["result"], name="same")])
    repeated.graph.value_info.extend([helper.make_tensor_value_info(name, FLOAT, [1, 2]) for name in "ab"])
    return {
        "repeated-names": repeated,
        "input-is-output": bare([("image", FLOAT, [1, 3])], [("image", FLOAT, [1, 3])]),
        "single-node": single(),
        "single-constant": bare([], [("result", FLOAT, [2, 3])], [constant]),
        "constant-and-input": bare([("image", FLOAT, [5])], [("result", FLOAT, [2, 3])], [constant]),
        "weight-is-output": bare([("image", FLOAT, [5])], [("weight", FLOAT, [2, 3])], weights=[value]),
        "unknown-operators": custom,
        "scalar": bare([("x", FLOAT, [])], [("y", FLOAT, [])], [helper.make_node("Neg", ["x"], ["y"])]),
    }


def refused_models():
    def body(inputs, outputs):
        return bare(inputs, outputs, [helper.make_node("Identity", ["inner"], ["passed"])]).graph

    inner = [("inner", FLOAT, [1, 2, 3, 4])]
    passed = [("passed", FLOAT, [1, 2, 3, 4])]
    branch = helper.make_graph(
        [helper.make_node("Identity", ["image"], ["passed"])], "branch", [],
        [helper.make_tensor_value_info(*passed[0])])
    result = [("result", FLOAT, [1, 2, 3, 4])]
    picture = [("image", FLOAT, [1, 2, 3, 4])]
    condition = ("condition", TensorProto.BOOL, [])
    count = ("count", TensorProto.INT64, [])
    zero = single()
    zero.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 0
    dynamic = single()
    dynamic.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    cycle = bare(picture, result, [
        helper.make_node("Add", ["image", "result"], ["a"], name="first"),
        helper.make_node("Relu", ["a"], ["result"], name="second")])
    cycle.graph.value_info.append(helper.make_tensor_value_info("a", FLOAT, [1, 2, 3, 4]))
    return {
        "if": bare(picture + [condition], result, [
            helper.make_node("If", ["condition"], ["result"], name="choice", then_branch=branch, else_branch=branch)]),
        "loop": bare(picture + [count, condition], result, [
            helper.make_node("Loop", ["count", "condition", "image"], ["result"], name="repeated", body=body(
                [("i", TensorProto.INT64, []), ("go", TensorProto.BOOL, [])] + inner,
                [("go", TensorProto.BOOL, [])] + passed))]),
        "scan": bare(picture, result, [
            helper.make_node("Scan", ["image"], ["result"], name="scanned", body=body(inner, passed),
                             num_scan_inputs=1)]),
        "zero-extent": zero,
        "dynamic": dynamic,
        "cycle": cycle,
        "no-outputs": bare(picture, [], [helper.make_node("Relu", ["image"], ["result"])]),
    }


def main():
    networks = {
        make.__name__.replace("_", "-"): make()
        for make in (constants, optional_inputs, several_outputs, weights_among_inputs, oldest_opset, attention,
                     mixed_types, quantized, skips, recurrent, names, weights_alone, functions)}
    networks.update({f"tangle-{seed}": tangle(seed) for seed in (21, 22, 23)})
    for model in networks.values():
        onnx.checker.check_model(model, full_check=True)
    kinds = {"networks": networks, "corners": corner_models(), "refused": refused_models()}
    for kind, models in kinds.items():
        folder = os.path.join(sys.argv[1], kind)
        os.makedirs(folder)
        for name, model in models.items():
            onnx.save(model, os.path.join(folder, f"{name}.onnx"))


if __name__ == "__main__":
    main()
