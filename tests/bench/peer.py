"""What tools without patches do: a save sends the whole mask, a read fetches it. The same HTTP stack, next to no code.

`python -m tests.bench.peer PORT FOLDER` serves it. PUT /checked takes a gzipped array and writes it as NIfTI by
nibabel; PUT /unread writes the bytes that come, unread: the least that any such tool can do. Both end with fsync.
"""

import gzip
import http.client
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nibabel as nib
import numpy as np
import uvicorn
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from maskloop.embedded.children import free_port
from tests.bench.site import REPOSITORY, wait_for

SHAPE = (512, 512, 200)
LEVEL = 1  # of gzip: nibabel's own


class Peer:
    """One client that saves and reads whole masks, one organ and some strokes in them."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        i, j, k = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
        organ = (i - 200) ** 2 + (j - 256) ** 2 + (3 * (k - 100)) ** 2 < 120**2
        self.body = gzip.compress(organ.astype(np.uint8).tobytes(), LEVEL)

    def save(self, how: str) -> None:
        """Save the mask. Raises RuntimeError for any answer but 204."""
        self.connection.request("PUT", f"/{how}", self.body)
        answer = self.connection.getresponse()
        answer.read()
        if answer.status != 204:
            raise RuntimeError(f"the peer answered with {answer.status}")

    def read(self) -> bytes:
        """Return the mask that was saved, as the file that it is."""
        self.connection.request("GET", "/mask")
        return self.connection.getresponse().read()


@contextmanager
def peer() -> Iterator[Peer]:
    """Run the peer and connect to it."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        command = [sys.executable, "-m", "tests.bench.peer", str(port), folder]
        server = subprocess.Popen(command, cwd=REPOSITORY)
        try:
            wait_for(port)
            yield Peer(port)
        finally:
            server.terminate()
            server.wait(20)


def make_app(folder: Path) -> FastAPI:
    """Return the tool."""
    app = FastAPI()
    path = folder / "mask.nii.gz"

    @app.put("/checked", status_code=204)
    async def put_checked(request: Request) -> None:
        await run_in_threadpool(write_nifti, path, await request.body())

    @app.put("/unread", status_code=204)
    async def put_unread(request: Request) -> None:
        await run_in_threadpool(write_durably, folder / "unread", await request.body())

    @app.get("/mask")
    def get_mask() -> Response:
        return Response(path.read_bytes(), media_type="application/gzip")

    return app


def write_nifti(path: Path, body: bytes) -> None:
    """Write a gzipped array as NIfTI."""
    labels = np.frombuffer(gzip.decompress(body), np.uint8).reshape(SHAPE)
    nib.save(nib.Nifti1Image(labels, np.eye(4)), path)
    with path.open("rb") as written:
        os.fsync(written.fileno())


def write_durably(path: Path, body: bytes) -> None:
    """Write bytes, and wait until they are on the disk."""
    with path.open("wb") as written:
        written.write(body)
        written.flush()
        os.fsync(written.fileno())


if __name__ == "__main__":
    application = make_app(Path(sys.argv[2]))
    uvicorn.run(application, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)
