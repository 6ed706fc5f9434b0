"""The client: what a program does with a Maskloop server."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from uuid import UUID, uuid4

import httpx

from maskloop.client import types
from maskloop.client.errors import MaskloopError
from maskloop.client.transport import Progress, Transport

Sent = Callable[[int], None]
TOO_LARGE = 413
INSUFFICIENT_STORAGE = 507


class Client:
    """A signed-in program. Without arguments it reads MASKLOOP_URL and MASKLOOP_TOKEN.

    Every method raises MaskloopError with a stable `code` when the server refuses or does not answer.
    """

    def __init__(
        self, url: str | None = None, token: str | None = None, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        url = url or os.environ.get("MASKLOOP_URL")
        token = token or os.environ.get("MASKLOOP_TOKEN")
        if not url or not token:
            raise MaskloopError("Set MASKLOOP_URL and MASKLOOP_TOKEN, or pass url and token.", code="not-configured")
        self.transport = Transport(url, token, transport=transport)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.transport.close()

    def projects(self) -> list[types.Project]:
        """Return the projects that the caller may see."""
        return list(self.transport.pages("projects", types.Project))

    def project(self, name_or_id: str) -> types.Project:
        """Return a project by name or id."""
        for project in self.projects():
            if name_or_id in {project.name, str(project.id)}:
                return project
        raise MaskloopError(f"There is no project {name_or_id!r} that you may see.", code="not-found", status=404)

    def create_project(self, name: str, labels: Sequence[Mapping[str, object]] = ()) -> types.Project:
        """Make a project with labels: each {"name", "color", "kind"}."""
        project = self.transport.post("projects", types.Project, {"name": name})
        for label in labels:
            self.transport.post(f"projects/{project.id}/labels", types.Label, dict(label))
        return project

    def labels(self, project_id: UUID) -> list[types.Label]:
        """Return the labels of a project."""
        return list(self.transport.pages(f"projects/{project_id}/labels", types.Label))

    def images(self, project_id: UUID) -> list[types.Image]:
        """Return the images of a project."""
        return list(self.transport.pages(f"projects/{project_id}/images", types.Image))

    def image(self, image_id: UUID | str) -> types.Image:
        """Return one image with its affine."""
        return self.transport.get(f"images/{image_id}", types.Image)

    def import_files(
        self,
        project_id: UUID,
        files: Sequence[tuple[str, Path]],
        *,
        allow_identified: bool = False,
        on_sent: Sent | None = None,
        on_progress: Progress | None = None,
    ) -> Iterator[types.UploadItem]:
        """Send files (name, path) as one upload, wait for its import and yield the outcomes with every name.

        A file that is too large is refused and the others go on. Raises MaskloopError `storage-low` when the server
        has no room: nothing of the upload stays then.
        """
        body = {"allow_identified": allow_identified, "source": "cli"}
        upload = self.transport.post(f"projects/{project_id}/uploads", types.Upload, body)
        sent: list[str] = []
        for name, path in files:
            try:
                sent.append(self._send(upload.id, name, path, on_sent))
            except MaskloopError as error:
                if error.status == INSUFFICIENT_STORAGE:
                    self._take_back(upload.id, sent)
                if error.status != TOO_LARGE:
                    raise
                yield types.UploadItem(file=name, outcome="refused", reason=str(error), names=[name])
        if not sent:
            return
        job = self.transport.post(f"uploads/{upload.id}/close", types.Job)
        self.transport.wait(job, on_progress)
        yield from self.transport.pages(f"uploads/{upload.id}/items", types.UploadItem, expand="names")

    def segmenters(self, project_id: UUID) -> list[types.Segmenter]:
        """Return everything that proposes masks, classical methods too."""
        return list(self.transport.pages(f"projects/{project_id}/segmenters", types.Segmenter))

    def segmentation(self, image_id: UUID | str, *, purpose: str = "reading") -> types.Segmentation:
        """Return the labelling of an image, made if it is the first."""
        return self.transport.post(f"images/{image_id}/segmentations", types.Segmentation, {"purpose": purpose})

    def predict(
        self,
        image_id: UUID | str,
        segmenter: str,
        *,
        version: str | None = None,
        parameters: Mapping[str, object] | None = None,
        label_id: UUID | None = None,
        on_progress: Progress | None = None,
    ) -> types.Proposal:
        """Run a segmenter on an image and return its proposal."""
        segmentation = self.segmentation(image_id)
        body = {
            "segmenter": segmenter,
            "version": version,
            "parameters": dict(parameters or {}),
            "label_id": str(label_id) if label_id else None,
        }
        job = self.transport.post(f"segmentations/{segmentation.id}/proposals", types.Job, body)
        result = self.transport.wait(job, on_progress).result or {}
        return self.transport.get(f"proposals/{result['proposal_id']}", types.Proposal)

    def accept(self, proposal_id: UUID) -> int:
        """Accept a proposal; return the seq of the revision that it became."""
        headers = {"Idempotency-Key": str(uuid4())}
        answer = self.transport.call("POST", f"proposals/{proposal_id}/accept", headers=headers)
        return int(answer.json()["seq"])

    def export(
        self,
        project_id: UUID,
        file_format: str,
        folder: Path,
        *,
        variant: str = "semantic",
        image_ids: Sequence[str] | None = None,
        segmentation_ids: Sequence[str] | None = None,
        on_progress: Progress | None = None,
    ) -> dict[str, object]:
        """Export labels, write the files and manifest.json into `folder`, and return the manifest."""
        body = {"format": file_format, "variant": variant, "image_ids": image_ids, "segmentation_ids": segmentation_ids}
        job = self.transport.post(f"projects/{project_id}/exports", types.Job, body)
        result = self.transport.wait(job, on_progress).result or {}
        export = self.transport.get(f"exports/{result['export_id']}", types.Export)
        manifest = export.manifest or {"items": [], "failed": []}
        folder.mkdir(parents=True, exist_ok=True)
        names = [*_file_names(manifest), "manifest.json"]
        for name in names:
            self.transport.download(f"exports/{export.id}/files/{name}", folder / Path(name).name)
        return manifest

    def models(self) -> list[types.ModelVersion]:
        """Return every registered network and classical method."""
        return list(self.transport.pages("models", types.ModelVersion))

    def add_model(self, files: Sequence[Path], manifest: Path | None = None) -> types.ModelVersion:
        """Register an ONNX file (or encoder and decoder); without a manifest the server knows it by its hash."""
        parts = [("files", (path.name, path.read_bytes(), "application/octet-stream")) for path in files]
        fields = {"manifest": manifest.read_text()} if manifest else None
        answer = self.transport.call(
            "POST", "models", files=parts, data=fields, headers={"Idempotency-Key": str(uuid4())}
        )
        job = self.transport.wait(types.Job.model_validate_json(answer.content))
        return types.ModelVersion.model_validate(job.result)

    def _take_back(self, upload_id: UUID, file_ids: Sequence[str]) -> None:
        """Remove files that were sent; the server sweeps what this does not reach."""
        with suppress(MaskloopError):
            for file_id in file_ids:
                self.transport.call("DELETE", f"uploads/{upload_id}/files/{file_id}")

    def _send(self, upload_id: UUID, name: str, path: Path, on_sent: Sent | None) -> str:
        """Send one file and return its id."""

        def pieces() -> Iterator[bytes]:
            with path.open("rb") as source:
                while piece := source.read(1 << 20):
                    yield piece
                    if on_sent is not None:
                        on_sent(len(piece))

        headers = {"Content-Length": str(path.stat().st_size), "Content-Type": "application/octet-stream"}
        answer = self.transport.call(
            "POST", f"uploads/{upload_id}/raw", params={"name": name}, content=pieces(), headers=headers
        )
        return str(answer.json()["id"])


def _file_names(manifest: Mapping[str, object]) -> list[str]:
    items = manifest["items"]
    assert isinstance(items, list)
    return sorted({str(item["file"]) for item in items})
