#!/usr/bin/env python3
"""PyTorch's side of the training benchmark: trains and runs the NAS-Bench-201 skeleton on request.

Reads one request a line, `train|infer CHANNELS CELL STEPS`, and answers each with the images per second of so many
batches (channels last, SGD with Nesterov's momentum). CELL is the published notation of a cell. Networks stay prepared,
and their weights go on from request to request. `Sources/TrainingThroughput` starts this program and takes turns with it.
"""

import argparse
import sys
import time

import torch
from torch import nn
from torch.nn import functional


def convolution(inputs, outputs, kernel, stride=1):
    """ReLU, convolution, batch norm."""
    return nn.Sequential(
        nn.ReLU(), nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs))


def operation(name, channels):
    if name == "none":
        return None
    if name == "skip_connect":
        return nn.Identity()
    if name == "avg_pool_3x3":
        return nn.AvgPool2d(3, 1, 1, count_include_pad=False)
    return convolution(channels, channels, {"nor_conv_1x1": 1, "nor_conv_3x3": 3}[name])


class Cell(nn.Module):
    def __init__(self, text, channels):
        super().__init__()
        self.sources, operations = [], []
        for part in text.split("+"):
            edges = [edge.split("~") for edge in part.strip("|").split("|")]
            kept = [(int(source), operation(name, channels)) for name, source in edges]
            kept = [(source, op) for source, op in kept if op is not None]
            self.sources.append([source for source, _ in kept])
            operations.append(nn.ModuleList(op for _, op in kept))
        self.operations = nn.ModuleList(operations)

    def forward(self, x):
        nodes = [x]
        for sources, operations in zip(self.sources, self.operations):
            terms = [op(nodes[source]) for source, op in zip(sources, operations) if nodes[source] is not None]
            nodes.append(sum(terms[1:], terms[0]) if terms else None)
        return nodes[-1]


class Reduction(nn.Module):
    """The basic residual block that halves the image and doubles the width."""

    def __init__(self, channels):
        super().__init__()
        self.main = nn.Sequential(
            *convolution(channels, 2 * channels, 3, 2), *convolution(2 * channels, 2 * channels, 3))
        self.shortcut = nn.Sequential(nn.AvgPool2d(2, 2), nn.Conv2d(channels, 2 * channels, 1, bias=False))

    def forward(self, x):
        return self.main(x) + self.shortcut(x)


def network(channels, cell):
    layers = [nn.Conv2d(1, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)]
    for stage in range(3):
        if stage > 0:
            layers.append(Reduction(channels))
            channels *= 2
        layers.append(Cell(cell, channels))
    layers += [nn.BatchNorm2d(channels), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10)]
    return nn.Sequential(*layers).to(memory_format=torch.channels_last)


class Prepared:
    """A network with its optimiser and synthetic images."""

    def __init__(self, channels, cell, batch, images):
        torch.manual_seed(0)
        self.model = network(channels, cell)
        self.optimizer = torch.optim.SGD(
            self.model.parameters(), lr=0.01, momentum=0.9, nesterov=True, weight_decay=5e-4)
        self.images, self.labels, self.batch = *images, batch

    def selection(self):
        index = torch.randint(len(self.images), (self.batch,))
        return self.images[index].contiguous(memory_format=torch.channels_last), self.labels[index]

    def train(self, steps):
        self.model.train()
        for _ in range(steps):
            image, label = self.selection()
            self.optimizer.zero_grad(set_to_none=True)
            functional.cross_entropy(self.model(image), label).backward()
            self.optimizer.step()

    def infer(self, steps):
        self.model.eval()
        with torch.inference_mode():
            for _ in range(steps):
                self.model(self.selection()[0]).argmax(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=128)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    generator = torch.Generator().manual_seed(1)
    images = (
        torch.randn(2048, 1, 28, 28, generator=generator), torch.randint(10, (2048,), generator=generator))
    networks = {}
    print(f"PyTorch {torch.__version__}", flush=True)
    for line in sys.stdin:
        task, channels, cell, steps = line.split()
        key = (int(channels), cell)
        if key not in networks:
            networks[key] = Prepared(*key, options.batch, images)
        run = getattr(networks[key], task)
        begin = time.perf_counter()
        run(int(steps))
        print(options.batch * int(steps) / (time.perf_counter() - begin), flush=True)


if __name__ == "__main__":
    main()
