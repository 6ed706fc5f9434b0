"""Where an error came from, without what it says: messages may hold a patient's values."""

import traceback
from pathlib import PurePath


def locations(error: BaseException, *, limit: int = 8) -> list[str]:
    """Return `file:line function` of the innermost frames."""
    frames = traceback.extract_tb(error.__traceback__)[-limit:]
    return [f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
