"""Why a save was not made. Nothing was stored then, not even its key."""

from collections.abc import Iterable

from maskloop.core.errors import Conflict, Invalid, PreconditionFailed, TooLarge


class Closed(Conflict):
    """The segmentation is submitted or approved: nothing can be drawn on it."""

    default_code = "closed"


class SegmentGone(PreconditionFailed):
    """Something was drawn in a number that is no live segment of that layer."""

    default_code = "segment-gone"

    def __init__(self, seq: int, numbers: Iterable[int]) -> None:
        gone = sorted(numbers)
        shown = ", ".join(str(number) for number in gone[:5]) + (" ..." if len(gone) > 5 else "")
        super().__init__(f"Segment {shown} is not there any more.", seq=seq, numbers=gone[:1000])


class StaleSegment(PreconditionFailed):
    """A field of a segment is neither what the change says it was nor what it would become."""

    default_code = "stale-segment"

    def __init__(self, seq: int, numbers: Iterable[int]) -> None:
        super().__init__("Someone else changed this segment meanwhile.", seq=seq, numbers=sorted(numbers))


class Renumbered(PreconditionFailed):
    """What was sent names numbers of before a renumbering."""

    default_code = "renumbered"

    def __init__(self, numbering: int) -> None:
        detail = "The segments were renumbered meanwhile. Say it again in the new numbers."
        super().__init__(detail, numbering=numbering)


class StaleVoxels(PreconditionFailed):
    """Someone else drew under it. `positions` are strings: too wide for a JSON number."""

    default_code = "stale-voxels"

    def __init__(self, seq: int, positions: Iterable[int], voxels: int) -> None:
        listed = [str(pos) for pos in sorted(positions)]
        super().__init__(f"Someone else drew here: {voxels} voxels differ.", seq=seq, positions=listed)


class KeyReused(Invalid):
    """The idempotency key was used for another request."""

    default_code = "key-reused"

    def __init__(self) -> None:
        super().__init__("This key was used for another request. A new request needs a new key.")


class NumbersExhausted(Invalid):
    """All 65,535 numbers of a segmentation are given out."""

    default_code = "numbers-exhausted"


class BadStroke(Invalid):
    """The body of a save is not one."""

    default_code = "bad-stroke"


class TooManyTiles(TooLarge):
    """More tiles than one request may change."""

    default_code = "too-many-tiles"
