"""Making a teacher from an encoder and labelled reviews: fine-tune, measure, calibrate, save.

plan.json    the encoder, the reviews and the options
state.pt     the last checkpoint
teacher.json, teacher.safetensors    the teacher, once it is done
"""

import hashlib
import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from training.errors import Interrupted, InvalidCheckpoint
from training.evaluation.calibration import fit_temperature, soften
from training.run.interruption import Interruption
from training.teach.classifier import TextClassifier, load_classifier
from training.teach.data import TeachingData, read_teaching_data
from training.teach.finetuning import Finetuner
from training.teach.plan import TeachingPlan
from training.teach.teacher import TeacherDescription, TransformerTeacher, half_precision, logits_of
from training.teach.tokens import SubwordTokenizer

__all__ = ["TeachingRun", "finetune_teacher"]

Report = Callable[[str], None]

_CHECKPOINT_SECONDS = 300
_TRIAL_STEPS = 3


@dataclass(frozen=True, slots=True)
class TeachingRun:
    """The folder of one teacher."""

    folder: Path
    plan: TeachingPlan

    @classmethod
    def create(cls, folder: Path, plan: TeachingPlan) -> Self:
        """Start a run in a new folder; raises InvalidCheckpoint when there is one already."""
        if (folder / "plan.json").exists():
            raise InvalidCheckpoint(
                f"{folder} holds a teacher already: resume it with --resume {folder}, or name another"
            )
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "plan.json").write_bytes(plan.to_json())
        return cls(folder, plan)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Return the run in a folder; raises InvalidCheckpoint when there is none."""
        path = folder / "plan.json"
        try:
            return cls(folder, TeachingPlan.from_json(path.read_bytes(), source=str(path)))
        except OSError as error:
            raise InvalidCheckpoint(
                f"{folder} holds no teacher to resume: {path}: {error.strerror}"
            ) from error

    @property
    def finished(self) -> bool:
        """Whether the teacher is complete."""
        return (self.folder / "teacher.json").exists()

    def restore(self, finetuner: Finetuner) -> None:
        """Continue from the last checkpoint, if any; raises InvalidCheckpoint when it is damaged."""
        path = self.folder / "state.pt"
        if path.exists():
            try:
                finetuner.restore(torch.load(path, weights_only=True))
            except (OSError, EOFError, RuntimeError, KeyError, ValueError, pickle.UnpicklingError) as error:
                raise InvalidCheckpoint(f"{path} is damaged: {error}") from error

    def save(self, finetuner: Finetuner) -> None:
        """Save a checkpoint in place of the last one."""
        temporary = self.folder / ".state.pt.new"
        torch.save(finetuner.state(), temporary)
        temporary.replace(self.folder / "state.pt")


def finetune_teacher(run: TeachingRun, report: Report = print) -> TransformerTeacher:
    """Return the teacher of a run's plan; fine-tuning continues from the run's last checkpoint.

    `report` takes lines for people. Raises Interrupted, after saving, when SIGINT or SIGTERM arrives.
    """
    if not run.finished:
        _finetune(run, report)
    return TransformerTeacher.load(run.folder)


def _finetune(run: TeachingRun, report: Report) -> None:
    data = read_teaching_data(run.plan)
    report(str(data))
    network = load_classifier(run.plan.transformer, num_labels=len(data.labels.names))
    finetuner = Finetuner(network, data.train, run.plan.finetuning)
    run.restore(finetuner)
    with Interruption() as interruption:
        _report_estimate(finetuner, report)
        _run_steps(run, finetuner, interruption)
    TransformerTeacher(network, _describe(run.plan, network, data, report)).save(run.folder)


def _report_estimate(finetuner: Finetuner, report: Report) -> None:
    """Report how long it will take, estimated from a few batches that change no weight."""
    steps = range(finetuner.step, min(finetuner.step + _TRIAL_STEPS, finetuner.num_steps))
    start, num_tokens = time.monotonic(), sum(map(finetuner.num_tokens, steps))
    for step in steps:
        finetuner.try_step(step)
    if num_tokens:
        rate = num_tokens / (time.monotonic() - start)
        left = sum(map(finetuner.num_tokens, range(finetuner.step, finetuner.num_steps)))
        report(f"{left:,} tokens to go at about {rate:,.0f} a second: {left / rate / 60:,.0f} minutes")


def _run_steps(run: TeachingRun, finetuner: Finetuner, interruption: Interruption) -> None:
    saved = time.monotonic()
    bar = tqdm(total=finetuner.num_steps, initial=finetuner.step, desc="fine-tuning", unit="batch")
    with bar:
        while finetuner.step < finetuner.num_steps:
            bar.set_postfix(loss=f"{finetuner.run_step():.3f}", refresh=False)
            bar.update()
            if interruption.requested:
                run.save(finetuner)
                raise Interrupted(f"stopped; go on with: python -m training teach --resume {run.folder}")
            if time.monotonic() - saved > _CHECKPOINT_SECONDS:
                run.save(finetuner)
                saved = time.monotonic()
    run.save(finetuner)


def _describe(
    plan: TeachingPlan, network: TextClassifier, data: TeachingData, report: Report
) -> TeacherDescription:
    tokenizer = SubwordTokenizer(plan.transformer, max_tokens=plan.read_tokens)
    accuracy: dict[str, float] = {}
    rows: list[NDArray[np.float64]] = []
    truth: list[int] = []
    for name, reviews in data.validation.items():
        logits_NL = logits_of(network, tokenizer.ids([review.text for review in reviews]))
        probabilities_NL, classes = logits_NL.double().softmax(-1).numpy(), data.labels.indices(reviews)
        accuracy[name] = float((probabilities_NL.argmax(1) == np.array(classes)).mean())
        report(f"{name}: {accuracy[name]:.2%} of {len(reviews):,} held-out texts")
        rows.append(probabilities_NL)
        truth += classes
    temperature = fit_temperature(np.concatenate(rows), truth)
    confidence = soften(np.concatenate(rows), temperature).max(1).mean()
    report(f"temperature {temperature:.3f}: mean confidence {confidence:.2%}")
    return TeacherDescription(
        name=f"{plan.transformer.name}+{hashlib.sha256(half_precision(network)).hexdigest()[:8]}",
        labels=data.labels.names,
        temperature=temperature,
        max_tokens=plan.read_tokens,
        transformer=plan.transformer,
        transformer_sha256=plan.transformer_sha256,
        accuracy=accuracy,
    )
