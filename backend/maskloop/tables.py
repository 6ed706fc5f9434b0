"""Every table, imported so that `Base.metadata` knows them all."""

from maskloop.audit import tables as audit
from maskloop.core import objects
from maskloop.core.db import Base
from maskloop.export import tables as export
from maskloop.images import tables as images
from maskloop.jobs import tables as jobs
from maskloop.models import tables as models
from maskloop.projects import tables as projects
from maskloop.segmentations import tables as segmentations
from maskloop.users import tables as users
from maskloop.worklist import tables as worklist

MODULES = (users, audit, projects, objects, jobs, images, models, segmentations, worklist, export)
metadata = Base.metadata
