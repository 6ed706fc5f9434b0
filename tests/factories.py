"""One function per row worth making: `make_image(session, **changes)` flushes and returns it."""

import hashlib
import itertools
import secrets

from sqlalchemy.orm import Session

from maskloop.core.objects import StoredObject
from maskloop.images.tables import Image
from maskloop.projects.tables import Label, Membership, Project
from maskloop.segmentations.tables import Segmentation
from maskloop.users.tables import User

POSITIONS = itertools.count()  # labels keep the order in which a test makes them
AXIAL_1MM = [1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]


def _saved(session: Session, row):
    session.add(row)
    session.flush()
    return row


def make_user(session: Session, **changes) -> User:
    unique = secrets.token_hex(4)
    values = {"login": f"{unique}@example.org", "name": f"Reader {unique}", "role": "member", "password_hash": None}
    return _saved(session, User(**values | changes))


def make_project(session: Session, **changes) -> Project:
    return _saved(
        session, Project(**{"name": f"project {secrets.token_hex(4)}", "key": secrets.token_bytes(32)} | changes)
    )


def make_member(session: Session, project: Project, role: str = "annotator", **changes) -> User:
    user = make_user(session, **changes)
    _saved(session, Membership(project_id=project.id, user_id=user.id, role=role))
    return user


def make_label(session: Session, project: Project, **changes) -> Label:
    values = {
        "name": f"label {secrets.token_hex(4)}",
        "color": "#ea9e51",
        "kind": "semantic",
        "position": next(POSITIONS),
    }
    return _saved(session, Label(project_id=project.id, **values | changes))


def make_image(session: Session, project: Project, shape: tuple[int, int, int] = (4, 300, 280), **changes) -> Image:
    digest = hashlib.sha256(secrets.token_bytes(8)).digest()
    stored = _saved(
        session,
        StoredObject(
            key=f"p/{project.id}/pixels/{digest.hex()}", project_id=project.id, size=1, digest=digest, state="stored"
        ),
    )
    values = {
        "name": f"image {secrets.token_hex(4)}",
        "modality": "CT",
        "kind": "volume",
        "shape": list(shape),
        "channels": 1,
        "dtype": "int16",
        "affine": AXIAL_1MM,
        "spacing": [1.0, 1.0, 1.0],
        "spacing_source": "pixel",
        "rescale": {"slope": [1.0], "intercept": [0.0]},
        "unit": "HU",
        "display": {"window": {"center": 50, "width": 400}, "presets": [], "photometric": "MONOCHROME2"},
        "voxel_digest": digest,
        "pixel_key": stored.key,
        "pixel_layout": {"codec": "pz1", "tile": 512, "levels": []},
        "thumbnail": b"",
    }
    return _saved(session, Image(project_id=project.id, **values | changes))


def make_segmentation(session: Session, image: Image, **changes) -> Segmentation:
    return _saved(session, Segmentation(image_id=image.id, **{"purpose": "reading", "reader_id": None} | changes))
