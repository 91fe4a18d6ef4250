"""The weights of a base version with a new vocabulary."""

import torch

from sentiment import Tokenizer, TokenizerConfig
from training.run.vocabulary_transfer import with_vocabulary

OLD = Tokenizer(["good", "goodness", "food"], TokenizerConfig(num_words=3))
NEW = Tokenizer(["film", "good"], TokenizerConfig(num_words=5, num_pieces=3), ["go", "##od", "##zz"])


def test_each_row_of_the_embedding_starts_from_what_the_base_knows() -> None:
    old_VE = torch.arange(10.0).reshape(5, 2) ** 2
    weights = {"embedding.weight": old_VE, "output.bias": torch.ones(2)}
    new = with_vocabulary(weights, OLD, NEW)
    padding, unknown, good, goodness, food = old_VE
    assert torch.equal(new["output.bias"], torch.ones(2))
    expected = [
        padding,
        unknown,
        old_VE.mean(0),  # film
        good,
        (good + goodness) / 2,  # go
        (good + goodness + food) / 3,  # ##od
        old_VE.mean(0),  # ##zz, which no word has
    ]
    assert torch.allclose(new["embedding.weight"], torch.stack(expected))


def test_a_piece_that_begins_a_word_starts_as_the_mean_of_all() -> None:
    old_VE = torch.arange(10.0).reshape(5, 2) ** 2
    config = TokenizerConfig(num_words=5, num_pieces=2, own_beginnings=True)
    new = Tokenizer(["good"], config, ["good##", "##od"])
    *_, good, beginning, _ = with_vocabulary({"embedding.weight": old_VE}, OLD, new)["embedding.weight"]
    assert torch.equal(good, old_VE[2])
    assert torch.equal(beginning, old_VE.mean(0))


def test_the_same_vocabulary_changes_nothing() -> None:
    old_VE = torch.randn(5, 2)
    assert torch.equal(with_vocabulary({"embedding.weight": old_VE}, OLD, OLD)["embedding.weight"], old_VE)
