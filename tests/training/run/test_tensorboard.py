"""What TensorBoard gets to see, read back with its own reader."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from sentiment import SentimentLSTM
from tests.training.learning.test_trainer import Stopped, trainer
from training.__main__ import main
from training.errors import ScalarsUnavailable
from training.learning.trainer import EpochMetrics, Trainer
from training.run.run import Run
from training.run.tensorboard import Scalars

Curve = list[tuple[int, float]]


def needs_tensorboard() -> None:
    pytest.importorskip("tensorboard", reason="the extra sentiment-service[tensorboard] is not installed")


def curves(folder: Path) -> dict[str, Curve]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # noqa: PLC0415

    events = EventAccumulator(str(folder))
    events.Reload()
    return {
        name: [(event.step, event.value) for event in events.Scalars(name)]
        for name in events.Tags()["scalars"]
    }


def check(curve: Curve, every_steps: int, values: Sequence[float]) -> None:
    """Require that a curve has these values and no other, in the single precision of TensorBoard."""
    assert [step for step, _ in curve] == [every_steps * number for number in range(1, len(values) + 1)]
    assert [value for _, value in curve] == pytest.approx(values, rel=1e-6)


def train(subject: Trainer[SentimentLSTM], folder: Path, *, stop_after: int | None = None) -> None:
    def after_step() -> None:
        scalars.write_step(subject)
        if len(subject.progress.step_losses) == stop_after:
            raise Stopped

    def after_epoch(figures: EpochMetrics) -> None:
        scalars.write_epoch(subject, figures)

    with Scalars(folder) as scalars:
        subject.run(after_step, after_epoch)


def test_fit_writes_every_step_and_every_epoch(tmp_path: Path, tiny_reviews: Path, tiny_recipe: Path) -> None:
    needs_tensorboard()
    what = ["--recipe", str(tiny_recipe), "--train", str(tiny_reviews), "--device", "cpu"]
    where = ["--run-folder", str(tmp_path / "run"), "--store", str(tmp_path / "store")]
    assert main(["fit", *what, *where, "--tensorboard", str(tmp_path / "logs")]) == 0
    found = curves(tmp_path / "logs")
    checkpoint = Run.open(tmp_path / "run").checkpoint("classifier")
    assert checkpoint is not None
    progress = checkpoint["progress"]
    losses = progress["step_losses"]
    assert found.keys() == {"loss/train", "learning_rate", "loss/validation", "accuracy/validation"}
    per_epoch = len(losses) // len(progress["history"])
    check(found["loss/train"], 1, losses)
    for kind in ("loss", "accuracy"):
        expected = [figures[f"validation_{kind}"] for figures in progress["history"]]
        check(found[f"{kind}/validation"], per_epoch, expected)
    assert found["learning_rate"][-1] == (len(losses), 0.0)


def test_a_run_that_continues_from_a_checkpoint_replaces_the_steps_after_it(tmp_path: Path) -> None:
    needs_tensorboard()
    stopped = trainer()
    with pytest.raises(Stopped):
        train(stopped, tmp_path, stop_after=5)
    state = stopped.state()
    with pytest.raises(Stopped):  # on to the 11th step, and then killed without a checkpoint
        train(stopped, tmp_path, stop_after=11)
    resumed = trainer()
    resumed.restore(state)
    train(resumed, tmp_path)
    check(curves(tmp_path)["loss/train"], 1, resumed.progress.step_losses)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    needs_tensorboard()
    (tmp_path / "file").touch()
    with pytest.raises(ScalarsUnavailable, match=r"--tensorboard .*file: File exists"):
        Scalars(tmp_path / "file")


def test_without_the_package_one_line_names_the_extra_before_anything_is_done(
    tmp_path: Path,
    tiny_reviews: Path,
    tiny_recipe: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Python itself marks a module that cannot be imported by None here.
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    monkeypatch.delattr(torch.utils, "tensorboard", raising=False)
    what = ["--recipe", str(tiny_recipe), "--train", str(tiny_reviews), "--device", "cpu"]
    where = ["--run-folder", str(tmp_path / "run"), "--store", str(tmp_path / "store")]
    assert main(["fit", *what, *where, "--tensorboard", str(tmp_path / "logs")]) == 1
    assert capsys.readouterr().err == (
        "error: --tensorboard needs another package: install the extra sentiment-service[tensorboard]\n"
    )
    assert not any(tmp_path.iterdir())
