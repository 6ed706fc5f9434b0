"""The job that checks a network, tries it once and registers it."""

from collections.abc import Sequence

from pydantic import BaseModel

from maskloop.audit import service as audit
from maskloop.core.db import Json, session_scope
from maskloop.core.errors import AppError, Invalid, Unavailable
from maskloop.core.storage import Stored, get_storage
from maskloop.jobs.claimed import ClaimedJob
from maskloop.jobs.errors import RunnerFailed
from maskloop.jobs.handlers import handles
from maskloop.models import cleanup, service

PROBE_MEMORY = 8 << 30
PROBE_TIMEOUT_S = 180
MAX_ATTEMPTS = 2


class StoredFile(BaseModel):
    """A file that waits in the store."""

    key: str
    size: int
    digest: str


class AddModel(BaseModel):
    """Inputs of the job `add-model`."""

    files: list[StoredFile]
    manifest: Json | None = None


@handles("add-model", queue="infer", inputs=AddModel, max_attempts=MAX_ATTEMPTS)
def add_model(job: ClaimedJob, inputs: AddModel) -> None:
    """Check the files in a runner and register them; what is refused is removed from the store."""
    try:
        _register(job, inputs, _probe(job, inputs))
    except AppError as error:
        again = isinstance(error, Unavailable) or (isinstance(error, RunnerFailed) and error.retryable)
        if not again or job.attempt >= MAX_ATTEMPTS:
            remove_files(inputs.files)
        raise


def _probe(job: ClaimedJob, inputs: AddModel) -> Json:
    """Return the runner's verdict on the files. Raises Invalid with its sentence when they are refused."""
    with job.scratch(expected_bytes=sum(file.size for file in inputs.files)) as folder:
        names = [f"model{number}.onnx" for number in range(len(inputs.files))]
        for name, file in zip(names, inputs.files, strict=True):
            get_storage().fetch(file.key, folder / name, digest=bytes.fromhex(file.digest))
        args: Json = {"files": names, "manifest": inputs.manifest, "threads": 1}
        verdict = job.run("probe-model", args, scratch=folder, memory_bytes=PROBE_MEMORY, timeout_s=PROBE_TIMEOUT_S)
    if verdict.get("ok") is not True:
        raise Invalid(str(verdict["sentence"]), code=str(verdict.get("code", "model-refused")))
    return verdict


def _register(job: ClaimedJob, inputs: AddModel, verdict: Json) -> None:
    result: Json = {}
    manifest = verdict["manifest"]
    assert isinstance(manifest, dict)
    stored = [Stored(file.key, file.size, bytes.fromhex(file.digest)) for file in inputs.files]
    with job.transaction(finish=result) as session:
        version = service.register(session, manifest, stored, created_by=job.created_by)
        result |= service.describe_version(version).model_dump(mode="json")
        result |= {"id": str(version.id), "sentence": verdict["sentence"]}
        audit.record(
            session,
            actor_id=job.created_by,
            action="model.add",
            object_kind="model_version",
            object_id=version.id,
        )


def remove_files(files: Sequence[StoredFile]) -> None:
    """Remove the objects of a refused network, unless a registered version uses the same bytes."""
    with session_scope() as session:
        keys = cleanup.forget_unused(session, [file.key for file in files])
    for key in keys:
        get_storage().delete(key)
