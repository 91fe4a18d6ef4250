import re
from typing import Any

import pytest

from service.app import create_app
from service.settings import Settings
from service.telemetry.metric import Metric
from service.telemetry.metrics import METRICS, Metrics
from service.telemetry.request_metrics import method_label
from tests.service.running import series

CUT_REASONS = (
    "answer_not_taken",
    "bad_request",
    "header_too_large",
    "made_room",
    "request_timeout",
    "too_many_connections",
)
KNOWN = [
    series("sentiment_http_requests_total", route="/predict", method="POST", status="200"),
    series("sentiment_http_requests_total", route="/predict", method="POST", status="413"),
    series("sentiment_http_requests_total", route="/predict", method="POST", status="503"),
    series("sentiment_http_requests_total", route="/models/{version}", method="GET", status="404"),
    series("sentiment_http_requests_total", route="unmatched", method="GET", status="404"),
    series("sentiment_http_request_duration_seconds_count", route="/predict", method="POST"),
    series("sentiment_http_requests_in_flight"),
    series("sentiment_connections"),
    *[series("sentiment_connections_cut_total", reason=reason) for reason in CUT_REASONS],
    *[
        series("sentiment_stage_duration_seconds_count", stage=stage)
        for stage in ("read", "parse", "tokenize", "queue", "inference", "respond")
    ],
    series("sentiment_queue_tokens"),
    series("sentiment_queue_tokens_limit"),
    *[series("sentiment_lanes", state=state) for state in ("idle", "busy", "stalled", "dead")],
    series("sentiment_batch_reviews_count"),
    series("sentiment_batch_tokens_count"),
    series("sentiment_batch_padding_ratio_count"),
    *[
        series("sentiment_batch_splits_total", reason=reason)
        for reason in ("exception", "not_finite", "out_of_memory")
    ],
    *[
        series("sentiment_requests_rejected_total", reason=reason)
        for reason in (
            "body_too_large",
            "draining",
            "header_too_large",
            "invalid_request",
            "malformed_json",
            "not_ready",
            "overloaded",
            "unauthorized",
            "unsupported_media_type",
        )
    ],
    *[series("sentiment_requests_cancelled_total", stage=stage) for stage in ("read", "tokenize", "queue")],
    *[
        series("sentiment_inference_failures_total", reason=reason)
        for reason in ("exception", "not_finite", "out_of_memory", "lane_died")
    ],
    series("sentiment_review_tokens_count"),
    series("sentiment_reviews_truncated_total"),
    series("sentiment_unknown_token_ratio_count"),
    series("sentiment_ready"),
]


def test_known_series_exist_before_anything_happens() -> None:
    app = create_app(Settings())
    text = app.state.service.metrics.render().decode()
    values = dict(re.findall(r"^(sentiment_\S+|sentiment_\S*\{.*\}) (\S+)$", text, re.MULTILINE))
    assert {name: values.get(name) for name in KNOWN} == dict.fromkeys(KNOWN, "0.0")


def test_every_application_has_its_own() -> None:
    first, second = Metrics([]), Metrics([])
    first.rejected("not_ready")
    name, labels = "sentiment_requests_rejected_total", {"reason": "not_ready"}
    assert first.registry.get_sample_value(name, labels) == 1
    assert second.registry.get_sample_value(name, labels) == 0


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_names_follow_the_rules(metric: Metric[Any]) -> None:
    assert re.fullmatch("sentiment_[a-z_]+", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert bool(metric.buckets) == (metric.kind == "histogram")
    assert list(metric.buckets) == sorted(set(metric.buckets))
    assert metric.documentation.endswith(".")


def test_unusual_methods_share_one_label() -> None:
    assert [method_label(method) for method in ("GET", "POST", "get", "BREW")] == [
        "GET",
        "POST",
        "other",
        "other",
    ]
