from pathlib import Path

import pytest

from tests.sample_reviews import TINY_RECIPE
from training.errors import InvalidRecipe
from training.recipe.recipe import load_recipe, recipe_from_fields
from training.recipe.shipped import recipe_names

LANGUAGE_MODEL = "[language_model]\nfitting.epochs = 1"


@pytest.mark.parametrize("name", recipe_names())
def test_a_shipped_recipe_survives_the_manifest(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe_from_fields(recipe.fields(), source=name) == recipe


def test_the_article_is_given_number_for_number() -> None:
    recipe = load_recipe("article")
    network = recipe.network_config(vocabulary_size=10_000, num_labels=2)
    assert (recipe.tokenizer.num_words, recipe.tokenizer.skip_top, recipe.tokenizer.max_tokens) == (
        10_000,
        50,
        20,
    )
    assert (network.embedding_size, network.hidden_size, network.num_layers) == (32, 128, 1)
    assert (network.input_dropout, network.recurrent_dropout) == (0.2, 0.2)
    assert not network.bidirectional
    assert (recipe.fitting.batch_reviews, recipe.fitting.epochs, recipe.validation_ratio) == (128, 1, 0.1)
    stacked = load_recipe("article-stacked").network_config(vocabulary_size=10_000, num_labels=2)
    assert (stacked.num_layers, stacked.hidden_size) == (2, 128)


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ("epochs = 3", "epochs = 0", "fitting.epochs"),
        ("[tokenizer]", "num_sentences = -1\n[tokenizer]", "num_sentences"),
        ("epochs = 3", "epochs = 'three'", "fitting.epochs"),
        ("epochs = 3", "epochs = 3\npatience = 1", "fitting.patience"),
        ("ema_decay = 0.8", "ema_decay = 1.0", "fitting.ema_decay"),
        ("clip_norm = 1.0", "clip_norm = 0", "fitting.clip_norm"),
        ("warmup_ratio = 0.1", "warmup_ratio = 1", "fitting.warmup_ratio"),
        ('"linear"', '"cosine"', "fitting.schedule"),
        ('"linear"', '"exponential"\ndecay_ratio = 1.0', "fitting.decay_ratio"),
        ("[fitting]", "[initialisation]\nweights = 'ones'\n[fitting]", "initialisation.weights"),
        ("[fitting]", "[initialisation]\nbias = 'zeros'\n[fitting]", "initialisation.bias"),
        ("hidden_size = 16", "hidden_size = 0", "hidden_size"),
        ("hidden_size = 16", "hidden_units = 16", "hidden_units"),
        ("max_tokens = 40", "max_tokens = 1", "max_tokens"),
        ("validation_ratio = 0.2", "validation_ratio = 1.5", "validation_ratio"),
        ("[fitting]", "[vectors]\nwindow = 0\n[fitting]", "vectors.window"),
        ("[fitting]", "[fitting", "line"),
        ("clip_norm = 1.0", "layer_decay = 0", "fitting.layer_decay"),
        ("clip_norm = 1.0", "unfreeze_epochs = -1", "fitting.unfreeze_epochs"),
        ("[fitting]", "[objective]\nadversarial_norm = 0\n[fitting]", "objective.adversarial_norm"),
        ("[fitting]", "[objective]\nvirtual_norm = -1\n[fitting]", "objective.virtual_norm"),
        ("[fitting]", "[objective]\nentropy_weight = -1\n[fitting]", "objective.entropy_weight"),
        ("[fitting]", "[objective]\nword_dropout = 1\n[fitting]", "objective.word_dropout"),
        ("[fitting]", "[distillation]\nlabel_weight = 2\n[fitting]", "distillation.label_weight"),
        ("[fitting]", "[augmentation]\nend_mark = 1.5\n[fitting]", "augmentation.end_mark"),
        ("[fitting]", "[augmentation]\npieces = -0.1\n[fitting]", "augmentation.pieces"),
        ("[fitting]", "[augmentation]\nnum_neutral = -1\n[fitting]", "augmentation.num_neutral"),
        ("[fitting]", "[augmentation]\nnames = 0.1\n[fitting]", "augmentation.names"),
        ("[fitting]", "[language_model]\nfitting = { epochs = 0 }\n[fitting]", "fitting.epochs"),
        ("[fitting]", "[language_model]\nnum_noise = 0\nfitting.epochs = 1\n[fitting]", "num_noise"),
        (
            "[fitting]",
            "[language_model]\npredicted_ratio = 0\nfitting.epochs = 1\n[fitting]",
            "predicted_ratio",
        ),
        (
            "[fitting]",
            "[language_model]\ndropout = 1\nfitting.epochs = 1\n[fitting]",
            "language_model.dropout",
        ),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, before: str, after: str, named: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(TINY_RECIPE.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(InvalidRecipe, match=named) as raised:
        load_recipe(str(path))
    assert str(path) in str(raised.value)


def test_an_unknown_recipe_lists_the_known_ones() -> None:
    with pytest.raises(InvalidRecipe, match=r"article, article-stacked, cpu"):
        load_recipe("artikle")
