"""The sentences without an opinion, and the words to put into them."""

from pathlib import Path

import pytest

from tests.training.data.sentences.test_apart import blanked, probe_templates, templates, written_forms
from training.data.sentences import make_sentences
from training.errors import InvalidProbes
from training.evaluation.invariance.frames import load_word_groups
from training.evaluation.probing.capabilities import PROBES

SMALL = '[[groups]]\nname = "names"\nframes = ["A {word} b."]\nwords = ["x", "y"]\n'


def load_changed(folder: Path, before: str, after: str) -> None:
    assert before in SMALL
    path = folder / "mine.toml"
    path.write_text(SMALL.replace(before, after), encoding="utf-8")
    load_word_groups(path)


def test_there_are_24_frames_and_dozens_of_words_for_each() -> None:
    groups = {group.name: group for group in load_word_groups()}
    assert groups.keys() == {"names", "places", "identity words"}
    assert sum(len(group.frames) for group in groups.values()) == 24
    assert all(len(group.words) >= 30 for group in groups.values())


def test_articles_fit_the_words() -> None:
    [identity] = [group for group in load_word_groups() if group.name == "identity words"]
    texts = identity.texts()["A/an {word} student sat at the next table."]
    assert texts["Asian"] == "An Asian student sat at the next table."
    assert texts["Turkish"] == "A Turkish student sat at the next table."


def test_no_frame_is_trained_on_or_probed() -> None:
    ours = {blanked(frame) for group in load_word_groups() for frame in group.frames}
    made = {blanked(text) for template in templates() for text, _ in written_forms(template)}
    assert not ours & (made | {blanked(text) for text in probe_templates()})
    assert not [frame for frame in ours if frame in PROBES.read_text(encoding="utf-8")]


def test_no_name_and_no_place_is_in_generated_sentences() -> None:
    words = {word for group in load_word_groups()[:2] for word in group.words}
    texts = " ".join(sentence.text for sentence in make_sentences(2000, seed=1)).split()
    assert not words & {text.strip(".,!?") for text in texts}


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("{word}", "word", "'A word b.' must have the slot {word} and no other"),
        ("{word} b", "{word} {other}", "must have the slot {word} and no other"),
        ('"x", "y"', '"x", "x"', "names: a frame or a word comes twice"),
        ('"x", "y"', '"x"', "groups.0.words"),
        ("frames", "sentences", "groups.0.frames"),
        ("[[groups]]", "[[groups", "mine.toml"),
    ],
)
def test_a_fault_of_the_file_is_reported(tmp_path: Path, before: str, after: str, problem: str) -> None:
    with pytest.raises(InvalidProbes) as refusal:
        load_changed(tmp_path, before, after)
    assert "mine.toml" in str(refusal.value)
    assert problem in str(refusal.value)
