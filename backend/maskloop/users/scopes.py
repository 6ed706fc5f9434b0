"""What a token can be limited to: a domain, and read or write.

`projects/access.py` says which action needs which.
"""

SCOPES = (
    "project.read",
    "project.write",
    "image.read",
    "import.read",
    "import.write",
    "segmentation.read",
    "segmentation.write",
    "model.read",
    "model.write",
    "export.read",
    "export.write",
    "job.read",
    "job.write",
    "work.read",
    "work.write",
    "token.write",
    "user.read",
    "user.write",
    "audit.read",
)
