"""The demo project: phantoms made by code and images that ship inside packages. Run once, after the first start."""

import sys
import tempfile
from pathlib import Path
from uuid import UUID

from sqlalchemy.orm import Session

from maskloop.core.db import Json, session_scope
from maskloop.core.logging import configure_logging, get_logger
from maskloop.core.settings import get_settings
from maskloop.core.storage import get_storage
from maskloop.demo.files import DemoFile, demo_files
from maskloop.images import imports, uploads
from maskloop.images.tables import UploadFile
from maskloop.projects import labels
from maskloop.projects import service as projects
from maskloop.projects.codes import Code
from maskloop.projects.schemas import Kind, NewLabel
from maskloop.users import service as users

NAME = "Demo"
SCT = "SCT"
LABELS: tuple[tuple[str, Kind, str, str], ...] = (
    ("Kidney", "semantic", "64033007", "Kidney"),
    ("Tumour", "semantic", "108369006", "Neoplasm"),
    ("Liver", "semantic", "10200004", "Liver"),
    ("Lung", "semantic", "39607008", "Lung"),
    ("Bone", "semantic", "3138006", "Bone"),
    ("Brain", "semantic", "12738006", "Brain"),
    ("Nucleus", "instance", "84640000", "Cell nucleus"),
)


def ensure_demo() -> bool:
    """Make the demo project and queue the import of its images, unless it is there; say whether it was made."""
    with session_scope() as session:
        if projects.find_by_name(session, NAME) is not None:
            return False
    with tempfile.TemporaryDirectory() as folder:
        found = demo_files(Path(folder))
        with session_scope() as session:
            upload_id = _make_project(session)
        for file in found:
            _send(upload_id, file)
        with session_scope() as session:
            upload = uploads.get(session, upload_id)
            imports.close(session, upload_id, user_id=upload.created_by)
    return True


def _make_project(session: Session) -> UUID:
    admin = users.user_by_login(session, "admin")
    project = projects.create(session, name=NAME, manager_id=admin.id)
    for name, kind, value, meaning in LABELS:
        code = Code(scheme=SCT, value=value, meaning=meaning)
        labels.create(session, project.id, NewLabel(name=name, kind=kind, code=code), by=admin.id)
    upload = uploads.create(session, project.id, user_id=admin.id, allow_identified=False, source="cli")
    return upload.id


def _send(upload_id: UUID, file: DemoFile) -> None:
    source: Json = {"text": file.source, "licence": file.licence}
    paths = sorted(path for path in file.path.rglob("*") if path.is_file()) if file.path.is_dir() else [file.path]
    for path in paths:
        name = f"{file.path.name}/{path.name}" if file.path.is_dir() else path.name
        with session_scope() as session:
            row = uploads.create_file(session, upload_id, name=name, size=path.stat().st_size, settings=get_settings())
            session.get_one(UploadFile, row.id).source = source
        with path.open("rb") as content:
            offset = 0
            while piece := content.read(16 << 20):
                offset = uploads.append_part(get_storage(), row.id, offset=offset, content=piece)


def main() -> int:
    """Make the demo project of the service that the settings name."""
    configure_logging("demo")
    made = ensure_demo()
    get_logger(__name__).info("demo", made=made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
