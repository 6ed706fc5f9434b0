"""What may be stored of a header, and when it names somebody."""

import json

import pytest
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from maskloop.formats.deidentify import (
    ALLOWED_KEYWORDS,
    allowed_json,
    carries_identity,
    identity_tokens,
    mentions,
    patient_parts,
    pseudonym,
)

MARKER = "Zyxwvutsrq"


def dataset(**elements) -> Dataset:
    """A header with these elements."""
    made = Dataset()
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


NOBODY = ["", "^^^^", "Anonymous", "ANONYMIZED", "Anon^Patient^001", "No^Name", "subject12", "12345", "2e2884fea560"]
SOMEBODY = ["Doe^Jane", "HEAD", "Test^Patient", "Yamada^Tarou=山田^太郎", "Müller", "Anonymous^Smith", "deadbeef"]


@pytest.mark.parametrize("name", NOBODY)
def test_anonymised_forms_name_nobody(name):
    assert not carries_identity(dataset(PatientName=name, PatientID="77"))


@pytest.mark.parametrize("name", SOMEBODY)
def test_everything_else_names_somebody(name):
    assert carries_identity(dataset(SpecificCharacterSet="ISO_IR 192", PatientName=name, PatientID="77"))


def test_a_code_that_equals_the_patient_id_is_a_pseudonym():
    assert not carries_identity(dataset(PatientName="CQ500-CT-310", PatientID="CQ500-CT-310"))
    assert carries_identity(dataset(PatientName="Smith", PatientID="Smith"))
    assert carries_identity(dataset(PatientName="CQ500-CT-310", PatientID="other"))


@pytest.mark.parametrize("keyword", ["OtherPatientNames", "PatientBirthName", "PatientAddress", "ResponsiblePerson"])
def test_other_places_for_names_count_too(keyword):
    assert carries_identity(dataset(PatientName="Anonymous", **{keyword: "Doe"}))


def test_a_name_inside_a_sequence_counts():
    inner = dataset(PatientName="Doe^Jane")

    assert carries_identity(dataset(OriginalAttributesSequence=Items([inner])))


def test_an_identifier_alone_is_not_a_name():
    assert not carries_identity(dataset(PatientID="4711", PatientBirthDate="19700101"))


def test_no_patient_attribute_is_on_the_allow_list():
    forbidden = ("Address", "Birth", "Telephone", "Comments", "Physician", "Institution", "Operator", "Date")
    texts = {"PatientName", "PatientID", "StudyDescription", "SeriesDescription", "ProtocolName", "StationName"}

    assert [word for word in ALLOWED_KEYWORDS if any(part in word for part in forbidden)] == []
    assert texts.isdisjoint(ALLOWED_KEYWORDS)


def test_a_marker_in_any_element_does_not_reach_the_stored_json():
    header = dataset(
        PatientName=MARKER,
        PatientID=f"id-{MARKER}",
        PatientAddress=MARKER,
        SeriesDescription=MARKER,
        InstitutionName=MARKER,
        ImageComments=MARKER,
        ManufacturerModelName=f"Scanner of {MARKER}",
        SequenceName=MARKER[:10],
        Modality="CT",
        Rows=4,
        ReferencedImageSequence=Items([dataset(PatientName=MARKER)]),
        PlanePositionSequence=Items([dataset(PatientName=MARKER, ImagePositionPatient=[1, 2, 3])]),
    )
    header.add_new(0x00091001, "LO", MARKER)

    stored = allowed_json(header, identity_tokens(header))

    assert MARKER.lower() not in json.dumps(stored).lower()
    assert stored["00080060"] == {"vr": "CS", "Value": ["CT"]}
    assert stored["00209113"]["Value"][0]["00200032"]["Value"] == [1, 2, 3]


def test_numbers_that_are_none_never_reach_json():
    header = dataset(RepetitionTime=float("nan"), ReconstructionDiameter="1e400", Rows=4)

    assert list(allowed_json(header, frozenset())) == ["00280010"]


def test_codes_with_free_text_in_them_are_left_out():
    header = dataset()
    header.add(DataElement(0x00180015, "CS", "Head of John Doe, please call", validation_mode=0))

    assert allowed_json(header, frozenset()) == {}


def test_pseudonyms_are_stable_keyed_and_apart():
    key, other = b"a" * 16, b"b" * 16

    assert pseudonym(key, "patient", "1") == pseudonym(key, "patient", "1")
    assert len({pseudonym(k, kind, part) for k in (key, other) for kind in ("patient", "study") for part in "12"}) == 8
    assert pseudonym(key, "patient", "1", "23") != pseudonym(key, "patient", "12", "3")


def test_a_patient_is_known_by_id_then_by_name_and_birth_date():
    by_id = dataset(PatientID="7", PatientName="Doe^A")

    assert patient_parts(by_id) == patient_parts(dataset(PatientID="7", PatientName="Other"))
    assert patient_parts(dataset(PatientName="Doe^A", PatientBirthDate="19700101")) != patient_parts(
        dataset(PatientName="Doe^A", PatientBirthDate="19700102")
    )


def test_a_file_name_with_a_word_of_the_patient_is_recognised():
    tokens = identity_tokens(dataset(PatientName="Doe^Janet", PatientID="MRN-4711"))

    assert mentions("scans/JANET_ct.dcm", tokens)
    assert mentions("4711.dcm", tokens)
    assert not mentions("scan-1.dcm", tokens)
