"""How a route answers for work that goes on behind it."""

from fastapi import Response
from sqlalchemy.orm import Session

from maskloop.jobs import service
from maskloop.jobs.schemas import JobOut
from maskloop.jobs.tables import Job


def answer_queued(response: Response, session: Session, job: Job) -> JobOut:
    """Make `response` a 202 that says where the job is, and return the job."""
    response.status_code = 202
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return service.describe(session, job)
