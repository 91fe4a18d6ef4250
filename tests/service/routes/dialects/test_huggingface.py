"""Hugging Face's text classification, asked by its own client."""

from pathlib import Path

import httpx
import pytest

from tests.service import stores
from tests.service.http_helpers import post
from tests.service.routes.dialects.clients import huggingface
from tests.service.running import service


def scores(probabilities: dict[str, float]) -> list[tuple[str, float]]:
    """Return labels and probabilities, the most probable first."""
    return sorted(probabilities.items(), key=lambda each: -each[1])


def test_the_labels_of_a_text(speaking: str, asking: httpx.Client) -> None:
    client = huggingface(speaking)
    for text in stores.TEXTS:
        expected = scores(post(asking, text)[0]["probabilities"])
        assert [(each.label, each.score) for each in client.text_classification(text)] == expected
        best = client.text_classification(text, top_k=1)
        assert [(each.label, each.score) for each in best] == expected[:1]


def test_several_texts_are_a_list_of_lists_and_so_is_one(asking: httpx.Client) -> None:
    expected = [scores(each["probabilities"]) for each in post(asking, *stores.TEXTS)]
    for inputs, wanted in ((list(stores.TEXTS), expected), (stores.TEXTS[0], expected[:1])):
        answer = asking.post("/", json={"inputs": inputs}).raise_for_status().json()
        assert [[(each["label"], each["score"]) for each in one] for one in answer] == wanted


@pytest.mark.parametrize(
    "parameters",
    [None, {}, {"top_k": None}, {"top_k": 9, "function_to_apply": "softmax", "truncation": True}],
)
def test_parameters(asking: httpx.Client, parameters: object) -> None:
    body = {"inputs": "good", "parameters": parameters, "options": {"wait_for_model": True}}
    assert len(asking.post("/", json=body).raise_for_status().json()[0]) == 2


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "inputs: is missing"),
        ({"inputs": []}, "inputs: must not be empty"),
        ({"inputs": ["good", 1]}, "inputs[1]: must be a string"),
        ({"inputs": {"text": "good"}}, "inputs: must be a list"),
        ({"inputs": "good", "parameters": {"top_k": 0}}, "parameters.top_k: is not valid"),
        (
            {"inputs": "good", "parameters": {"function_to_apply": "sigmoid"}},
            "parameters.function_to_apply: must be 'softmax'",
        ),
        ({"inputs": ["good"] * 257}, "inputs: has 257 reviews, and at most 256 are accepted"),
        (
            {"inputs": [""] * 12},
            "; ".join([*(f"inputs[{index}]: must not be empty" for index in range(10)), "and 2 more"]),
        ),
    ],
)
def test_a_body_that_is_wrong(asking: httpx.Client, body: object, message: str) -> None:
    response = asking.post("/", json=body)
    assert response.status_code == 422
    assert response.json() == {"error": message, "error_type": "invalid_request"}


def test_a_target_is_nothing_to_it_where_the_dialect_is_alone(tiny_store: Path) -> None:
    with service(tiny_store, dialects="huggingface") as url:
        response = httpx.post(url, json={"inputs": "good"}, headers={"X-Amz-Target": "any"})
        assert response.status_code == 200
        assert httpx.get(url).status_code == 200
