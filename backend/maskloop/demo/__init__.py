"""Images to try Maskloop on: phantoms made by code, and open images that lie in installed packages."""
