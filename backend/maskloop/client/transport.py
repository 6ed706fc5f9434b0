"""HTTP as the server speaks it: bearer token, problem documents, cursor pages, jobs that are waited for."""

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import httpx
from pydantic import BaseModel

from maskloop.client.errors import JobFailed, MaskloopError
from maskloop.client.types import Job

Shape = TypeVar("Shape", bound=BaseModel)
Progress = Callable[[float, str], None]
TIMEOUT = httpx.Timeout(10, read=120, write=120)
TRIES = 5


class Transport:
    """One connection to one server."""

    def __init__(self, url: str, token: str, *, transport: httpx.BaseTransport | None = None) -> None:
        try:
            self.http = httpx.Client(
                base_url=url.rstrip("/") + "/api/v1/",
                headers={"Authorization": f"Bearer {token}"},
                timeout=TIMEOUT,
                transport=transport,
            )
        except httpx.InvalidURL as error:
            raise MaskloopError(f"MASKLOOP_URL is not an address: {error}", code="not-configured") from error

    def close(self) -> None:
        """Close the connection."""
        self.http.close()

    def call(self, method: str, path: str, **options: object) -> httpx.Response:
        """Send one request and return the answer. Raises MaskloopError for a problem or no answer.

        Reading, and writing with an Idempotency-Key, is tried again when the server is away for a moment.
        """
        headers = options.get("headers")
        again = method == "GET" or (isinstance(headers, Mapping) and "Idempotency-Key" in headers)
        for attempt in range(TRIES):
            last = attempt == TRIES - 1 or not again
            try:
                answer = self.http.request(method, path.lstrip("/"), **options)  # type: ignore[arg-type]
            except httpx.TransportError as error:
                if last:
                    raise self._no_answer(error) from error
            else:
                if answer.status_code not in {429, 502, 503, 504} or last:
                    return _checked(answer)
            time.sleep(min(8, 0.5 * 2**attempt))
        raise AssertionError("the last try returns or raises")

    def download(self, path: str, target: Path) -> None:
        """Write the answer's bytes to a file, which is there whole or not at all."""
        part = target.with_name(target.name + ".part")
        try:
            with self.http.stream("GET", path) as answer:
                if not answer.is_success:
                    answer.read()
                _checked(answer)
                with part.open("wb") as file:
                    for piece in answer.iter_bytes():
                        file.write(piece)
            part.replace(target)
        except httpx.TransportError as error:
            raise self._no_answer(error) from error
        finally:
            part.unlink(missing_ok=True)

    def _no_answer(self, error: httpx.TransportError) -> MaskloopError:
        text = f"{self.http.base_url.host} did not answer: {str(error) or type(error).__name__}"
        return MaskloopError(text, code="no-answer")

    def get(self, path: str, shape: type[Shape], **query: object) -> Shape:
        """Read one resource."""
        return shape.model_validate_json(self.call("GET", path, params=_given(query)).content)

    def post(self, path: str, shape: type[Shape], body: object = None) -> Shape:
        """Send JSON with an Idempotency-Key of its own and read the answer."""
        headers = {"Idempotency-Key": str(uuid4())}
        return shape.model_validate_json(self.call("POST", path, json=body, headers=headers).content)

    def pages(self, path: str, shape: type[Shape], **query: object) -> Iterator[Shape]:
        """Yield every item of a list."""
        cursor: str | None = None
        while True:
            page = self.call("GET", path, params=_given({**query, "cursor": cursor})).json()
            yield from (shape.model_validate(item) for item in page["items"])
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def wait(self, job: Job, on_progress: Progress | None = None) -> Job:
        """Wait until a job ends. Raises JobFailed unless it succeeded."""
        pause = 0.1
        while job.state in {"queued", "running"}:
            time.sleep(pause)
            pause = min(1.0, pause * 1.3)
            job = self.get(f"jobs/{job.id}", Job)
            if on_progress is not None and job.progress is not None:
                on_progress(job.progress.fraction, job.progress.step)
        if job.state != "succeeded":
            problem = job.problem or {}
            sentence = str(problem.get("detail") or f"The job ended as {job.state}.")
            raise JobFailed(sentence, code=str(problem.get("code") or job.state))
        return job


def _given(query: Mapping[str, object]) -> dict[str, str | list[str]]:
    """Leave out what was not given; lists stay lists."""
    return {
        name: [str(item) for item in value] if isinstance(value, list) else str(value)
        for name, value in query.items()
        if value is not None
    }


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    status = answer.status_code
    if answer.headers.get("content-type", "").startswith("application/problem+json"):
        problem = answer.json()
        raise MaskloopError(str(problem.get("detail")), code=str(problem.get("code")), status=status)
    raise MaskloopError(f"The server answered {status} to {answer.request.url.path}.", code="http-error", status=status)
