"""Why the service refuses a request, as one tree. Only http/problems.py knows their status codes.

ServiceError
├── StartRefused                the service cannot start; names the variable that is wrong
│   ├── SettingWrong            a variable has a wrong value
│   ├── AddressUnusable         the address is taken, or not one to listen on
│   └── RepositoryUnusable      there is nothing to serve
├── ModelUnknown                no model of that name is served
├── ModelUnavailable            the model exists but did not load
├── NotReady                    models are still loading, or one failed to
├── ShuttingDown                the service is draining; requests belong elsewhere
├── Overloaded                  every place and the queue are taken
├── AnswersUnread               clients leave too many answers unread
├── KeyRequired                 the API key is missing or wrong
├── HostUnknown                 it was sent to a host that this service does not answer for
├── FromAnotherOrigin           a page of another origin had a browser send it
└── RequestError                the request is at fault; names what is wrong in it
    ├── Malformed               it cannot be parsed
    ├── MediaTypeUnsupported    it is in a format that this operation does not read
    ├── TooLarge                it is over a documented limit
    │   └── BodyTooLarge        its body is, and was not read to the end
    ├── TileUnknown             it asks for a map tile outside the world
    ├── OperationUnknown        it asks for what only other servers of a protocol have
    └── Invalid                 it is understood but wrong

Why an artifact cannot be used is in artifact/errors.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

MAX_FAULTS = 20  # that one answer names


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a request.

    `pointer` is a JSON pointer (RFC 6901) whose first token says where it points: body, form,
    query, path or models.
    """

    pointer: str
    detail: str


def pointer_to(*tokens: int | str) -> str:
    """A JSON pointer from its tokens, each cut to 64 characters: a client may have made it up."""
    cut = (str(token)[:64].replace("~", "~0").replace("/", "~1") for token in tokens)
    return "".join(f"/{token}" for token in cut)


class ServiceError(Exception):
    """Base of all errors that the service raises on purpose."""

    faults: Sequence[Fault] = ()


class StartRefused(ServiceError): ...


class SettingWrong(StartRefused): ...


class AddressUnusable(StartRefused): ...


class RepositoryUnusable(StartRefused): ...


class ModelUnknown(ServiceError): ...


class ModelUnavailable(ServiceError): ...


class NotReady(ServiceError):
    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("not every model is ready")
        self.faults = faults


class ShuttingDown(ServiceError):
    def __init__(self) -> None:
        super().__init__("the service is shutting down")


class Overloaded(ServiceError):
    def __init__(self) -> None:
        super().__init__("all places and the queue are taken")


class AnswersUnread(ServiceError):
    def __init__(self) -> None:
        super().__init__("too many answers wait for their clients to read them")


class KeyRequired(ServiceError): ...


class HostUnknown(ServiceError): ...


class FromAnotherOrigin(ServiceError): ...


class RequestError(ServiceError):
    def __init__(self, detail: str, pointer: str | None = None) -> None:
        super().__init__(detail)
        self.faults = [] if pointer is None else [Fault(pointer, detail)]


class Malformed(RequestError): ...


class MediaTypeUnsupported(RequestError): ...


class TooLarge(RequestError): ...


class BodyTooLarge(TooLarge):
    """The body exceeds the limit. The rest of it is not read, so the connection has to close."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"the body is larger than {max_bytes} bytes")


class TileUnknown(RequestError): ...


class OperationUnknown(RequestError): ...


class Invalid(RequestError):
    @classmethod
    def at(cls, faults: list[Fault]) -> Self:
        """One error for the first MAX_FAULTS faults; the first one's detail is its summary."""
        error = cls(faults[0].detail)
        error.faults = faults[:MAX_FAULTS]
        return error
