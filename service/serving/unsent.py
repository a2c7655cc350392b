"""Counts the bytes of answers that wait for their clients to read them."""

from service.errors import AnswersUnread


class Unsent:
    """What all connections of a process hold, and how much that may be.

    The connections count it, whichever server runs the app. Work asks for room before it computes
    another answer.
    """

    def __init__(self, max_bytes: int) -> None:
        self.bytes = 0
        self._max_bytes = max_bytes

    def require_room(self) -> None:
        """Raise AnswersUnread if the answers that wait take all of it."""
        if self.bytes >= self._max_bytes:
            raise AnswersUnread
