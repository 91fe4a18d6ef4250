from collections import Counter
from pathlib import Path

import pytest

from training.data.sentences import make_sentences
from training.data.sentences.grammar import LABELS, load_grammar
from training.data.templates import slots
from training.errors import InvalidSentences

SMALL = """\
neutral_sentences = ["It rained."]

[phrases]
isnt = ["isn't", "was not"]

[words.any.neutral]
part = ["lid", "box"]

[words.any.positive]
trait = ["neat", "fine"]

[words.any.negative]
trait = ["bland", "stale"]

[words.product.neutral]
thing = ["mug", "vase"]

[[kinds]]
name = "plain"
share = 1
both = ["The {part} and the {part2} of a/an {thing}, {trait}."]

[[kinds]]
name = "negation"
share = 3
both = ["That {thing} <isnt> {!trait}."]
contrast = ["I [would never|would always] call the {part} {trait}."]
"""


@pytest.fixture
def grammar(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(SMALL, encoding="utf-8")
    return path


def test_sentences_are_all_different_and_half_of_each_label() -> None:
    sentences = make_sentences(6_000, seed=1)
    assert len({it.text for it in sentences}) == len({it.id for it in sentences}) == 6_000
    assert Counter(it.label for it in sentences) == {"negative": 3_000, "positive": 3_000}
    assert all("{" not in it.text and "<" not in it.text and "|" not in it.text for it in sentences)
    assert max(len(it.text.split()) for it in sentences) < 70


def test_seed_and_number_alone_decide() -> None:
    assert make_sentences(300, seed=1) == make_sentences(900, seed=1)[:300]
    assert (
        len({it.text for it in make_sentences(300, seed=1)} & {it.text for it in make_sentences(300, seed=2)})
        < 60
    )
    assert make_sentences(1, seed=1)[0].text == make_sentences(300, seed=1)[0].text
    assert make_sentences(0, seed=1) == ()


def test_a_small_grammar_makes_all_that_it_can_with_the_right_labels(grammar: Path) -> None:
    sentences = make_sentences(30, seed=1, grammar=load_grammar(grammar))
    texts = {it.text.removeprefix("It rained. ").removesuffix(" It rained."): it.label for it in sentences}
    alone = {text: label for text, label in texts.items() if text.count(".") == 1}
    for text, label in alone.items():
        good = "neat" in text or "fine" in text
        negated = any(word in text for word in ("isn't", "was not", "never"))
        assert label == ("positive" if good != negated else "negative"), text
    assert "I would never call the lid neat." in texts or "I would always call the lid neat." in texts
    assert not any("lid and the lid" in text or "box and the box" in text for text in texts)


def test_a_grammar_that_is_used_up_says_so(grammar: Path) -> None:
    with pytest.raises(InvalidSentences, match=r"makes only \d+ of 100000 sentences"):
        make_sentences(100_000, seed=1, grammar=load_grammar(grammar))


def test_opinion_words_alone_do_not_tell_the_label() -> None:
    sentences = make_sentences(4_000, seed=3)
    for label in LABELS:
        words = load_grammar().domains["film"].of("feature", label)
        labels = Counter(it.label for it in sentences if any(word in it.text for word in words))
        assert 0.3 < labels[label] / labels.total() < 0.7, (label, labels)


def test_there_are_many_templates_for_each_kind_and_label() -> None:
    kinds = {kind.name: kind for kind in load_grammar().kinds}
    for name in ("negation", "negation with words between", "change over time", "question and answer"):
        assert all(len(kinds[name].templates(label)) >= 25 for label in LABELS), name
    for words in load_grammar().domains.values():
        assert min(len(words.of("adjective", label)) for label in LABELS) >= 60
        assert not set(words.of("adjective", "positive")) & set(words.of("adjective", "negative"))
        assert not set(words.of("trait", "positive")) & set(words.of("trait", "negative"))


def test_every_slot_can_be_filled_in_every_domain_that_is_named() -> None:
    grammar = load_grammar()
    for kind in grammar.kinds:
        for label in LABELS:
            for form in (form for template in kind.templates(label) for form in template.forms):
                assert form.domains
                assert set(form.slots) == set(slots(form.text))


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ("<isnt>", "<aint>", "no phrases <aint>"),
        ("{thing} <isnt>", "{thong} <isnt>", "no domain has words for every slot"),
        ("share = 3", "share = 0", "share"),
        ("share = 3", "share = 3\npart = 3", "part"),
        ("contrast =", "positive =", "negation: needs templates for both labels"),
        ("[phrases]", "[phrases", "line"),
        ('name = "plain"', 'name = "outright"', "no kind is called 'plain'"),
    ],
)
def test_a_grammar_that_cannot_be_used_is_reported_in_one_line(
    grammar: Path, before: str, after: str, named: str
) -> None:
    grammar.write_text(SMALL.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(InvalidSentences) as raised:
        load_grammar(grammar)
    assert named in str(raised.value)
    assert str(grammar) in str(raised.value)
    assert "\n" not in str(raised.value)
