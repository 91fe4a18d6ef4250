"""What can go wrong in training.

SentimentError
└── TrainingError             the root of every exception that `training` raises
    ├── InvalidSoftTargets    a file of soft targets cannot be read, or is not about the texts at hand
    ├── InvalidTransformer    a folder has no encoder that can be read
    ├── InvalidRecipe         a recipe's field has a value that cannot work
    ├── InvalidBase           a version cannot be what training starts from
    ├── InvalidReviews        reviews that were read cannot be trained on, or a list of them cannot be read
    ├── InvalidProbes         templates of probes cannot be expanded, or make cases that prove nothing
    ├── InvalidSentences      a grammar of sentences cannot be used, or makes too few
    ├── ProbesDoNotApply      the probes say nothing about a model with these labels
    ├── IncomparableVersions  two versions have different labels
    ├── DownloadFailed        a data set could not be fetched whole
    ├── ScalarsUnavailable    what TensorBoard shows cannot be written
    ├── TooFewDevices         torchrun started more processes on a host than it has GPUs
    ├── Interrupted           the run was stopped; it can go on from its last checkpoint
    └── InvalidCheckpoint     a checkpoint is damaged or belongs to another run
"""

from sentiment.errors import SentimentError

__all__ = [
    "DownloadFailed",
    "IncomparableVersions",
    "Interrupted",
    "InvalidBase",
    "InvalidCheckpoint",
    "InvalidProbes",
    "InvalidRecipe",
    "InvalidReviews",
    "InvalidSentences",
    "InvalidSoftTargets",
    "InvalidTransformer",
    "ProbesDoNotApply",
    "ScalarsUnavailable",
    "TooFewDevices",
    "TrainingError",
]


class TrainingError(SentimentError):
    """Any error that training raises on purpose."""


class InvalidRecipe(TrainingError):
    """A recipe's field has a value that cannot work; the text names the field."""


class InvalidBase(TrainingError):
    """A version cannot be what training starts from; the text names it."""


class InvalidReviews(TrainingError):
    """Reviews cannot be trained on; the text names what is wrong with them."""


class InvalidProbes(TrainingError):
    """Probes cannot be expanded or prove nothing; the text names the file and the capability."""


class InvalidSentences(TrainingError):
    """Sentences cannot be generated; the text names the file and the kind, or how many there are."""


class InvalidSoftTargets(TrainingError):
    """Soft targets cannot be read, written or used; the text names the file."""


class InvalidTransformer(TrainingError):
    """A folder has no encoder that can be read; the text names it."""


class ProbesDoNotApply(TrainingError):
    """The probes say nothing about a model with these labels; the text names both."""


class IncomparableVersions(TrainingError):
    """Two versions cannot be compared, since their labels differ; the text names both."""


class DownloadFailed(TrainingError):
    """A data set could not be fetched whole; the text says whether running again resumes."""


class ScalarsUnavailable(TrainingError):
    """Scalars for TensorBoard cannot be written; the text says what is missing."""


class TooFewDevices(TrainingError):
    """A host has fewer GPUs than processes; the text names both numbers."""


class Interrupted(TrainingError):
    """The run was stopped from outside; the text names the checkpoint to go on from."""


class InvalidCheckpoint(TrainingError):
    """A checkpoint cannot be read or does not fit this run; the text names the file."""
