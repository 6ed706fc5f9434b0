"""Bytes to imaging types and back: no database, no HTTP, no queue."""
