"""The runtimes, each behind the same three calls: prepare a model, compute its output, time a number of runs.

Nothing is imported before an engine is asked for, so that one that is not installed is only absent.
"""

import importlib.metadata
from time import perf_counter_ns

import numpy


class Prepared:
    """A model that an engine has loaded, with an input in place: `call` runs it once."""

    def __init__(self, call, compute):
        self.call, self.compute = call, compute

    def time(self, runs):
        """The milliseconds of each run."""
        call, times = self.call, []
        for _ in range(runs):
            start = perf_counter_ns()
            call()
            times.append((perf_counter_ns() - start) * 1e-6)
        return times


class ONNXRuntime:
    name, package = "ONNX Runtime", "onnxruntime"
    settings = "CPU provider, sequential, all graph optimisations; input and output bound to fixed arrays"

    def __init__(self):
        import onnxruntime

        self.library = onnxruntime

    def prepare(self, model, threads, folder):
        options = self.library.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        session = self.library.InferenceSession(
            model.proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
        output = session.get_outputs()[0].name
        image = model.random_input()
        result = session.run([output], {model.input_name: image})[0]
        binding = session.io_binding()
        # The values own their memory, as long as the binding is held by the call.
        source = self.library.OrtValue.ortvalue_from_numpy(image)
        target = self.library.OrtValue.ortvalue_from_numpy(numpy.zeros_like(result))
        binding.bind_ortvalue_input(model.input_name, source)
        binding.bind_ortvalue_output(output, target)
        return Prepared(
            lambda: session.run_with_iobinding(binding),
            lambda values: session.run([output], {model.input_name: values})[0])


class OpenVINO:
    name, package = "OpenVINO", "openvino"
    settings = "CPU plugin, hint LATENCY, one stream, float32 (not bfloat16, which it would choose by itself)"

    def __init__(self):
        import openvino

        self.library = openvino
        self.core = openvino.Core()

    def prepare(self, model, threads, folder):
        path = folder / "model.onnx"
        path.write_bytes(model.proto.SerializeToString())
        compiled = self.core.compile_model(
            str(path), "CPU",
            {"PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": threads,
             "INFERENCE_PRECISION_HINT": "f32"})
        request = compiled.create_infer_request()
        request.set_input_tensor(self.library.Tensor(model.random_input()))

        def compute(values):
            fresh = compiled.create_infer_request()
            fresh.infer({0: values})
            return fresh.get_output_tensor().data.copy()

        return Prepared(lambda: request.infer(share_inputs=True, share_outputs=True), compute)


class PyTorch:
    name, package = "PyTorch", "torch"
    settings = (
        "inference mode, traced and frozen; the fastest in a short trial of three forms: channels-last, and "
        "optimize_for_inference with either layout; no torch.compile, which needs a C++ compiler"
    )

    def __init__(self):
        import torch
        import torch_network

        self.library, self.networks = torch, torch_network

    def prepare(self, model, threads, folder):
        torch = self.library
        # One setting for the process: all networks that are measured at once have the same.
        torch.set_num_threads(threads)
        plain = torch.from_numpy(model.random_input())
        image = plain.contiguous(memory_format=torch.channels_last)
        frozen, optimised = self.networks.traced(model, image)

        class Inference(Prepared):
            def time(self, runs):
                with torch.inference_mode():
                    return super().time(runs)

        def prepared(network, image, layout):
            def compute(values):
                with torch.inference_mode():
                    return network(torch.from_numpy(values).contiguous(memory_format=layout)).contiguous().numpy()

            return Inference(lambda: network(image), compute)

        forms = [
            prepared(frozen, image, torch.channels_last), prepared(optimised, image, torch.channels_last),
            prepared(optimised, plain, torch.contiguous_format)]
        # The first runs specialise the code to the shapes.
        return min(forms, key=lambda form: min(form.time(6)[2:]))


class LiteRT:
    name, package = "XNNPACK (LiteRT)", "ai-edge-litert"
    settings = "the interpreter's own XNNPACK delegate; NHWC input in place, and read where it is left"

    def __init__(self):
        import tflite_writer
        from ai_edge_litert.interpreter import Interpreter

        self.interpreter, self.writer = Interpreter, tflite_writer

    def prepare(self, model, threads, folder):
        interpreter = self.interpreter(model_content=self.writer.tflite_file(model), num_threads=threads)
        interpreter.allocate_tensors()
        source, target = (details[0]["index"] for details in (
            interpreter.get_input_details(), interpreter.get_output_details()))

        def compute(values):
            interpreter.set_tensor(source, numpy.ascontiguousarray(values.transpose(0, 2, 3, 1)))
            interpreter.invoke()
            result = interpreter.get_tensor(target)
            return result.transpose(0, 3, 1, 2) if result.ndim == 4 else result

        compute(model.random_input())
        return Prepared(interpreter.invoke, compute)


PEERS = [ONNXRuntime, OpenVINO, PyTorch, LiteRT]


def load_peers():
    """The peers that can be imported, and for the others why not."""
    found, absent = [], {}
    for peer in PEERS:
        try:
            found.append(peer())
        except (ImportError, OSError) as error:
            absent[peer.name] = str(error).splitlines()[0]
    return found, absent


def version(peer):
    return importlib.metadata.version(peer.package)
