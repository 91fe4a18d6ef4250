"""Measure whether a misspelled opinion word is understood, in sentences that have nothing else to go by.

    python -m experiments.misspellings reviews reviews-small [--store STORE]

Each of 49 words stands in four sentences, three times, each time with one letter swapped with the next, left
out, doubled or replaced. Prints the share of sentences that have the label of the word as it is spelled.
"""

import argparse
import random
from collections.abc import Iterator
from pathlib import Path

from model_store import RELEASED, Store
from sentiment import Classifier

NEGATIVE = (
    "terrible awful horrible disappointing boring dreadful useless disgusting pathetic annoying "
    "mediocre overpriced unacceptable frustrating ridiculous miserable appalling worthless defective "
    "uncomfortable filthy rude slow broken poor"
)
POSITIVE = (
    "wonderful excellent amazing fantastic brilliant superb delicious beautiful charming outstanding "
    "delightful perfect incredible impressive enjoyable hilarious gorgeous comfortable friendly "
    "reliable great lovely awesome fabulous terrific"
)
SENTENCES = ("It was {}.", "{}", "The service is {}", "This product is {}!")
NUM_TIMES = 3


def main() -> None:
    """Print a table of the versions."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="+", help="such as reviews@production")
    parser.add_argument("--store", type=Path, default=RELEASED)
    options = parser.parse_args()
    cases = list(misspelled(random.Random(5)))  # noqa: S311 - not for secrets
    print(f"| of {len(cases)} sentences | right |\n|---|---|")
    for model in options.models:
        classifier = Store(options.store).load(model, device="cpu").classifier
        print(f"| {model} | {right_ratio(classifier, cases):.1%} |")


def right_ratio(classifier: Classifier, cases: list[tuple[str, str]]) -> float:
    """Return the share of the sentences that get their label."""
    predictions = classifier.predict([text for text, _ in cases])
    return sum(each.label == label for each, (_, label) in zip(predictions, cases, strict=True)) / len(cases)


def misspelled(generator: random.Random) -> Iterator[tuple[str, str]]:
    """Yield sentences with the label that they should have."""
    for sentence in SENTENCES:
        for label, words in (("negative", NEGATIVE), ("positive", POSITIVE)):
            for word in words.split():
                for _ in range(NUM_TIMES):
                    changed = misspell(word, generator)
                    if changed != word:
                        text = sentence.format(changed)
                        yield text[0].upper() + text[1:], label


def misspell(word: str, generator: random.Random) -> str:
    """Change one letter, neither the first nor the last."""
    way, index = (
        generator.choice(["swap", "drop", "double", "replace"]),
        generator.randrange(1, len(word) - 1),
    )
    start, letter, end = word[:index], word[index], word[index + 1 :]
    if way == "swap":
        return start + end[0] + letter + end[1:]
    if way == "drop":
        return start + end
    return start + (letter + letter if way == "double" else generator.choice("aeioulnrst")) + end


if __name__ == "__main__":
    main()
