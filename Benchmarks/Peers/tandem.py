"""Tandem's side: a running kernel-server, spoken to over pipes, a line of JSON each way."""

import json
import os
import subprocess
from math import ceil

import numpy
import onnx

TRIAL_MILLISECONDS = 3


class ServerError(Exception):
    """What the server could not do, in its words."""


class Server:
    """One process for all of Tandem's networks, so that kernels are measured once for each workload."""

    def __init__(self, executable):
        # With this variable OpenBLAS takes the core it names, often an old one; without, the machine's own.
        self.requested_core = os.environ.get("OPENBLAS_CORETYPE")
        environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_CORETYPE"}
        self.process = subprocess.Popen(
            [str(executable)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment)
        self.environment = self.ask("describe")["environment"]

    def ask(self, request, **arguments):
        self.process.stdin.write(json.dumps({request: arguments}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"kernel-server ended with code {self.process.wait()} at the request '{request}'")
        answer = json.loads(line)
        if "error" in answer:
            raise ServerError(answer["error"])
        return answer

    def peak(self, threads):
        return self.ask("peak", threads=threads)["flops"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Tandem:
    """Tandem under one policy for row tiles, as an engine beside the peers."""

    def __init__(self, server, row_tile, name, layouts=("nchw",), only_direct=False):
        self.server, self.row_tile, self.name, self.layouts = server, row_tile, name, layouts
        self.only_direct = only_direct

    def prepare(self, model, threads, folder):
        path = folder / "tandem.onnx"
        onnx.save(model.proto, str(path))
        networks = [
            Network(self.server, self.server.ask(
                "load", model=str(path), threads=threads, rowTile=self.row_tile, layout=layout,
                # A layer has neighbours that give and take its layout, as with the peers.
                convertsBoundary=not model.is_layer, onlyDirect=self.only_direct)["plan"], folder)
            for layout in self.layouts]
        if len(networks) == 1:
            return networks[0]
        # The layout that is fastest here and now, tried in turns of some milliseconds.
        runs = [max(2, ceil(TRIAL_MILLISECONDS / max(min(network.time(2)), 1e-4))) for network in networks]
        rounds = [[min(network.time(runs)) for network, runs in zip(networks, runs)] for _ in range(10)]
        times = [min(times) for times in zip(*rounds)]
        return networks[times.index(min(times))]


class Network:
    def __init__(self, server, plan, folder):
        self.server, self.plan, self.folder = server, plan, folder

    def time(self, runs):
        return self.server.ask("time", network=self.plan["network"], runs=runs)["milliseconds"]

    def compute(self, values):
        source, target = self.folder / "input.npy", self.folder / "output.npy"
        numpy.save(source, values)
        self.server.ask("compute", network=self.plan["network"], input=str(source), output=str(target))
        return numpy.load(target)
