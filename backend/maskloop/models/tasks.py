"""The job that checks a network, tries it once and registers it."""

from pydantic import BaseModel

from maskloop.audit import service as audit
from maskloop.core.db import Json, session_scope
from maskloop.core.errors import Invalid
from maskloop.core.storage import Stored, get_storage
from maskloop.jobs.claimed import ClaimedJob
from maskloop.jobs.handlers import handles
from maskloop.models import cleanup, service

PROBE_MEMORY = 8 << 30
PROBE_TIMEOUT_S = 180


class StoredFile(BaseModel):
    """A file that waits in the store."""

    key: str
    size: int
    digest: str


class AddModel(BaseModel):
    """Inputs of the job `add-model`."""

    files: list[StoredFile]
    manifest: Json | None = None


@handles("add-model", queue="infer", inputs=AddModel, max_attempts=2)
def add_model(job: ClaimedJob, inputs: AddModel) -> Json | None:
    """Check the files in a runner and register them; what is refused is removed from the store."""
    storage = get_storage()
    with job.scratch(expected_bytes=sum(file.size for file in inputs.files)) as folder:
        names = [f"model{number}.onnx" for number in range(len(inputs.files))]
        for name, file in zip(names, inputs.files, strict=True):
            storage.fetch(file.key, folder / name, digest=bytes.fromhex(file.digest))
        args: Json = {"files": names, "manifest": inputs.manifest, "threads": 1}
        verdict = job.run("probe-model", args, scratch=folder, memory_bytes=PROBE_MEMORY, timeout_s=PROBE_TIMEOUT_S)
    if verdict.get("ok") is not True:
        _remove(inputs)
        raise Invalid(str(verdict["sentence"]), code=str(verdict.get("code", "model-refused")))
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
    return None


def _remove(inputs: AddModel) -> None:
    """Remove the objects of a refused network, unless a registered version uses the same bytes."""
    with session_scope() as session:
        keys = cleanup.forget_unused(session, [file.key for file in inputs.files])
    for key in keys:
        get_storage().delete(key)
