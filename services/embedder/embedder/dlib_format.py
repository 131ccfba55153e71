"""Reads a neural network from a dlib `.dat` file, layer by layer, without dlib.

dlib (Boost Software License) writes a network as nested C++ templates: first the version of every wrapper from the loss
inwards, then the input layer, then each layer from the input outwards. Numbers are packed (`serialize.h`), tensors are raw
little-endian float32 (`cuda/tensor.h`), layers start with their name (`dnn/layers.h`, `dnn/core.h`).
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

Tensor = npt.NDArray[np.float32]

_TAG_OR_SKIP, _LAYER, _FIRST_LAYER = 1, 2, 3
_SIGN, _SIZE = 0x80, 0x0F


class NotADlibNetwork(Exception):
    """The bytes are not a network of the kinds that this reader knows."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: its dlib name (`con_4`), and its fields by dlib's names without the trailing underscore."""

    kind: str
    numbers: dict[str, float] = field(default_factory=dict)
    tensors: dict[str, Tensor] = field(default_factory=dict)

    def integer(self, name: str) -> int:
        return int(self.numbers[name])


@dataclass(frozen=True, slots=True)
class Network:
    """A network without its nesting: the loss's numbers, the mean colour, the layers from the input on."""

    loss: dict[str, float]
    mean_rgb: tuple[float, float, float]
    layers: tuple[Layer, ...]


def read_network(data: bytes) -> Network:
    """Raises NotADlibNetwork for anything but a metric or MMOD network made of the layers known here."""
    reader = _Reader(data)
    try:
        return reader.network()
    except (struct.error, ValueError, IndexError, KeyError) as error:
        raise NotADlibNetwork(f"at byte {reader.at}: {error}") from error


_POOL: Final = ("nr", "nc", "stride_y", "stride_x", "padding_y", "padding_x")
_RATES: Final = (
    "learning_rate_multiplier",
    "weight_decay_multiplier",
    "bias_learning_rate_multiplier",
    "bias_weight_decay_multiplier",
)
_MMOD: Final = ("loss_per_false_alarm", "loss_per_missed_target", "truth_match_iou_threshold")
_OVERLAPS: Final = ("nms_iou", "nms_covered", "ignore_iou", "ignore_covered")


class _Reader:
    """A position in the bytes, and one method for each thing that dlib writes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0
        self._layers: dict[str, Callable[[str], Layer]] = {
            "con_4": self._convolution,
            "affine_": self._affine,
            "bn_con2": self._batch_normalisation,
            "relu_": Layer,
            "add_prev_": Layer,
            "max_pool_2": self._pooling,
            "avg_pool_2": self._pooling,
            "fc_2": self._fully_connected,
        }

    def network(self) -> Network:
        self._expect(1, "version of the loss")
        loss = self._loss()
        outer = self._wrappers()
        mean = self._input()
        first = self._wrapped_layer()
        self._expect(1, "sample expansion factor")
        return Network(loss, mean, (first, *(self._wrapped_layer() for _ in range(outer))))

    def _loss(self) -> dict[str, float]:
        match self._string():
            case "loss_metric_2":
                return {name: self._real() for name in ("margin", "distance_threshold")}
            case "loss_mmod_":
                self._expect(1, "version of the options")
                sizes = {name: float(self._integer()) for name in ("detector_width", "detector_height")}
                return sizes | {name: self._real() for name in _MMOD + _OVERLAPS}
            case other:
                raise ValueError(f"loss {other!r}")

    def _wrappers(self) -> int:
        """How many layers follow the first one, whose wrapper holds the input too."""
        count = 0
        while (version := self._integer()) != _FIRST_LAYER:
            if version not in (_TAG_OR_SKIP, _LAYER):
                raise ValueError(f"wrapper of version {version}")
            count += version == _LAYER
        return count

    def _input(self) -> tuple[float, float, float]:
        match self._string():
            case "input_rgb_image_sized":
                mean = (self._real(), self._real(), self._real())
                self._integer(), self._integer()  # height and width, which the layers imply
                return mean
            case "input_rgb_image_pyramid":
                return self._real(), self._real(), self._real()
            case other:
                raise ValueError(f"input {other!r}")

    def _wrapped_layer(self) -> Layer:
        kind = self._string()
        if kind not in self._layers:
            raise ValueError(f"layer {kind!r}")
        layer = self._layers[kind](kind)
        self.at += 3  # three flags of the training
        for _ in range(3):  # gradients and outputs of the last training step, empty
            self._tensor()
        return layer

    def _convolution(self, kind: str) -> Layer:
        parameters = self._tensor()
        numbers = self._integers("num_filters", *_POOL)
        filters, biases = self._alias(), self._alias()
        self._reals(*_RATES)
        flat, count = parameters.reshape(-1), int(np.prod(filters))
        return Layer(kind, numbers, {"filters": flat[:count].reshape(filters), "biases": flat[count:].reshape(biases[1])})

    def _affine(self, kind: str) -> Layer:
        parameters = self._tensor()
        gamma, _ = self._alias(), self._alias()
        self._integer()  # mode: convolutional or fully connected
        return Layer(kind, {}, _halves(parameters, gamma[1]))

    def _batch_normalisation(self, kind: str) -> Layer:
        parameters = self._tensor()
        gamma, _ = self._alias(), self._alias()
        self._tensor(), self._tensor()  # means and deviations of the last training batch
        statistics = {"running_means": self._tensor().reshape(-1), "running_variances": self._tensor().reshape(-1)}
        self._integers("num_updates", "running_stats_window_size")
        self._reals(*_RATES)
        return Layer(kind, self._reals("eps"), _halves(parameters, gamma[1]) | statistics)

    def _pooling(self, kind: str) -> Layer:
        return Layer(kind, self._integers(*_POOL))

    def _fully_connected(self, kind: str) -> Layer:
        numbers = self._integers("num_outputs", "num_inputs")
        weights = self._tensor()
        self._alias(), self._alias()
        numbers |= self._integers("bias_mode")
        self._reals(*_RATES)
        if not numbers["bias_mode"]:
            raise ValueError("a fully connected layer with a bias")
        shape = int(numbers["num_inputs"]), int(numbers["num_outputs"])
        return Layer(kind, numbers, {"weights": weights.reshape(shape)})

    def _integers(self, *names: str) -> dict[str, float]:
        return {name: float(self._integer()) for name in names}

    def _reals(self, *names: str) -> dict[str, float]:
        return {name: self._real() for name in names}

    def _integer(self) -> int:
        """One byte of sign and size, then that many bytes, the least significant first."""
        control = self._data[self.at]
        size = control & _SIZE
        value = int.from_bytes(self._take(1 + size)[1:], "little")
        return -value if control & _SIGN else value

    def _real(self) -> float:
        """Mantissa and binary exponent, as two integers."""
        return float(self._integer()) * 2.0 ** self._integer()

    def _string(self) -> str:
        return self._take(self._integer()).decode("latin1")

    def _alias(self) -> tuple[int, ...]:
        """The shape of a view on a tensor."""
        self._expect(1, "version of a view")
        return tuple(self._integer() for _ in range(4))

    def _tensor(self) -> Tensor:
        self._expect(2, "version of a tensor")
        shape = tuple(self._integer() for _ in range(4))
        return np.frombuffer(self._take(4 * int(np.prod(shape))), "<f4").reshape(shape).astype(np.float32)

    def _take(self, size: int) -> bytes:
        if not 0 <= size <= len(self._data) - self.at:
            raise ValueError(f"{size} bytes more expected")
        self.at += size
        return self._data[self.at - size : self.at]

    def _expect(self, value: int, what: str) -> None:
        if (found := self._integer()) != value:
            raise ValueError(f"{what} is {found}, expected {value}")


def _halves(parameters: Tensor, channels: int) -> dict[str, Tensor]:
    flat = parameters.reshape(-1)
    return {"gamma": flat[:channels], "beta": flat[channels:]}
