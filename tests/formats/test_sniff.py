"""The content decides, the name never."""

import gzip
import struct

import pytest

from maskloop.formats.sniff import Kind, sentence_for, sniff, sniff_head
from tests.phantoms import axial_affine, noisy_slices, write_series

NIFTI = struct.pack("<i", 348) + bytes(340) + b"n+1\0"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"", Kind.EMPTY),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), Kind.PNG),
        (b"\xff\xd8\xff\xe0", Kind.JPEG),
        (b"II*\0abcd", Kind.TIFF),
        (b"MM\0+abcd", Kind.TIFF),
        (b"PK\x03\x04", Kind.ZIP),
        (bytes(128) + b"DICM", Kind.DICOM),
        (b"\x89PNG\r\n\x1a\n" + bytes(120) + b"DICM", Kind.DICOM),
        (b"\x08\0\x05\0CS\x0a\0ISO_IR 100" + bytes(9), Kind.DICOM),
        (b"\x08\0\x05\0\x0a\0\0\0ISO_IR 100" + bytes(9), Kind.DICOM),
        (NIFTI, Kind.NIFTI),
        (gzip.compress(NIFTI, mtime=0), Kind.NIFTI),
        (NIFTI[:344] + b"ni1\0", Kind.NIFTI_PAIR),
        (gzip.compress(b"hello", mtime=0), Kind.ARCHIVE),
        (b"NRRD0004\n", Kind.NRRD),
        (b"\0\0\0\x18ftypheic", Kind.HEIC),
        (b"just words\n", Kind.TEXT),
        (b"BM is how this text begins", Kind.TEXT),
        (bytes(range(1, 30)) * 3, Kind.UNKNOWN),
        (b"MZ\x90\0\x03\0\0\0", Kind.UNKNOWN),
    ],
)
def test_each_kind_is_known_by_its_first_bytes(head, kind):
    assert sniff_head(head) == kind


def test_a_dicom_file_needs_no_ending(tmp_path):
    (path,) = write_series(tmp_path, noisy_slices((1, 4, 4)), axial_affine())

    assert sniff(path.rename(tmp_path / "photo.png")) == Kind.DICOM


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in (Kind.ZIP, Kind.DICOM)])
def test_every_kind_has_a_plain_sentence(kind):
    code, sentence = sentence_for(kind)

    assert code
    assert sentence[0].isupper()
    assert not sentence.endswith(("!", "."))
