"""The part of XML-RPC that supervisord needs, both directions. Pure.

By hand, because the standard library's client imports http.client and with it ssl: 7 MB that keeper does without.
"""

from typing import Any, Final
from xml.parsers import expat

from common.errors import StreamError

_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class FaultError(StreamError):
    """The other side refused; `code` is supervisord's (its `xmlrpc.Faults`)."""

    def __init__(self, code: int, text: str) -> None:
        self.code = code
        super().__init__(f"supervisord refused: {text} ({code})")


def encode_call(method: str, *arguments: str | bool) -> bytes:
    """Return the body of a call."""
    values = "".join(f"<param><value>{_encode(argument)}</value></param>" for argument in arguments)
    call = f"<methodCall><methodName>{method}</methodName><params>{values}</params></methodCall>"
    return f"<?xml version='1.0'?>{call}".encode()


def decode_response(body: bytes) -> Any:
    """Return the value of a response; FaultError when it is a fault, ValueError when it is no response."""
    reader = _Reader()
    try:
        reader.parser.Parse(body, True)
    except (expat.ExpatError, IndexError, KeyError) as error:
        raise ValueError(f"no XML-RPC response: {error!r}") from error
    finally:
        # The parser holds its reader: this round would be left to the collector, which seldom comes by in keeper.
        del reader.parser
    if len(reader.values) != 1:
        raise ValueError(f"an XML-RPC response with {len(reader.values)} values, expected one")
    value = reader.values[0]
    if reader.is_fault:
        raise FaultError(int(value["faultCode"]), str(value["faultString"]))
    return value


def _encode(argument: str | bool) -> str:
    if isinstance(argument, bool):
        return f"<boolean>{int(argument)}</boolean>"
    return f"<string>{argument.translate(_ESCAPES)}</string>"


class _Reader:
    """Turns the elements into values on a stack: a container's mark, then its parts, folded when it closes."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.is_fault = False
        self._marks: list[int] = []
        self._names: list[str] = []
        self._text: list[str] = []
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._opened
        self.parser.EndElementHandler = self._closed
        self.parser.CharacterDataHandler = self._text.append

    def _opened(self, tag: str, _attributes: dict[str, str]) -> None:
        self._text.clear()
        if tag in ("struct", "array"):
            self._marks.append(len(self.values))
        elif tag == "fault":
            self.is_fault = True

    def _closed(self, tag: str) -> None:
        text = "".join(self._text)
        if tag == "string":
            self.values.append(text)
        elif tag in ("int", "i4"):
            self.values.append(int(text))
        elif tag == "boolean":
            self.values.append(text == "1")
        elif tag == "name":
            self._names.append(text)
        elif tag == "array":
            mark = self._marks.pop()
            self.values[mark:] = [self.values[mark:]]
        elif tag == "struct":
            self._close_struct()
        self._text.clear()

    def _close_struct(self) -> None:
        mark = self._marks.pop()
        members = self.values[mark:]
        names = self._names[len(self._names) - len(members) :]
        del self._names[len(self._names) - len(members) :]
        self.values[mark:] = [dict(zip(names, members, strict=True))]
