from service.runtime.backoff import MAX_SECONDS, Backoff


def test_waits_twice_as_long_each_time() -> None:
    backoff = Backoff(2)
    assert backoff.is_due(4, 0)
    now, waits = 0.0, []
    for _ in range(8):
        backoff.failed(4, now)
        wait = next(seconds for seconds in range(100) if backoff.is_due(4, now + seconds))
        waits.append(wait)
        now += wait
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]
    assert MAX_SECONDS == 60


def test_another_version_may_be_tried_at_once() -> None:
    backoff = Backoff(2)
    backoff.failed(4, 0)
    assert not backoff.is_due(4, 1)
    assert backoff.is_due(5, 1)
    backoff.failed(5, 1)
    assert backoff.is_due(5, 3)
    backoff.clear()
    assert backoff.is_due(5, 1)
