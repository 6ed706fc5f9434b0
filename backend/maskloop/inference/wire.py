"""Protocol buffer fields read one by one from memory, with a budget; no message is ever built."""

from collections.abc import Iterator
from dataclasses import dataclass

from maskloop.inference.errors import ModelRefused

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
LONGEST_VARINT = 10


@dataclass(frozen=True, slots=True)
class Field:
    """One field: a number in `value` for varint and fixed types, a range of the buffer for bytes."""

    number: int
    wire: int
    value: int
    start: int
    end: int


class WireReader:
    """Walks over one buffer; every field costs one unit of a budget that all its messages share."""

    def __init__(self, buffer: memoryview, *, max_fields: int) -> None:
        self.buffer = buffer
        self.fields_left = max_fields

    def fields(self, start: int, end: int) -> Iterator[Field]:
        """Yield the fields of the message in buffer[start:end]; raises `ModelRefused` on anything malformed."""
        position = start
        while position < end:
            self.fields_left -= 1
            if self.fields_left < 0:
                raise ModelRefused("The model has more parts than we are ready to check.")
            tag, position = self._varint(position, end)
            number, wire = tag >> 3, tag & 7
            if number == 0:
                raise _broken()
            value = first = 0
            if wire == VARINT:
                value, position = self._varint(position, end)
            elif wire == BYTES:
                length, first = self._varint(position, end)
                position = first + length
            elif wire in (FIXED32, FIXED64):
                first = position
                position += 4 if wire == FIXED32 else 8
            else:
                raise _broken()
            if position > end:
                raise _broken()
            yield Field(number, wire, value, first, position)

    def text(self, field: Field, *, limit: int) -> str:
        """Return a string field; raises `ModelRefused` if it is longer than `limit` bytes or no UTF-8."""
        if field.end - field.start > limit:
            raise ModelRefused(f"The model holds a text of {field.end - field.start:,} bytes; {limit:,} are allowed.")
        try:
            return str(self.buffer[field.start : field.end], "utf-8")
        except UnicodeDecodeError as error:
            raise _broken() from error

    def varints(self, field: Field, *, limit: int) -> list[int]:
        """Return the numbers of a repeated varint field, packed or not; at most `limit` of them."""
        if field.wire == VARINT:
            return [field.value]
        found: list[int] = []
        position = field.start
        while position < field.end:
            value, position = self._varint(position, field.end)
            found.append(value)
            if len(found) > limit:
                raise ModelRefused("The model holds a list that is longer than allowed.")
        return found

    def _varint(self, position: int, end: int) -> tuple[int, int]:
        value = 0
        for shift in range(0, 7 * LONGEST_VARINT, 7):
            if position >= end:
                raise _broken()
            byte = self.buffer[position]
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & 0xFFFF_FFFF_FFFF_FFFF, position
        raise _broken()


def _broken() -> ModelRefused:
    return ModelRefused("The file is no ONNX model, or it is damaged.")
