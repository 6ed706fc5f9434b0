"""HTTP/1.1 by the parser in C, with the limit on heads of requests that it lacks."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64 << 10  # beside the piece of the stream in which a head begins


class HttpProtocol(HttpToolsProtocol):
    """A connection; one whose head does not end is closed."""

    _is_in_head = False
    _head_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Read a piece of the stream."""
        was_in_head = self._is_in_head
        super().data_received(data)
        if not (was_in_head and self._is_in_head):
            return
        self._head_bytes += len(data)
        if self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self._is_in_head, self._head_bytes = True, 0

    def on_headers_complete(self) -> None:
        """Stop counting: what follows is the body, which has limits of its own."""
        self._is_in_head = False
        super().on_headers_complete()
