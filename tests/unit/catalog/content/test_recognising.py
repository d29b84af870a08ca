"""Documents are content because they say so or look like it, and never for the want of a guess."""

from typing import Any

import pytest

from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.documents import parse_document
from bursar.catalog.content.recognising import recognise
from bursar.catalog.content.refusals import BrokenDocument

UUID = "996bbe57-e06c-4eee-92f4-49087fccc200"
COURSE, RUN, PROGRAM = ContentType.COURSE, ContentType.COURSE_RUN, ContentType.PROGRAM
PATHWAY = ContentType.LEARNER_PATHWAY


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({"content_type": "course", "key": "plain"}, COURSE),
        ({"content_type": "courserun", "key": "plain"}, RUN),
        ({"content_type": "program", "uuid": UUID}, PROGRAM),
        ({"content_type": "learnerpathway", "uuid": UUID, "courses": []}, PATHWAY),
        ({"content_type": "courserun", "course_runs": [], "key": "a+b"}, RUN),
        ({"content_type": None, "key": "edX+DemoX"}, COURSE),
        ({"key": "plain", "course_runs": []}, COURSE),
        ({"key": "edX+DemoX"}, COURSE),
        ({"key": "edX+DemoX", "results": []}, COURSE),
        ({"key": "MITx/6.002x"}, COURSE),
        ({"key": "course-v1:edX+DemoX+1T2026"}, RUN),
        ({"key": "MITx/6.002x/2012_Spring"}, RUN),
        ({"key": "ccx-v1:edX+DemoX+1T2026+ccx@1", "course": "edX+DemoX"}, RUN),
        ({"uuid": UUID, "type": "MicroMasters"}, PROGRAM),
        ({"uuid": UUID, "courses": []}, PROGRAM),
        ({"uuid": UUID, "authoring_organizations": []}, PROGRAM),
    ],
)
def test_content_is_what_it_says_or_what_its_shape_says(
    document: dict[str, Any], kind: ContentType
) -> None:
    assert recognise(document) is kind


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ({"count": 0, "next": None, "previous": None, "results": []}, "a page of results"),
        ({"results": [], "uuid": UUID, "title": "All", "type": "x"}, "a page of results"),
        ({"content_type": "person", "uuid": UUID, "courses": []}, "a person"),
        ({"content_type": "video", "key": "edX+DemoX"}, "a video"),
        ({"content_type": "article", "uuid": UUID}, "an article"),
        ({"content_type": 7, "uuid": UUID}, "a document whose content_type is 7"),
        ({"uuid": UUID, "given_name": "Jo", "family_name": "Doe", "slug": "jo"}, "a person"),
        ({"uuid": UUID, "edx_video_id": UUID, "title": "Welcome"}, "a video"),
        ({"uuid": UUID, "title": "Data Engineer", "steps": []}, "a learner pathway without its"),
        ({"uuid": UUID, "title": "P"}, "a program without its type"),
        ({"uuid": UUID, "title": "P", "type": None}, "a program without its type"),
        ({"uuid": UUID, "title": "C", "owners": []}, "a course or a run without its key"),
        ({"uuid": UUID, "key": "edX", "name": "edX"}, "an organization"),
        ({"model": "catalog.catalogquery", "fields": {}}, "a record of a fixture"),
        ({"uuid": UUID}, "an object with 'uuid'"),
        ({"title": "x"}, "an object with 'title'"),
        ({}, "an empty object"),
    ],
)
def test_anything_else_is_refused_and_told_by_what_it_looks_like(
    document: dict[str, Any], name: str
) -> None:
    with pytest.raises(BrokenDocument, match=f"^looks like {name}"):
        recognise(document)


@pytest.mark.parametrize("kind", ContentType)
def test_a_page_is_no_content_even_where_the_type_is_given(kind: ContentType) -> None:
    with pytest.raises(BrokenDocument, match="a page of results"):
        parse_document({"results": [], "uuid": UUID, "title": "All courses"}, kind)
