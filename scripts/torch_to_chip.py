#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""From a torch.nn.Module to the chip: trains the five-layer network on MNIST in PyTorch, first in real
numbers, then on the chip's own arithmetic, exports it to ONNX, imports it with `mcnn import` and compares the
logits of `mcnn integer` with those that PyTorch works out. They must be equal.

    scripts/torch_to_chip.py --mcnn build/mcnn --out build/torch

Needs python3-torch (1.13 of Debian 12, or later). The pieces to take over into a training script of your own
are Layer and plain(): what Layer does is what the chip does, and plain() makes modules that
torch.onnx.export knows. A network that was trained in real numbers alone needs neither: export it as it is.
"""

import argparse
import csv
import gzip
import math
import pathlib
import subprocess
import sys

import torch
from torch import nn

PIXEL = 255  # largest pixel
LEVEL = 7  # largest weight level


def round_through(x):
    """Rounds half up; gradients pass unchanged."""
    return x + (torch.floor(x + 0.5) - x).detach()


class Layer(nn.Module):
    """A Conv2d or Linear, first in real numbers, then on the chip's: whole weights -7..7, whole pixels 0..255
    in and out. A weight of 1 is worth `level`, a pixel is worth `step_in` at the input and, at the output,
    step_in * level * 2^shift."""

    def __init__(self, module, step_in=1.0, last=False):
        super().__init__()
        self.module, self.step_in, self.last = module, step_in, last
        self.level = self.shift = None  # real numbers until they are chosen

    def choose(self, x, step_in, deviations=2.0, clipped=0.002):
        """Takes 7 levels for so many standard deviations of the weights, and the smallest shift that cuts off
        no more than this part of the positive outputs. Returns the step of the output."""
        weight = self.module.weight
        self.step_in = step_in
        self.level = min(deviations * weight.std().item(), weight.abs().max().item()) / LEVEL
        y = self.sums(x, *self.numbers())
        top = torch.quantile(y[y > 0].flatten()[:1000000], 1 - clipped).item()
        self.shift = max(0, math.ceil(math.log2(top / PIXEL)))
        return step_in * self.level * 2**self.shift

    def numbers(self):
        """The chip's weights and biases."""
        weight, bias = self.module.weight / self.level, self.module.bias / (self.step_in * self.level)
        return round_through(weight.clamp(-LEVEL, LEVEL)), round_through(bias)

    def sums(self, x, weight, bias):
        if isinstance(self.module, nn.Conv2d):
            return nn.functional.conv2d(x, weight, bias, self.module.stride, self.module.padding)
        return nn.functional.linear(x, weight, bias)

    def forward(self, x):
        if self.level is None:
            y = self.sums(x * self.step_in, self.module.weight, self.module.bias)
            return y if self.last else torch.relu(y)
        y = self.sums(x, *self.numbers())
        if self.last:
            return y * (self.step_in * self.level)
        return round_through(y * 2.0**-self.shift).clamp(0, PIXEL)


def five_layers():
    return nn.Sequential(
        Layer(nn.Conv2d(1, 8, 3), step_in=1 / PIXEL),
        nn.MaxPool2d(3, 3, ceil_mode=True),
        Layer(nn.Conv2d(8, 12, 3)),
        nn.MaxPool2d(2, 2, ceil_mode=True),
        nn.Flatten(),
        Layer(nn.Linear(192, 10), last=True),
    )


def choose_steps(network, x):
    """Chooses levels and shifts of all layers on some images."""
    step = next(module.step_in for module in network if isinstance(module, Layer))
    with torch.no_grad():
        for module in network:
            if isinstance(module, Layer):
                step = module.choose(x, step)
            x = module(x)


def plain(network):
    """The trained network of ordinary modules, on real numbers. Its weights tell `mcnn import` the level of a
    layer, the limit of a Hardtanh the step of the layer's output: both are taken as they are."""
    modules = []
    for module in network:
        if not isinstance(module, Layer):
            modules.append(module)
            continue
        kept = module.module
        unit = module.step_in * module.level
        with torch.no_grad():
            weight, bias = module.numbers()
            kept.weight.copy_(weight * module.level)
            kept.bias.copy_(bias * unit)
        modules.append(kept)
        if not module.last:
            modules.append(nn.Hardtanh(0.0, PIXEL * unit * 2**module.shift))
    return nn.Sequential(*modules).eval()


def read_idx(path):
    data = bytearray(gzip.open(path, "rb").read())
    dims = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
    return torch.frombuffer(data, dtype=torch.uint8, offset=4 + 4 * len(dims)).reshape(dims)


def read_set(folder, name):
    images = read_idx(folder / f"{name}-images-idx3-ubyte.gz").unsqueeze(1).float()
    return images, read_idx(folder / f"{name}-labels-idx1-ubyte.gz").long()


def train(network, images, labels, epochs, rate):
    optimiser = torch.optim.Adam(network.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, rate, epochs=epochs, steps_per_epoch=len(labels) // 100
    )
    for _ in range(epochs):
        for chosen in torch.randperm(len(labels))[: len(labels) // 100 * 100].split(100):
            optimiser.zero_grad()
            nn.functional.cross_entropy(network(images[chosen]), labels[chosen]).backward()
            optimiser.step()
            schedule.step()


def accuracy(network, images, labels):
    with torch.no_grad():
        return 100 * (network(images).argmax(1) == labels).float().mean().item()


def mcnn_logits(arguments, out, count):
    """Imports the model, runs it, and reads the logits of the first test images."""
    data = arguments.data
    subprocess.run(
        [arguments.mcnn, "import", out / "model.onnx", "--out", out / "net.json"]
        + ["--calibrate", data / "train6k-images-idx3-ubyte.gz", "--calibration-count", "100"],
        check=True,
        stdout=sys.stderr,
    )
    subprocess.run(
        [arguments.mcnn, "integer", "--network", out / "net.json", "--count", str(count)]
        + ["--logits", out / "logits.csv"],
        check=True,
        stdout=sys.stderr,
    )
    with open(out / "logits.csv", encoding="ascii") as file:
        rows = list(csv.DictReader(file))
    return torch.tensor([[int(row[f"logit{i}"]) for i in range(10)] for row in rows])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--mcnn", type=pathlib.Path, default=pathlib.Path("build/mcnn"))
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("data/mnist"))
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("build/torch"))
    parser.add_argument("--epochs", type=int, default=6, help="of each of the two halves")
    parser.add_argument("--count", type=int, default=1000, help="test images to compare")
    arguments = parser.parse_args()
    out = arguments.out
    out.mkdir(parents=True, exist_ok=True)

    torch.manual_seed(1)
    torch.set_num_threads(1)
    images, labels = read_set(arguments.data, "train6k")
    test_images, test_labels = read_set(arguments.data, "t10k")

    network = five_layers()
    train(network, images, labels, arguments.epochs, 4e-3)
    print(f"real numbers        {accuracy(network, test_images, test_labels):.2f} %")
    choose_steps(network, images[:2000])
    train(network, images, labels, arguments.epochs, 2e-3)
    print(f"the chip's numbers  {accuracy(network, test_images, test_labels):.2f} %")

    last = network[-1]
    with torch.no_grad():
        wanted = network(test_images[: arguments.count]) / (last.step_in * last.level)
    model = plain(network)
    torch.onnx.export(model, test_images[:1] / PIXEL, out / "model.onnx", opset_version=13)
    found = mcnn_logits(arguments, out, arguments.count)
    equal = (found == torch.round(wanted).long()).all(1).sum().item()
    print(f"logits of {arguments.count} images: {equal} equal")
    return 0 if equal == arguments.count else 1


if __name__ == "__main__":
    sys.exit(main())
