"""How much of the work of streams may wait and run."""

import asyncio
from collections import deque

__all__ = ["Room"]


class Room:
    """Tokens that are given out in the order of asking. Owned by the event loop."""

    def __init__(self, max_tokens: int) -> None:
        self._max_tokens = max_tokens
        self._num_taken = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def num_taken(self) -> int:
        """Tokens that are given out."""
        return self._num_taken

    async def take(self, num_tokens: int) -> None:
        """Wait for this many tokens; what is more than there are in all waits until nothing is given out."""
        if not self._waiting and self._fits(num_tokens):
            self._num_taken += num_tokens
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((num_tokens, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._serve()  # the next one may be smaller
            else:
                self.give(num_tokens)  # it came to its turn at the moment of being cancelled
            raise

    def give(self, num_tokens: int) -> None:
        """Give tokens back."""
        self._num_taken -= num_tokens
        self._serve()

    def _serve(self) -> None:
        while self._waiting:
            num_tokens, turn = self._waiting[0]
            if not turn.cancelled():
                if not self._fits(num_tokens):
                    return
                self._num_taken += num_tokens
                turn.set_result(None)
            self._waiting.popleft()

    def _fits(self, num_tokens: int) -> bool:
        return self._num_taken == 0 or self._num_taken + num_tokens <= self._max_tokens
