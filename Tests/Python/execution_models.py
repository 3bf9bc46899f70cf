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


def main():
    folder = sys.argv[1]
    for make in (windows, pools, means, means_by_attribute, normalisation, layers, padding, padding_of_axes, cutting,
                 typed_fields):
        model = make()
        onnx.checker.check_model(model, full_check=True)
        stem = os.path.join(folder, make.__name__)
        onnx.save(model, f"{stem}.onnx")
        compute(f"{stem}.onnx", f"{stem}.input.npy", f"{stem}.output.npy", seed=1)


if __name__ == "__main__":
    main()
