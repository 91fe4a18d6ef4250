import asyncio
from collections.abc import Callable, Iterator, Sequence

import pytest

from sentiment import TokenizedReview
from service.backlog import Backlog, BacklogClosed, Job


@pytest.fixture
def job() -> Iterator[Callable[..., Job]]:
    """Return what makes jobs with reviews of so many tokens."""
    loop = asyncio.new_event_loop()

    def make(*lengths: int) -> Job:
        return Job(reviews=[review(length) for length in lengths], future=loop.create_future())

    yield make
    loop.close()


def review(length: int) -> TokenizedReview:
    """Return a review of so many tokens."""
    return TokenizedReview(ids=[1] * length, num_tokens=length, truncated=False, unknown_ratio=0.0)


def take(backlog: Backlog, jobs: Sequence[Job]) -> list[tuple[int, int]]:
    """Take a batch, as the number of each review's job and its place in it."""
    return [(jobs.index(item.job), item.place) for item in backlog.take()]


def test_first_come_first_served_within_the_budget(job: Callable[..., Job]) -> None:
    backlog = Backlog(max_batch_tokens=10)
    jobs = [job(4, 4, 4), job(1), job(30), job(2, 8)]
    for each in jobs:
        backlog.put(each)
    assert backlog.num_tokens == 53
    assert take(backlog, jobs) == [(0, 0), (0, 1)]
    assert backlog.num_tokens == 45
    assert take(backlog, jobs) == [(0, 2), (1, 0)]
    assert take(backlog, jobs) == [(2, 0)]
    assert take(backlog, jobs) == [(3, 0), (3, 1)]
    assert backlog.num_tokens == 0


def test_discarding_takes_back_what_no_batch_has(job: Callable[..., Job]) -> None:
    backlog = Backlog(max_batch_tokens=5)
    jobs = [job(5, 5), job(3), job(4)]
    for each in jobs:
        backlog.put(each)
    assert take(backlog, jobs) == [(0, 0)]
    for each in jobs[:2] * 2:
        backlog.discard(each)
    assert backlog.num_tokens == 4
    assert take(backlog, jobs) == [(2, 0)]
    backlog.discard(jobs[2])
    assert backlog.num_tokens == 0


def test_a_closed_backlog_is_worked_off(job: Callable[..., Job]) -> None:
    backlog = Backlog(max_batch_tokens=5)
    jobs = [job(5, 5)]
    backlog.put(jobs[0])
    backlog.close()
    with pytest.raises(BacklogClosed):
        backlog.put(job(1))
    assert [take(backlog, jobs) for _ in range(3)] == [[(0, 0)], [(0, 1)], []]
