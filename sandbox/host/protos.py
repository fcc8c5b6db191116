"""
Plain classes in the shape of the gRPC messages that the worker library builds and reads (platform.md D3).

In Azure these come from `FunctionRpc.proto`. The worker takes them from outside as one namespace, and only reads
attributes, so attribute bags with the same names do.
"""

from types import SimpleNamespace
from typing import Any, ClassVar


class Message(SimpleNamespace):
    """Hold whatever fields it was built with; an unknown field is an AttributeError, as in protobuf."""


class TypedData(Message):
    """Hold exactly one field (`string`, `json`, `bytes`, `http`, `int`, `double`, ...) or none."""

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 - protobuf's own name
        return next(iter(vars(self)), None)

    def value(self) -> Any:
        """Return the one field's value, or None."""
        return next(iter(vars(self).values()), None)


class ParameterBinding(Message):
    """Name one input or output and hold its `data`."""

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 - protobuf's own name
        return "data" if getattr(self, "data", None) is not None else None


class StatusResult(Message):
    Failure: ClassVar[int] = 0
    Success: ClassVar[int] = 1
    Cancelled: ClassVar[int] = 2


class BindingInfo(Message):
    out: ClassVar[int] = 1
    inout: ClassVar[int] = 2
    undefined: ClassVar[int] = 0
    string: ClassVar[int] = 1
    binary: ClassVar[int] = 2
    stream: ClassVar[int] = 3


# `in` is a keyword, so it cannot be written in the class body.
setattr(BindingInfo, "in", 0)


class SameSite:
    Lax: ClassVar[str] = "Lax"
    Strict: ClassVar[str] = "Strict"
    ExplicitNone: ClassVar[str] = "None"


# protobuf's "not set"; `None` is a keyword too.
setattr(SameSite, "None", "")


class RpcHttpCookie(Message):
    SameSite: ClassVar[type[SameSite]] = SameSite


_PLAIN = (
    "RpcException",
    "WorkerInitResponse",
    "WorkerMetadata",
    "FunctionMetadataResponse",
    "FunctionLoadResponse",
    "RpcRetryOptions",
    "RpcFunctionMetadata",
    "InvocationResponse",
    "RpcHttp",
    "NullableBool",
    "NullableDouble",
    "NullableString",
    "NullableTimestamp",
)

PROTOS = SimpleNamespace(
    TypedData=TypedData,
    ParameterBinding=ParameterBinding,
    StatusResult=StatusResult,
    BindingInfo=BindingInfo,
    RpcHttpCookie=RpcHttpCookie,
    **{name: type(name, (Message,), {}) for name in _PLAIN},
)
