"""What other domains do when an image appears; they say so when their tasks are loaded."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from maskloop.images.tables import Image

Listener = Callable[[Session, Image], None]
_listeners: list[Listener] = []


def on_image_created(listener: Listener) -> Listener:
    """Call `listener` in the transaction that makes an image."""
    if listener not in _listeners:
        _listeners.append(listener)
    return listener


def announce_image(session: Session, image: Image) -> None:
    """Tell every listener. The row is flushed and the transaction still open."""
    for listener in _listeners:
        listener(session, image)
