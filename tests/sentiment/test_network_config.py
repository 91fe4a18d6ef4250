import pytest

from sentiment import InvalidConfiguration, NetworkConfig


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("vocabulary_size", 0),
        ("num_labels", 1),
        ("hidden_size", 0),
        ("num_layers", 0),
        ("input_dropout", 1.0),
        ("recurrent_dropout", -0.1),
        ("embedding_dropout", 1.5),
        ("weight_drop", 1.0),
        ("pooling", "sum"),
    ],
)
def test_a_wrong_field_is_named(field: str, value: object) -> None:
    fields = {"vocabulary_size": 10, "num_labels": 2} | {field: value}
    with pytest.raises(InvalidConfiguration, match=field):
        NetworkConfig(**fields)  # type: ignore[arg-type]  # wrong on purpose


def test_two_ways_of_dropping_the_recurrent_path_exclude_each_other() -> None:
    with pytest.raises(InvalidConfiguration, match="exclude each other"):
        NetworkConfig(vocabulary_size=10, num_labels=2, weight_drop=0.1, recurrent_dropout=0.1)
