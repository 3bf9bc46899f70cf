"""Live peak of an ONNX model's node order: an implementation of its own, to check Tandem's against.

Bytes are counted per storage. A tensor written by a node, or fed, has a storage of its own, except that
  * the first output of a reshaping node (VIEW_TYPES) is another name of its first input's storage;
  * the first output of an element-wise node (IN_PLACE_TYPES) takes over the storage of its first input, in input
    order, that has the same type and number of bytes, fills its storage and is needed by nothing afterwards.
Weights (initializers, outputs of Constant nodes) cost nothing. A storage occupies memory from the step that
creates it (fed ones: from the first step) to the last step that reads any of its names (outputs of the model: to
the end), both included. The peak is the largest number of bytes occupied in any step.

    python3 live_peak.py MODEL.onnx [--order ORDER.json] [--no-views] [--no-inplace]
"""
import argparse
import json
from dataclasses import dataclass
from itertools import accumulate

import onnx

VIEW_TYPES = frozenset("Dropout Flatten Identity Reshape Squeeze Unsqueeze".split())
IN_PLACE_TYPES = frozenset(
    "Abs Add Ceil Celu Clip Div Elu Erf Exp Floor Gelu HardSigmoid HardSwish LeakyRelu Log Max Mean Min Mish Mul Neg "
    "PRelu Pow Reciprocal Relu Round Selu Sigmoid Softplus Softsign Sqrt Sub Sum Tanh".split())


@dataclass
class Storage:
    bytes: int
    first: int
    last: int
    kept: bool


class Timeline:
    """Bytes occupied in every step of an order (default: the file's) of the nodes that are not Constant."""

    def __init__(self, model, order=None, views=True, inplace=True):
        graph = model.graph
        constants = {name for node in graph.node if node.op_type == "Constant" for name in node.output}
        weights = constants.union(
            (tensor.name for tensor in graph.initializer), (s.values.name for s in graph.sparse_initializer))
        nodes = [node for node in graph.node if node.op_type != "Constant"]
        self.nodes = [nodes[index] for index in order] if order is not None else nodes
        if order is not None and sorted(order) != list(range(len(nodes))):
            raise ValueError("the order does not name every node once")
        self.types = self._types(graph)
        self.outputs = {value.name for value in graph.output} - weights

        last_read = {}
        for step, node in enumerate(self.nodes):
            for name in node.input:
                if name and name not in weights:
                    last_read[name] = step
        self.storages = []
        self.of = {}
        for value in graph.input:
            if value.name not in weights:
                self._create(value.name, 0, last_read)
        for step, node in enumerate(self.nodes):
            reads = [name for name in node.input if name and name not in weights]
            for name in reads:
                if name not in self.of:
                    raise ValueError(f"node '{node.name}' reads '{name}' before it is written")
            for position, name in enumerate(name for name in node.output if name):
                host = None
                if position == 0 and views and node.op_type in VIEW_TYPES and node.input:
                    host = self.of.get(node.input[0])
                elif position == 0 and inplace and node.op_type in IN_PLACE_TYPES:
                    host = next((self.of[r] for r in reads if self._may_overwrite(r, name, step)), None)
                if host is None:
                    self._create(name, step, last_read)
                else:
                    self.of[name] = host
                    host.last = max(host.last, step, last_read.get(name, step))
                    host.kept = host.kept or name in self.outputs

        change = [0] * (len(self.nodes) + 2)  # without nodes, what is fed still begins in step 0
        for storage in self.storages:
            change[storage.first] += storage.bytes
            end = len(self.nodes) if storage.kept else storage.last + 1
            change[end] -= storage.bytes
        self.bytes = list(accumulate(change))[: len(self.nodes)]
        self.peak = max(self.bytes, default=0)

    def _create(self, name, step, last_read):
        elements, width = self.types[name][1:]
        storage = Storage(elements * width, step, max(step, last_read.get(name, step)), name in self.outputs)
        self.storages.append(storage)
        self.of[name] = storage

    def _may_overwrite(self, source, result, step):
        host = self.of[source]
        elements, width = self.types[result][1:]
        same_type_and_size = self.types[source] == self.types[result]
        return same_type_and_size and host.bytes == elements * width and not host.kept and host.last <= step

    @staticmethod
    def _types(graph):
        types = {}
        for value in [*graph.value_info, *graph.input, *graph.output]:
            tensor = value.type.tensor_type
            if not tensor.HasField("shape") or not all(d.HasField("dim_value") for d in tensor.shape.dim):
                continue
            elements = 1
            for dimension in tensor.shape.dim:
                elements *= dimension.dim_value
            width = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type).itemsize
            types[value.name] = (tensor.elem_type, elements, width)
        return types


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--order", help="JSON list of indices into the nodes that are not Constant")
    parser.add_argument("--no-views", action="store_true")
    parser.add_argument("--no-inplace", action="store_true")
    arguments = parser.parse_args()
    order = None
    if arguments.order:
        with open(arguments.order) as file:
            order = json.load(file)
    model = onnx.load(arguments.model, load_external_data=False)
    print(Timeline(model, order, not arguments.no_views, not arguments.no_inplace).peak)


if __name__ == "__main__":
    main()
