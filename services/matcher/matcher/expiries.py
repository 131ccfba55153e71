"""Which faces of an index end when: the next one to end is found without looking at the others."""

import heapq
import math


class Expiries:
    """Ends of retention in Unix seconds, by user id. Most faces have none, and cost nothing."""

    def __init__(self) -> None:
        self._ends: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []

    def put(self, user_id: str, end: float) -> None:
        """Infinite for a face without an end."""
        if math.isinf(end):
            self._ends.pop(user_id, None)
        else:
            self._ends[user_id] = end
            heapq.heappush(self._heap, (end, user_id))

    def remove(self, user_id: str) -> None:
        self._ends.pop(user_id, None)

    def ended(self, now: float) -> list[str]:
        """Who has ended by now; each is told once."""
        found = []
        while self._heap and self._heap[0][0] <= now:
            end, user_id = heapq.heappop(self._heap)
            if self._ends.get(user_id) == end:
                del self._ends[user_id]
                found.append(user_id)
        return found
