"""What the worklist does when jobs make images."""

from maskloop.images.events import on_image_created
from maskloop.worklist.service import add_item

on_image_created(add_item)
