from sentiment import Tokenizer, TokenizerConfig
from training.learning.word_vectors import learn_vectors
from training.recipe.tables import Vectors

TEXTS = ["a _good_ film with a _good_ cast", "a dull film with a dull cast"] * 20


def test_words_are_cut_as_the_tokenizer_cuts_them() -> None:
    tokenizer = Tokenizer.fit(TEXTS, TokenizerConfig(num_words=20, text_rules=2))
    vectors = learn_vectors(TEXTS, tokenizer, Vectors(epochs=1), size=4, seed=1)
    assert vectors.shape == (tokenizer.vocabulary_size, 4)
    assert vectors[tokenizer.encode("good").ids[0]].any()
    assert not vectors[:2].any()  # padding and unknown words


def test_pieces_of_unknown_words_have_vectors() -> None:
    tokenizer = Tokenizer(["good", "film"], TokenizerConfig(num_pieces=3), ["bad", "##ly", "x"])
    vectors = learn_vectors(["good film", "badly x y"] * 20, tokenizer, Vectors(epochs=1), size=4, seed=1)
    assert vectors[tokenizer.encode("good film badly x").ids].any(axis=1).all()
    assert not vectors[:2].any()
