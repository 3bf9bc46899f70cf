"""Writes ONNX models of operators that Tandem runs, in every form in which tools write them.

    python3 execution_models.py FOLDER

FOLDER/NAME.onnx gets a model with weights, FOLDER/NAME.input.npy random values for its input and FOLDER/NAME.output.npy
what ONNX Runtime computes of them. Every model has one input and one output. The same files come out of every call.
"""
import os
import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

from reference_outputs import compute
from sample_models import FLOAT, Maker, image

INT64 = numpy.int64


def convolve(m, x, y, channels_in, channels_out, kernel=3, **attributes):
    """A convolution with a bias that states only the attributes given."""
    weight = m.weight(f"{y}.weight", channels_out, channels_in, kernel, kernel)
    return m.node("Conv", [x, weight, m.weight(f"{y}.bias", channels_out)], y, **attributes)


def windows():
    """Convolutions with every way of padding, strides, dilations, groups."""
    m = Maker(31)
    convolve(m, "image", "a", 3, 6, auto_pad="SAME_UPPER", strides=[2, 2])
    convolve(m, "a", "b", 6, 6, kernel=2, auto_pad="SAME_LOWER")
    m.node("Conv", ["b", m.weight("c.weight", 4, 3, 3, 2)], "c", group=2, pads=[2, 0, 1, 1], dilations=[2, 1])
    convolve(m, "c", "d", 4, 5, auto_pad="VALID")
    convolve(m, "d", "logits", 5, 3, kernel=1, auto_pad="NOTSET", strides=[1, 2])
    return m.model(image(1, 3, 15, 14), [("logits", FLOAT)])


def pools():
    m = Maker(32)
    branches = []
    for name, kind, attributes in [
        ("a", "MaxPool", dict(kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)),
        ("b", "AveragePool", dict(kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)),
        ("c", "MaxPool", dict(kernel_shape=[3, 2], strides=[2, 2], auto_pad="SAME_UPPER")),
        ("d", "AveragePool", dict(kernel_shape=[2, 3], strides=[2, 2], auto_pad="SAME_LOWER")),
        ("e", "AveragePool", dict(kernel_shape=[3, 3], strides=[2, 2], pads=[0, 1, 1, 0], count_include_pad=1)),
        ("f", "AveragePool", dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1, 0, 0, 1])),
        ("g", "MaxPool", dict(kernel_shape=[2, 2], strides=[2, 2], dilations=[2, 1], pads=[1, 0, 1, 0])),
    ]:
        m.node(kind, ["image"], name, **attributes)
        m.node("GlobalMaxPool" if name in "ace" else "GlobalAveragePool", [name], f"{name}.pooled")
        branches.append(f"{name}.pooled")
    m.node("Concat", branches, "joined", axis=-3)
    m.node("Flatten", ["joined"], "logits")
    return m.model(image(1, 4, 10, 10), [("logits", FLOAT)])


def means():
    """Means in the newer form; what has no batch norm to fold into a convolution."""
    m = Maker(33)
    m.node("ReduceMean", ["image", m.values("axes", [-1, 2], INT64)], "a", keepdims=1)
    m.node("ReduceMean", ["image", m.values("axes.2", [2, 3], INT64)], "b", keepdims=0)
    m.node("Squeeze", ["a", m.values("spatial", [2, 3], INT64)], "a.flat")
    m.node("Add", ["a.flat", "b"], "logits")
    return m.model(image(2, 4, 5, 7), [("logits", FLOAT)], opset=18)


def means_by_attribute():
    m = Maker(34)
    m.node("ReduceMean", ["image"], "a", axes=[2, 3])
    m.node("Reshape", ["a", m.values("shape", [0, -1], INT64)], "logits")
    return m.model(image(1, 4, 5, 7), [("logits", FLOAT)], opset=13)


def normalisation():
    """Batch norms that fold and one that does not, weights shared by two layers, arithmetic with constants."""
    m = Maker(35)
    m.weight("shared", 4, 4, 3, 3)

    def norm(x, y, index):
        names = [m.weight(f"norm{index}.{part}", 4) for part in ("scale", "shift", "mean")]
        variance = m.values(f"norm{index}.variance", m.random.uniform(0.5, 2, 4), numpy.float32)
        m.node("BatchNormalization", [x, *names, variance], y, epsilon=0.01)

    norm("image", "a", 0)
    for index, (x, y) in enumerate([("a", "b"), ("b", "c")], start=1):
        m.node("Conv", [x, "shared"], f"{y}.linear", pads=[1] * 4, name=f"layer{index}")
        norm(f"{y}.linear", f"{y}.normal", index)
        m.node("Relu", [f"{y}.normal"], y)
    m.node("Mul", ["c", m.constant("half", 0.5)], "d")
    m.node("Add", [m.weight("offset", 4, 1, 1), "d"], "e")
    m.node("Sub", [m.constant("one", [1.0]), "e"], "f")
    m.node("Sub", ["f", m.weight("other", 1, 4, 1, 1)], "g")
    m.node("Div", ["g", m.values("divisor", [[[2.0]], [[3.0]], [[4.0]], [[5.0]]], numpy.float32)], "h")
    m.node("Clip", ["h", m.constant("zero", 0.0)], "i")
    m.node("Sum", ["i", "a", "c"], "j")
    m.node("Dropout", ["j"], ["k"])
    m.node("Sum", ["k"], "logits")
    return m.model(image(1, 4, 6, 6), [("logits", FLOAT)])


def layers():
    """Every way of writing a fully connected layer, on two rows."""
    m = Maker(36)
    m.node("Flatten", ["image"], "x")
    m.node("Gemm", ["x", m.weight("w1", 24, 8), m.weight("b1", 1, 8)], "a", alpha=0.5, beta=2.0)
    m.node("Relu", ["a"], "b")
    m.node("MatMul", ["b", m.weight("w2", 8, 6)], "c")
    m.node("Add", [m.weight("b2", 6), "c"], "d")
    m.node("Gemm", ["d", m.weight("w3", 5, 6)], "e", transB=1)
    m.node("Gemm", ["e", m.weight("w4", 5, 4), m.constant("b4", 0.25)], "f")
    m.node("MatMul", ["f", m.weight("w5", 4, 4)], "g")
    m.node("Add", ["g", "f"], "h")
    m.node("MatMul", ["h", m.weight("w6", 4, 2)], "i")
    m.node("Identity", ["i"], "logits")
    return m.model(image(2, 6, 2, 2), [("logits", FLOAT)])


def padding():
    """Pads that become the padding of what reads them, and one that cannot."""
    m = Maker(37)
    amounts = m.values("amounts", [0, 0, 1, 2, 0, 0, 2, 1], INT64)
    lowest = m.values("lowest", -numpy.inf, numpy.float32)
    m.node("Pad", ["image", amounts], "a")
    m.conv("a", "b", 4, 4, pads=[0, 1, 0, 1])
    m.node("AveragePool", ["a"], "c", kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    m.node("AveragePool", ["a"], "d", kernel_shape=[3, 3])
    m.node("AveragePool", ["a"], "d2", kernel_shape=[4, 4], pads=[1, 1, 1, 1], count_include_pad=1)
    m.node("Pad", ["image", amounts, lowest], "e")
    m.node("MaxPool", ["e"], "f", kernel_shape=[3, 3])
    m.node("Pad", ["b", m.values("crop", [0, 0, 0, -1, 0, 0, -2, 3], INT64)], "g")
    pooled = []
    for name in ("b", "c", "d", "d2", "f", "g"):
        pooled.append(m.node("GlobalMaxPool", [name], f"{name}.pooled"))
    m.node("Concat", pooled, "joined", axis=1)
    m.node("Flatten", ["joined"], "logits")
    return m.model(image(1, 4, 8, 7), [("logits", FLOAT)])


def padding_of_axes():
    m = Maker(38)
    m.node("Pad", ["image", m.values("amounts", [1, 2, 3, 0], INT64), "", m.values("axes", [-1, 2], INT64)], "logits")
    return m.model(image(1, 2, 3, 4), [("logits", FLOAT)], opset=18)


def cutting():
    m = Maker(39)
    m.node("Pad", ["image"], "a", pads=[0, 0, 0, 0, 0, 0, 1, 1])
    m.node("Slice", ["a", m.values("starts", [0, 0, 1, 1], INT64), m.values("ends", [2**31 - 1] * 4, INT64),
                     m.values("axes", [0, 1, 2, 3], INT64)], "b")
    m.node("Slice", ["b", m.values("starts.2", [1, -5], INT64), m.values("ends.2", [-1, 7], INT64),
                     m.values("axes.2", [3, 2], INT64), m.values("steps.2", [2, 1], INT64)], "c")
    m.node("Relu", ["c"], "d")
    m.node("Slice", ["d", m.values("starts.3", [0], INT64), m.values("ends.3", [99], INT64),
                     m.values("axes.3", [-1], INT64)], "logits")
    return m.model(image(1, 3, 7, 9), [("logits", FLOAT)], opset=10, ir_version=5)


def typed_fields():
    """Weights in float_data and as lists of Constant nodes; names that clash with those Tandem makes."""
    m = Maker(40)
    m.conv("image", "conv.weight", 2, 3, name="conv")
    m.node("Constant", [], ["factors"], value_floats=[1.5])
    m.node("Constant", [], ["summand"], value_float=0.25)
    m.node("Mul", ["conv.weight", "factors"], "conv.bias")
    m.node("Add", ["conv.bias", "summand"], "sum")
    m.node("Conv", ["sum", m.weight("w", 3, 3, 1, 1)], "linear", name="linear")
    m.node("Identity", ["linear"], "linear.bias", name="conv.weight")
    m.node("Add", ["linear.bias", m.weight("offset", 3, 1, 1)], "logits")
    for tensor in m.initializers:
        if tensor.data_type == TensorProto.FLOAT:
            values = numpy_helper.to_array(tensor)
            tensor.CopyFrom(helper.make_tensor(tensor.name, FLOAT, values.shape, values.ravel().tolist()))
    return m.model(image(1, 2, 4, 4), [("logits", FLOAT)])


def functions():
    """Functions of each element, those that files spell out, and products with one factor per channel."""
    m = Maker(41)
    m.conv("image", "a", 3, 4)
    m.node("Clip", ["a", m.constant("zero", 0.0), m.constant("six", 6.0)], "b")
    m.node("HardSigmoid", ["b"], "c.factor", alpha=1 / 6)
    m.node("Mul", ["c.factor", "b"], "c")
    m.node("Sigmoid", ["c"], "d.factor")
    m.node("Mul", ["c", "d.factor"], "d")
    m.node("HardSwish", ["d"], "e")
    m.node("LeakyRelu", ["e"], "f", alpha=0.25)
    m.node("Div", ["f", m.constant("root", 1.4142135)], "g.scaled")
    m.node("Erf", ["g.scaled"], "g.erf")
    m.node("Add", ["g.erf", m.constant("one", 1.0)], "g.sum")
    m.node("Mul", ["f", "g.sum"], "g.product")
    m.node("Mul", ["g.product", m.constant("half", 0.5)], "g")
    m.node("Clip", ["g", "", m.constant("two", 2.0)], "h")
    m.node("ReduceMean", ["h"], "i.pooled", axes=[-1, -2])
    m.conv("i.pooled", "i.linear", 4, 4, kernel=1)
    m.node("Sigmoid", ["i.linear"], "i.factor")
    m.node("Mul", ["h", "i.factor"], "i")
    m.node("Sub", ["i.factor", "i"], "j")
    m.node("Div", ["j", m.values("row", [1.0, 2.0, 3.0, 4.0, 5.0], numpy.float32)], "k")
    m.node("Sigmoid", ["k"], "l")
    m.node("Mul", ["k", "l"], "m")
    m.node("Add", ["m", "l"], "n")
    m.node("HardSigmoid", ["n"], "o")
    m.node("Erf", ["o"], "logits")
    return m.model(image(1, 3, 6, 5), [("logits", FLOAT)])


def gelu():
    m = Maker(42)
    m.node("Gelu", ["image"], "a")
    m.node("ReduceMean", ["a", m.values("axes", [1], INT64)], "logits", keepdims=0)
    return m.model(image(2, 3, 4, 5), [("logits", FLOAT)], opset=20)


def movement():
    """Channels shuffled, split, cut out, gathered and joined with constants."""
    m = Maker(43)
    m.node("Reshape", ["image", m.values("groups", [0, 2, 3, 5, 4], INT64)], "a")
    m.node("Transpose", ["a"], "b", perm=[0, 2, 1, 3, 4])
    m.node("Reshape", ["b", m.values("whole", [1, 6, 5, 4], INT64)], "c")
    m.node("Split", ["c", m.values("sizes", [1, 3, 2], INT64)], ["d", "e", "f"], axis=-3)
    m.node("Slice", ["e", m.values("starts", [1, -4], INT64), m.values("ends", [3, 2**40], INT64),
                     m.values("axes", [1, 2], INT64), m.values("steps", [1, 2], INT64)], "g")
    m.node("Gather", ["f", m.values("rows", [3, -5, 3], INT64)], "h", axis=2)
    m.node("Gather", ["d", m.values("pair", [1, 2], INT64)], "i", axis=-2)
    m.node("Gather", ["c", m.values("one", -1, INT64)], "j", axis=1)
    m.node("Transpose", ["j"], "k")
    m.node("Pad", ["h", m.values("amounts", [0, 1, 0, 0, 0, 0, -1, 0], INT64), m.values("edge", 2.5, numpy.float32)], "l")
    m.node("Concat", ["g", m.weight("constant", 1, 1, 2, 4), "i", "l"], "m", axis=1)
    m.node("Unsqueeze", ["k", m.values("first", [0], INT64)], "n")
    m.node("Transpose", ["n"], "o", perm=[0, 2, 1, 3])
    m.node("ReduceMean", ["o"], "p", axes=[0, 1], keepdims=0)
    m.node("ReduceMean", ["m"], "q", axes=[1], keepdims=1)
    m.node("Add", ["p", "p"], "r")
    m.node("ReduceMean", ["r"], "s")
    m.node("Mul", ["q", "s"], "logits")
    return m.model(image(1, 6, 5, 4), [("logits", FLOAT)])


def attention():
    """Rows of features: normalised, projected, multiplied with each other."""
    m = Maker(44)
    m.node("LayerNormalization", ["image", m.weight("scale", 12), m.weight("shift", 12)], "a", epsilon=0.01)
    m.node("MatMul", ["a", m.weight("w1", 12, 12)], "b.product")
    m.node("Add", [m.weight("b1", 12), "b.product"], "b")
    m.node("Reshape", ["b", m.values("heads", [2, 7, 3, 4], INT64)], "c")
    m.node("Transpose", ["c"], "d", perm=[0, 2, 1, 3])
    m.node("Transpose", ["c"], "e", perm=[0, 2, 3, 1])
    m.node("Mul", ["d", m.constant("factor", 0.5)], "f")
    m.node("MatMul", ["f", "e"], "g")
    m.node("Softmax", ["g"], "h")
    m.node("MatMul", ["h", "d"], "i")
    m.node("MatMul", [m.weight("w2", 3, 7, 7), "i"], "j")
    m.node("Softmax", ["j"], "k", axis=1)
    m.node("LayerNormalization", ["k", m.weight("scale.2", 7, 4)], "logits", axis=-2)
    return m.model([("image", FLOAT, [2, 7, 12])], [("logits", FLOAT)])


def resizing():
    """Every way of rounding and of placing pixels, up and down, by scales and by sizes."""
    m = Maker(45)
    branches = []
    modes = [("nearest", c, n) for c in ("asymmetric", "half_pixel", "pytorch_half_pixel", "align_corners")
             for n in ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil")]
    modes += [("linear", c, "floor") for c in ("asymmetric", "half_pixel", "pytorch_half_pixel", "align_corners")]
    for index, (mode, coordinates, nearest) in enumerate(modes):
        scales = [2.0, 2.0] if index % 3 else [1.5, 0.6]
        inputs = ["image", "", m.values(f"scales{index}", [1, 1] + scales, numpy.float32)]
        if index % 4 == 3:
            inputs = ["image", "", "", m.values(f"sizes{index}", [1, 2, 9, 3], INT64)]
        m.node("Resize", inputs, f"r{index}", mode=mode, coordinate_transformation_mode=coordinates,
               nearest_mode=nearest)
        m.node("ReduceMean", [f"r{index}"], f"m{index}", axes=[3])
        m.node("Slice", [f"m{index}", m.values(f"starts{index}", [0], INT64), m.values(f"ends{index}", [6], INT64),
                         m.values(f"axes{index}", [2], INT64)], f"b{index}")
        branches.append(f"b{index}")
    m.node("Concat", branches, "logits", axis=1)
    return m.model(image(1, 2, 5, 6), [("logits", FLOAT)])


def resizing_of_old():
    m = Maker(46)
    m.node("Resize", ["image", m.values("scales", [1, 1, 2, 3], numpy.float32)], "a", mode="nearest")
    m.node("Resize", ["a", m.values("halves", [1, 1, 0.5, 0.5], numpy.float32)], "logits", mode="linear")
    return m.model(image(1, 2, 4, 5), [("logits", FLOAT)], opset=10, ir_version=5)


def main():
    folder = sys.argv[1]
    for make in (windows, pools, means, means_by_attribute, normalisation, layers, padding, padding_of_axes, cutting,
                 typed_fields, functions, gelu, movement, attention, resizing, resizing_of_old):
        model = make()
        onnx.checker.check_model(model, full_check=True)
        stem = os.path.join(folder, make.__name__)
        onnx.save(model, f"{stem}.onnx")
        compute(f"{stem}.onnx", f"{stem}.input.npy", f"{stem}.output.npy", seed=1)


if __name__ == "__main__":
    main()
