"""The reviews of one training run: read, split, labelled and fingerprinted."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from model_store import DataFingerprint
from reviews import Part, Review, ReviewCollection, Source, read_reviews
from training.augmentation.neutral_sentences import make_neutral_sentences
from training.data.domains import indices_by_domain
from training.data.fingerprint import fingerprint
from training.data.labels import LabelSet
from training.data.sentences import make_sentences
from training.data.split import Split, check_classes, read_reserved_ids, split_validation
from training.data.summary import ClassSummary, class_lines, source_lines, summarise_classes
from training.errors import InvalidRecipe
from training.recipe.plan import Plan
from training.recipe.recipe import Recipe

__all__ = ["Dataset", "read_dataset"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Everything that a run learns from and is measured on."""

    labels: LabelSet
    split: Split
    also_train: tuple[Review, ...] = ()
    """More labelled reviews to train on, none of which is held out for validation."""
    sentences: tuple[Review, ...] = ()
    """Generated sentences to train on."""
    neutral: tuple[Review, ...] = ()
    """Generated sentences without an opinion or a label, which training teaches to be undecided about."""
    test: tuple[Review, ...]
    unlabelled: tuple[Review, ...] = ()
    fingerprints: tuple[DataFingerprint, ...]
    sources: tuple[tuple[str, Source], ...] = ()
    """The files in the order that they were read, each with what it is for."""
    classes: tuple[ClassSummary, ...] = ()
    """The labels of all reviews that were read to train on."""
    validation_domains: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """By domain: the indices of its reviews among the validation reviews; empty if all are of one domain."""
    test_domains: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @property
    def train(self) -> tuple[Review, ...]:
        """All labelled reviews to train on."""
        return (*self.split.train, *self.additional)

    @property
    def additional(self) -> tuple[Review, ...]:
        """The labelled reviews to train on besides the train side of the split."""
        return (*self.also_train, *self.sentences)

    @property
    def unlabelled_texts(self) -> tuple[str, ...]:
        """The texts without a label."""
        return tuple(review.text for review in self.unlabelled)

    @property
    def texts(self) -> list[str]:
        """The texts that vocabulary and word vectors are learned from, none of them held out."""
        return [review.text for review in self.train] + list(self.unlabelled_texts)

    @property
    def added(self) -> str:
        """What is trained on besides the train side of the split, as words; empty for nothing."""
        parts = {
            "more reviews": self.also_train,
            "generated sentences": self.sentences,
            "neutral sentences": self.neutral,
        }
        return " and ".join(f"{len(reviews):,} {name}" for name, reviews in parts.items() if reviews)

    def __str__(self) -> str:
        sizes = (
            f"{len(self.split.train):,} reviews to train on, {len(self.split.validation):,} to validate on "
            f"({self.split.num_reserved:,} of them reserved), {len(self.unlabelled):,} unlabelled"
        )
        lines = [*source_lines(self.sources), *class_lines(self.classes), sizes]
        if self.validation_domains:
            counts = (f"{name} {len(indices):,}" for name, indices in self.validation_domains.items())
            lines.append(f"validation by domain: {', '.join(counts)}")
        if self.added:
            lines.append(f"{self.added} to train on as well")
        if self.split.num_dropped_duplicates:
            lines.append(f"{self.split.num_dropped_duplicates:,} not trained on: their text is in validation")
        return "\n".join(lines)


def read_dataset(plan: Plan) -> Dataset:
    """Read and split what a plan names, and generate the sentences that its recipe asks for.

    Raises InvalidReviews for what cannot be read or trained on, InvalidRecipe for sentences beside reviews
    whose labels are not negative and positive, and for variations that the tokenizer has not the pieces for.
    """
    _check_pieces(plan.recipe)
    train = _read(plan, plan.train, "train")
    also_train = _read(plan, plan.also_train, "train")
    unlabelled = _read(plan, plan.unlabelled, "unlabelled")
    test = _read(plan, plan.test, "test")
    labels = LabelSet.infer(train.reviews)
    split = _split(plan, train.reviews, labels)
    for collection in (also_train, test):
        labels.indices(collection.reviews)
    held_out = {review.text for review in split.validation}
    more = tuple(review for review in also_train.reviews if review.text not in held_out)
    sentences, neutral = _sentences(plan, labels), _neutral(plan, labels)
    num_dropped = split.num_dropped_duplicates + len(also_train.reviews) - len(more)
    roles = {"train": train, "also train": also_train, "unlabelled": unlabelled, "test": test}
    return Dataset(
        labels=labels,
        split=replace(split, num_dropped_duplicates=num_dropped),
        also_train=more,
        sentences=sentences,
        neutral=neutral,
        test=test.reviews,
        unlabelled=tuple(review for review in unlabelled.reviews if review.text not in held_out),
        validation_domains=indices_by_domain(train, split.validation_indices),
        test_domains=indices_by_domain(test),
        sources=tuple((role, source) for role, read in roles.items() for source in read.sources),
        classes=summarise_classes(labels, (*train.reviews, *also_train.reviews)),
        fingerprints=(
            *_fingerprints("train", train),
            *_fingerprints("train", also_train),
            *_of_sentences("generated sentences", sentences),
            *_of_sentences("generated neutral sentences", neutral),
            *_fingerprints("unlabelled", unlabelled),
            *_fingerprints("test", test),
        ),
    )


def _read(plan: Plan, paths: Sequence[Path], part: Part) -> ReviewCollection:
    return read_reviews(paths, split=part, columns=plan.columns, skip_bad=plan.skip_bad)


def _split(plan: Plan, reviews: Sequence[Review], labels: LabelSet) -> Split:
    ratio, seed = plan.recipe.validation_ratio, plan.recipe.seed
    reserved_ids = read_reserved_ids(plan.reserved) if plan.reserved else frozenset[str]()
    split = split_validation(reviews, ratio=ratio, reserved_ids=reserved_ids, seed=seed)
    check_classes(split, labels, ratio=ratio, seed=seed)
    return split


def _check_pieces(recipe: Recipe) -> None:
    if recipe.augmentation.pieces and not recipe.tokenizer.num_pieces:
        raise InvalidRecipe("augmentation.pieces is above 0, but the tokenizer has no pieces (num_pieces)")


def _sentences(plan: Plan, labels: LabelSet) -> tuple[Review, ...]:
    num = plan.recipe.num_sentences
    _check_labels("num_sentences", num, labels)
    return make_sentences(num, seed=plan.recipe.seed)


def _neutral(plan: Plan, labels: LabelSet) -> tuple[Review, ...]:
    num = plan.recipe.augmentation.num_neutral
    _check_labels("augmentation.num_neutral", num, labels)
    return make_neutral_sentences(num, seed=plan.recipe.seed)


def _check_labels(field_name: str, num: int, labels: LabelSet) -> None:
    if num and sorted(labels.names) != ["negative", "positive"]:
        raise InvalidRecipe(
            f"{field_name} is {num}, but generated sentences are for negative and positive, and the reviews "
            f"have the labels {', '.join(labels.names)}: leave {field_name} out"
        )


def _of_sentences(source: str, sentences: Sequence[Review]) -> Iterator[DataFingerprint]:
    """Yield the fingerprint of generated sentences; another release may make others."""
    if not sentences:
        return
    digest = hashlib.sha256()
    for sentence in sentences:
        digest.update(f"{sentence.label}\t{sentence.text}\n".encode())
    yield DataFingerprint(
        role="train",
        source=source,
        sha256=digest.hexdigest(),
        num_reviews=len(sentences),
        label_counts=_label_counts(sentences),
    )


def _fingerprints(role: Part, collection: ReviewCollection) -> Iterator[DataFingerprint]:
    reviews = iter(collection.reviews)
    for source in collection.sources:
        of_source = [next(reviews) for _ in range(source.num_reviews)]
        yield DataFingerprint(
            role=role,
            source=source.path.resolve().name,
            sha256=fingerprint(source.path),
            num_reviews=source.num_reviews,
            label_counts=_label_counts(of_source),
        )


def _label_counts(reviews: Sequence[Review]) -> dict[str, int]:
    return dict(sorted(Counter(review.label for review in reviews if review.label is not None).items()))
