"""vLLM's classification API, asked as vLLM documents it."""

import time

import httpx
import pytest

from model_store import ModelVersion
from tests.service import stores
from tests.service.http_helpers import post


def test_a_class_for_each_text(asking: httpx.Client, tiny_version: ModelVersion) -> None:
    start = int(time.time())
    model = asking.get("/v1/models").raise_for_status().json()["data"][0]["id"]
    response = asking.post("/classify", json={"model": model, "input": stores.TEXTS}).raise_for_status()
    answer = response.json()
    predictions = post(asking, *stores.TEXTS)
    num_tokens = sum(each["tokens"] for each in predictions)
    assert start <= answer.pop("created") <= time.time()
    assert answer == {
        "id": f"classify-{response.headers['x-request-id']}",
        "object": "list",
        "model": "reviews",
        "data": [
            {
                "index": index,
                "label": each["label"],
                "probs": [each["probabilities"][label] for label in tiny_version.manifest.labels],
                "num_classes": 2,
            }
            for index, each in enumerate(predictions)
        ],
        "usage": {
            "prompt_tokens": num_tokens,
            "total_tokens": num_tokens,
            "completion_tokens": 0,
            "prompt_tokens_details": None,
        },
    }


def test_the_model_that_answers(asking: httpx.Client, tiny_version: ModelVersion) -> None:
    answer = asking.get("/v1/models").raise_for_status().json()
    (model,) = answer["data"]
    assert (answer["object"], model["object"], model["id"]) == ("list", "model", "reviews")
    assert model["max_model_len"] == tiny_version.manifest.tokenizer.max_tokens
    assert 0 < model["created"] <= time.time()


def test_one_text_is_a_list_of_one(asking: httpx.Client) -> None:
    answer = asking.post("/classify", json={"input": "good", "priority": 0}).raise_for_status().json()
    assert [each["index"] for each in answer["data"]] == [0]


def test_another_model_is_not_there(asking: httpx.Client) -> None:
    response = asking.post("/classify", json={"input": "good", "model": "another"})
    assert response.status_code == 404
    assert response.json()["error"] == {
        "message": "There is no model of this name; the one that answers is reviews.",
        "type": "not_found",
        "param": None,
        "code": 404,
    }


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"messages": [{"role": "user", "content": "good"}]}, "input: is missing"),
        ({"input": [1, 2]}, "input[0]: must be a string; input[1]: must be a string"),
        ({"input": ""}, "input[0]: must not be empty"),
        ({"input": "good", "use_activation": False}, "use_activation: must be True"),
    ],
)
def test_a_body_that_is_wrong(asking: httpx.Client, body: object, message: str) -> None:
    response = asking.post("/classify", json=body)
    assert (response.status_code, response.json()["error"]["message"]) == (422, message)


def test_a_method_that_it_does_not_take(asking: httpx.Client) -> None:
    response = asking.get("/classify")
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert response.json()["error"]["type"] == "method_not_allowed"
