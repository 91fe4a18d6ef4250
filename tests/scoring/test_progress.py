from scoring.progress import Progress


def test_without_a_terminal_it_says_a_line_a_minute() -> None:
    now, lines = [0.0], list[str]()
    with Progress(100_000, clock=lambda: now[0], report=lines.append, is_terminal=False) as progress:
        for _ in range(13):
            now[0] += 10
            progress.add(1000)
    assert lines == [
        "scored 6,000 of 100,000 rows, 100 rows a second, 16 min left",
        "scored 12,000 of 100,000 rows, 100 rows a second, 15 min left",
    ]
