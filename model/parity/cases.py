"""The kinds of parity cases: each computed by the code that training uses, and measured.

| kind | known by | code |
|---|---|---|
| forward | `weights` | `model.scail2` |
| gradient | `param_grads` | the same and `model.flow.loss` |
| mask | `additional_spatial_downsample` | `motionpair.mask_channels` |
| driving mask | `pipeline` | the same, from half the picture |
| loss | `layout` | `model.flow` |

And of `fixtures.json` itself: `sigma_shift_table` (`model.flow.shift`) and `sat_euler_sigmas_N_shiftS`
(`model.sampling.solvers`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from model import flow
from model.parity.fixtures import Fixtures, Tolerance, field, number, tolerance
from model.sampling.solvers import open_solver
from model.scail2 import ModelConfig
from model.scail2.checkpoints import fill, named
from model.scail2.inputs import Inputs
from model.scail2.model import Scail2
from model.scail2.state_dict_adapter import config_from_official, to_ours
from motionpair.errors import DataError, InputError, printable
from motionpair.mask_channels import labels_of, pack

TABLES = Tolerance(1e-6, 1e-6)
"""Of the tables, which name none: a few roundings of float32."""

_LOSS = re.compile(
    r"mean over all elements of (?P<history>\(1-history_mask\)\*)?\(out - target\)\^2, "
    r"target=cos\((?P<rate>[\d.]+)\*i\) over flattened out.*"
)
_PROBE = re.compile(r"dot with cos\((?P<rate>[\d.]+)\*i\), i = flat index, float64")
_PROBE_LIMIT = re.compile(r"(?P<factor>[\d.e+-]+) ?\* ?l2")
_PIPELINE = re.compile(
    r"u8 -> \[-1,1\] -> bilinear x0\.5 align_corners=False \(no antialias\) -> "
    r"compress\(additional_spatial_downsample=(?P<downsample>\d+)\)"
)
_EULER = re.compile(r"sat_euler_sigmas_(?P<steps>\d+)_shift(?P<shift>[\d.]+)")


@dataclass(frozen=True)
class Result:
    """How far a case is from the official code, and whether that is near enough."""

    name: str
    max_abs: float
    rel_l2: float
    limits: Tolerance
    passed: bool
    note: str = ""


class Cases:
    """All cases of a folder.

    Args:
        fixtures: the folder.
        device: where models run.
    """

    def __init__(self, fixtures: Fixtures, device: torch.device) -> None:
        self.fixtures, self.device = fixtures, device
        self._models: dict[str, Scail2] = {}
        self._kinds = {name: self._kind(name, case) for name, case in fixtures.cases.items()}

    def __iter__(self) -> Iterator[Result]:
        """Compute every case, in their order.

        Raises:
            DataError: a malformed case, named.
        """
        for name, kind in self._kinds.items():
            try:
                yield getattr(self, f"_{kind}")(name, self.fixtures.cases[name])
            except InputError as error:
                named_already = str(error).startswith(("cases.", "weights.", "shared."))
                text = str(error) if named_already else f"cases.{name}: {error}"
                raise DataError(printable(text)) from None
        yield from self._tables()

    def _kind(self, name: str, case: Any) -> str:
        """How a case is computed; all are looked at before the first one is."""
        signs = {
            "param_grads": "gradient",
            "weights": "forward",
            "pipeline": "driving_mask",
            "additional_spatial_downsample": "mask",
            "layout": "loss",
        }
        for sign, kind in signs.items():
            if isinstance(case, dict) and sign in case:
                return kind
        raise DataError(
            f"cases.{printable(name)}: an unknown kind of case, expected one with {', '.join(signs)}"
        )

    def _forward(self, name: str, case: Mapping[str, Any]) -> Result:
        """One call of the transformer."""
        where = f"cases.{name}"
        found = self.fixtures.tensors(case, where)
        model = self._model(field(case, "weights", str, where))
        with torch.no_grad():
            out = model(self._inputs(case, found, model.config, where))
        return judged(name, out, _tensor(found, "out", where), tolerance(case, where))

    def _gradient(self, name: str, case: Mapping[str, Any]) -> Result:
        """Every parameter's gradient, by its norm and its product with a probe."""
        where = f"cases.{name}"
        source = field(case, "inputs_from", str, where)
        inputs_case = field(self.fixtures.cases, source, dict, "cases")
        found = self.fixtures.tensors(inputs_case, f"cases.{source}")
        formula = _matched(_LOSS, case, "loss", where)
        probe = _matched(_PROBE, case, "probe", where)
        limits = field(case, "tolerance", dict, where)
        near = number(limits, "rel_l2", f"{where}.tolerance")
        factor = float(_matched(_PROBE_LIMIT, limits, "probe_abs", f"{where}.tolerance")["factor"])
        expected = number(case, "loss_value", where)

        model = self._model(field(case, "weights", str, where))
        inputs = self._inputs({**inputs_case, **case}, found, model.config, where)
        if formula["history"] and inputs.history_mask is None:
            raise DataError(f"{where}.loss: masks history, and {source} has none")
        model.zero_grad(set_to_none=True)
        out = model(inputs)
        target = _waves(out.numel(), float(formula["rate"]), out.device).view_as(out).float()
        history = inputs.history_mask if formula["history"] else None
        loss = flow.loss(out, torch.zeros_like(out), target, history)
        loss.backward()
        worst = abs(loss.item() - expected) / abs(expected)
        furthest, passed, note = 0.0, worst <= near, "worst: loss"
        parameters = named(model)
        for there, reference in field(case, "param_grads", dict, where).items():
            at = f"{where}.param_grads.{printable(str(there))}"
            ours = to_ours(there)
            if ours is None or ours not in parameters:
                raise DataError(f"{at}: the model has no such parameter")
            norm, wanted = number(reference, "l2", at), number(reference, "probe_dot", at)
            gradient = parameters[ours].grad
            flat = torch.zeros(1) if gradient is None else gradient.double().flatten()
            apart = abs(flat.norm().item() - norm) / max(norm, 1e-30)
            dot = (flat * _waves(len(flat), float(probe["rate"]), flat.device)).sum().item()
            off = abs(dot - wanted)
            passed &= apart <= near and off <= factor * norm
            furthest = max(furthest, off)
            if not apart <= worst:  # so that NaN counts as the worst
                worst, note = apart, f"worst: {there}"
        model.zero_grad(set_to_none=True)
        return Result(name, furthest, worst, Tolerance(None, near), passed, note)

    def _mask(self, name: str, case: Mapping[str, Any]) -> Result:
        """A coloured clip to channels."""
        where = f"cases.{name}"
        found = self.fixtures.tensors(case, where)
        if field(case, "normalise", str, where) != "(u8-127.5)/127.5, CTHW":
            raise DataError(f"{where}.normalise: expected (u8-127.5)/127.5, CTHW, got {case['normalise']!r}")
        downsample = field(case, "additional_spatial_downsample", int, where)
        labels = labels_of(_tensor(found, "rgb_uint8_thwc", where).numpy())
        channels = torch.from_numpy(pack(labels, downsample=downsample))
        return judged(name, channels, _tensor(found, "out", where), tolerance(case, where))

    def _driving_mask(self, name: str, case: Mapping[str, Any]) -> Result:
        """A coloured driving clip to half its size, then to channels."""
        where = f"cases.{name}"
        found = self.fixtures.tensors(case, where)
        downsample = int(_matched(_PIPELINE, case, "pipeline", where)["downsample"])
        rgb = _tensor(found, "rgb_uint8_thwc", where)
        labels = labels_of(rgb.numpy(), half=True)
        channels = torch.from_numpy(pack(labels, downsample=downsample))
        limits = tolerance(case, where)
        result = judged(name, channels, _tensor(found, "out", where), limits)
        if "half_tchw" not in found:
            return result
        half = F.avg_pool2d((rgb.permute(0, 3, 1, 2).float() - 127.5) / 127.5, 2)
        return worse(result, judged(name, half, found["half_tchw"], limits, "half picture"))

    def _loss(self, name: str, case: Mapping[str, Any]) -> Result:
        """The shifted noise level, the noised input and the loss of every sample."""
        where = f"cases.{name}"
        found = self.fixtures.tensors(case, where)
        if field(case, "layout", str, where).split()[:5] != ["B", "T", "C", "H", "W"]:
            raise DataError(f"{where}.layout: expected B T C H W, got {case['layout']!r}")
        if field(case, "patch_size", list, where) != [1, 2, 2]:
            raise DataError(f"{where}.patch_size: expected [1, 2, 2], got {case['patch_size']!r}")
        limits = tolerance(case, where)
        shape = _tensor(found, "x0", where).shape
        if len(shape) != 5:
            raise DataError(f"{where}.x0: expected (B, T, C, H, W), got {tuple(shape)}")
        wanted = {"x0": shape, "noise": shape, "model_output": shape, "sigma_raw": shape[:1]}
        if "latent_ocr_mask" in found:
            wanted["latent_ocr_mask"] = shape
        if "history_mask" in found:
            wanted["history_mask"] = (*shape[:2], 4, *shape[3:])
        for part, expected in wanted.items():
            if _tensor(found, part, where).shape != expected:
                got = tuple(found[part].shape)
                raise DataError(f"{where}.{part}: expected {tuple(expected)}, got {got}")
        x0, noise, output = (found[part].transpose(1, 2) for part in ("x0", "noise", "model_output"))
        history, ocr = (
            found[part].transpose(1, 2) if part in found else None
            for part in ("history_mask", "latent_ocr_mask")
        )
        history = None if history is None else _one_channel(history, f"{where}.history_mask")
        sigma = flow.shift(found["sigma_raw"], (shape[3] // 2) * (shape[4] // 2))
        computed = {
            "sigma_shifted": sigma,
            "noised_input": flow.noised(x0, noise, sigma, history).transpose(1, 2),
            "timestep_fed_to_model": sigma,
            "target": (noise - x0).transpose(1, 2),
            "loss_per_sample": flow.loss(output, x0, noise, history, ocr, reduction="none"),
        }
        _tensor(found, "loss_per_sample", where)
        result = Result(name, 0.0, 0.0, limits, True)
        for part, value in computed.items():
            if part in found:
                official = found[part] / (flow.TIMESTEPS if part == "timestep_fed_to_model" else 1)
                result = worse(result, judged(name, value, official, limits, part))
        return result

    def _tables(self) -> Iterator[Result]:
        """What `fixtures.json` holds itself."""
        described = self.fixtures.described
        if "sigma_shift_table" in described:
            got, wanted = [], []
            for at, row in enumerate(field(described, "sigma_shift_table", list, "fixtures.json")):
                place = f"sigma_shift_table[{at}]"
                got.append(
                    flow.shift(torch.tensor([0.1, 0.5, 0.9]), field(row, "tokens_per_frame", int, place))
                )
                wanted.append(_numbers(row, "sigma(0.1,0.5,0.9)", place))
            yield judged("sigma_shift_table", torch.stack(got), torch.stack(wanted), TABLES)
        for name in described:
            if match := _EULER.fullmatch(name):
                sigmas = open_solver("euler", int(match["steps"]), float(match["shift"])).sigmas
                yield judged(name, sigmas, _numbers(described, name, "fixtures.json"), TABLES)

    def _model(self, tag: str) -> Scail2:
        """A model with a weight set, through the code that reads checkpoints; made once."""
        if tag not in self._models:
            config, weights = self.fixtures.weights(tag)
            model = Scail2(config_from_official(config))
            shapes = {name: tuple(value.shape) for name, value in weights.items()}
            fill(model, shapes, lambda names: ((name, weights[name]) for name in names), f"weights.{tag}")
            self._models[tag] = model.to(self.device)
        return self._models[tag]

    def _inputs(
        self, case: Mapping[str, Any], found: Mapping[str, Tensor], config: ModelConfig, where: str
    ) -> Inputs:
        """A forward case's tensors as the batch that the model takes."""
        video = _tensor(found, "x", where)
        masks = _tensor(found, "ref_masks", where)
        if masks.dim() != 5 or masks[:, :, 1:].any():
            raise DataError(f"{where}.ref_masks: expected (B, 28, 1 + T, h, w), zero but for the first frame")
        texts = [_tensor(found, f"context.{at}", where) for at in range(len(video))]
        if any(text.dim() != 2 or text.shape[1] != config.text_dim for text in texts):
            raise DataError(f"{where}.context: expected (L, {config.text_dim}) each")
        longest = max(len(text) for text in texts)
        image = found.get("clip_fea", self.fixtures.shared("clip_fea"))
        history = found.get("history_mask")
        return Inputs(
            video=video,
            timestep=_tensor(found, "t", where),
            driving=_tensor(found, "pose_latents", where),
            driving_masks=_tensor(found, "driving_masks", where),
            reference=_tensor(found, "ref_latents", where),
            reference_masks=masks[:, :, :1],
            replacement=torch.full((len(video),), field(case, "replace_flag", bool, where)),
            history_mask=None if history is None else _one_channel(history, f"{where}.history_mask"),
            additional=found.get("additional_ref_latents"),
            additional_masks=found.get("additional_ref_masks"),
            text=torch.stack([F.pad(text, (0, 0, 0, longest - len(text))) for text in texts]),
            image=image[: len(video)] if image is not None and config.image_dim else None,
        ).to(self.device)


def judged(name: str, got: Tensor, wanted: Tensor, limits: Tolerance, note: str = "") -> Result:
    """Two tensors apart: the largest difference, and the differences' norm by the wanted one's.

    Raises:
        DataError: they are of different shapes.
    """
    got, wanted = got.detach().cpu().double(), wanted.double()
    if got.shape != wanted.shape:
        raise DataError(f"cases.{name}: computed {tuple(got.shape)}, the fixture has {tuple(wanted.shape)}")
    difference = got - wanted
    max_abs = difference.abs().max().item()
    norm, size = difference.norm().item(), wanted.norm().item()
    rel_l2 = norm / size if size else math.inf if norm else 0.0
    passed = (limits.max_abs is None or max_abs <= limits.max_abs) and (
        limits.rel_l2 is None or rel_l2 <= limits.rel_l2
    )
    return Result(name, max_abs, rel_l2, limits, passed and math.isfinite(max_abs), note)


def worse(first: Result, second: Result) -> Result:
    """One result of two parts of a case: the larger figures, passed where both did."""
    ahead = second if not second.max_abs <= first.max_abs else first
    return Result(
        first.name,
        ahead.max_abs,
        second.rel_l2 if not second.rel_l2 <= first.rel_l2 else first.rel_l2,
        first.limits,
        first.passed and second.passed,
        ahead.note,
    )


def _tensor(found: Mapping[str, Tensor], name: str, where: str) -> Tensor:
    """A tensor that a case must have."""
    if name not in found:
        raise DataError(f"{where}.{name}: missing")
    return found[name]


def _one_channel(mask: Tensor, where: str) -> Tensor:
    """A mask that the official code repeats over its channels, as one."""
    if mask.dim() != 5 or not mask.numel() or (mask != mask[:, :1]).any():
        raise DataError(f"{where}: expected five axes and equal channels")
    return mask[:, :1]


def _matched(pattern: re.Pattern[str], described: Mapping[str, Any], name: str, where: str) -> re.Match[str]:
    """A field's text in the one form that is known."""
    match = pattern.fullmatch(field(described, name, str, where))
    if not match:
        raise DataError(f"{where}.{name}: an unknown formula: {printable(described[name])[:90]}")
    return match


def _numbers(described: Mapping[str, Any], name: str, where: str) -> Tensor:
    """A list of numbers."""
    values = field(described, name, list, where)
    if not values or not all(isinstance(value, (int, float)) for value in values):
        raise DataError(f"{where}.{name}: expected numbers")
    return torch.tensor(values, dtype=torch.float64)


def _waves(count: int, rate: float, device: torch.device) -> Tensor:
    """cos(rate · i), i = 0, 1, ..., float64."""
    return torch.cos(rate * torch.arange(count, dtype=torch.float64, device=device))
