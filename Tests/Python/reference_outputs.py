"""Runs models in ONNX Runtime on random input: the argument names a JSON list of {model, input, output}. Each input
file (.npy) is written with values for the model's only input, each output file with its only output."""
import json
import sys

import numpy

from check_bundle import session


def compute(model, input_file, output_file, seed):
    runtime = session(model, "none")
    (entry,) = runtime.get_inputs()
    values = numpy.random.default_rng(seed).standard_normal(entry.shape).astype(numpy.float32)
    numpy.save(input_file, values)
    (result,) = runtime.run(None, {entry.name: values})
    numpy.save(output_file, result)


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        for index, job in enumerate(json.load(file)):
            compute(job["model"], job["input"], job["output"], seed=index)
