"""Two projects full of things, and everyone who might ask for them."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from maskloop.core.db import session_scope
from maskloop.export.tables import Export
from maskloop.images.tables import Upload, UploadFile, UploadItem
from maskloop.jobs.tables import Job
from maskloop.projects.tables import Project
from maskloop.segmentations.tables import Proposal
from maskloop.users import service as users
from maskloop.users.scopes import SCOPES
from maskloop.users.tables import User
from maskloop.worklist.tables import WorkItem
from tests.factories import make_image, make_label, make_member, make_project, make_segmentation, make_user

ROLES = ("manager", "annotator", "reviewer", "viewer")


@dataclass
class Holding:
    """A project, and one thing of each kind in it by the name of its path parameter."""

    project: Project
    owner: User
    creator: User
    ids: dict[str, str] = field(default_factory=dict)


def _made(session: Session, row):
    session.add(row)
    session.flush()
    return str(row.id)


def _image(session: Session, holding: Holding):
    return make_image(session, holding.project)


def _segmentation(session: Session, holding: Holding):
    return make_segmentation(session, _image(session, holding))


def _upload(session: Session, holding: Holding) -> Upload:
    upload = Upload(project_id=holding.project.id, created_by=holding.creator.id, source="cli")
    _made(session, upload)
    return upload


def _file(session: Session, holding: Holding) -> str:
    upload = _upload(session, holding)
    holding.ids["upload_id"] = str(upload.id)
    return _made(session, UploadFile(upload_id=upload.id, name="made up.dcm", size=1))


def _item(session: Session, holding: Holding) -> str:
    upload = session.get(Upload, holding.ids["upload_id"])
    values = {"file": "made up.dcm", "size": 1, "outcome": "refused", "title": "a file", "members": []}
    return _made(session, UploadItem(upload_id=upload.id, **values))


def _job(session: Session, holding: Holding) -> str:
    values = {"kind": "probe", "queue": "io", "inputs": {}, "inputs_digest": b""}
    return _made(session, Job(project_id=holding.project.id, created_by=holding.creator.id, **values))


def _proposal(session: Session, holding: Holding) -> str:
    values = {"segmenter": "otsu", "settings": {}, "at_seq": 0, "seconds": 0.0, "segments": []}
    return _made(session, Proposal(segmentation_id=_segmentation(session, holding).id, **values))


def _work_item(session: Session, holding: Holding) -> str:
    return _made(session, WorkItem(project_id=holding.project.id, image_id=_image(session, holding).id))


def _export(session: Session, holding: Holding) -> str:
    values = {"format": "nifti", "settings": {}}
    return _made(session, Export(project_id=holding.project.id, created_by=holding.creator.id, **values))


def _token(session: Session, holding: Holding) -> str:
    token, _ = users.create_token(session, user_id=holding.owner.id, name="made up", scopes=["job.read"])
    return str(token.id)


# One maker for each id that a path may hold. A route with a new parameter needs a line here and one in OWNER_OF.
OBJECTS: Mapping[str, Callable[[Session, Holding], str]] = {
    "project_id": lambda _session, holding: str(holding.project.id),
    "label_id": lambda session, holding: str(make_label(session, holding.project).id),
    "file_id": _file,  # with its upload_id
    "item_id": _item,
    "image_id": lambda session, holding: str(_image(session, holding).id),
    "segmentation_id": lambda session, holding: str(_segmentation(session, holding).id),
    "proposal_id": _proposal,
    "job_id": _job,
    "work_item_id": _work_item,
    "export_id": _export,
    "token_id": _token,
}
# Values for the parameters of access.FREE.
PLAIN = {
    "user_id": "01890000-0000-7000-8000-000000000001",
    "level": "0",
    "group": "0",
    "name": "made-up.nii.gz",
    "seq": "1",
}


@dataclass
class World:
    """Holdings by the name of the target, users by who they are, and each one's role in each target."""

    targets: dict[str, Holding]
    people: dict[str, User]
    roles: dict[str, dict[str, str]]

    def header(self, who: str, without_scope: str | None = None) -> dict[str, str]:
        """Return the header of `who`: all scopes but one."""
        if who == "anonymous":
            return {}
        scopes = tuple(scope for scope in SCOPES if scope != without_scope)
        key = (who, without_scope)
        if key not in self._tokens:
            with session_scope() as session:
                _, secret = users.create_token(session, user_id=self.people[who].id, name="test", scopes=scopes)
            self._tokens[key] = {"Authorization": f"Bearer {secret}"}
        return self._tokens[key]

    _tokens: dict[tuple[str, str | None], dict[str, str]] = field(default_factory=dict)


def build_world() -> World:
    """Commit two projects, `own` and `foreign`, with a second set of things in `own` (`sibling`), and all people."""
    with session_scope() as session:
        own, foreign = make_project(session), make_project(session)
        people = {role: make_member(session, own, role) for role in ROLES}
        people["outsider"] = make_member(session, foreign, "manager")
        people["removed"] = make_user(session)
        people["admin"] = make_user(session, role="admin", login=f"{secrets.token_hex(4)}@admin.example")
        targets = {
            "own": Holding(own, people["manager"], people["annotator"]),
            "sibling": Holding(own, people["manager"], people["annotator"]),
            "foreign": Holding(foreign, people["outsider"], people["outsider"]),
        }
        for holding in targets.values():
            for name, make in OBJECTS.items():
                holding.ids[name] = make(session, holding)
    roles = {role: {"own": role} for role in ROLES} | {"outsider": {"foreign": "manager"}}
    return World(targets, people, roles)
