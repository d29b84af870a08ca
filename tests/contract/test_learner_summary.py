"""The report as a client of a running server gets it."""

import csv
import gzip
import io
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from bursar.database.bulk import bulk_insert
from bursar.enrollment.models import Enrollment, EnrollmentDay
from bursar.learners.models import Learner
from bursar.reporting.fields import NAMES
from testing.clients.api import xml_of
from testing.shops.service import Service, Shop
from testing.waiting import wait_until
from testing.worlds.reporting import NOW, learner, row

ROWS = 20_000
RUN = "course-v1:edX+DemoX+2026"


@pytest.fixture(scope="module")
def full(service: Service) -> Shop:
    """A shop with more enrollments than any buffer between it and its reader holds."""
    shop = service.open_shop()
    people = [
        learner(f"l{number}@example.com") | {"enterprise_uuid": shop.uuid, "modified_at": NOW}
        for number in range(ROWS)
    ]
    with service.database.transaction() as session:
        bulk_insert(session, Learner, people)
        ids = session.scalars(select(Learner.id).where(Learner.enterprise_uuid == shop.uuid)).all()
        common = row("", RUN, course_title="Much to tell " * 30)
        del common["email"]
        common |= {"enterprise_uuid": shop.uuid, "activity_day": 0}
        bulk_insert(session, Enrollment, [common | {"learner_id": each} for each in ids])
        day = {"enterprise_uuid": shop.uuid, "activity_day": 0, "row_count": ROWS}
        bulk_insert(session, EnrollmentDay, [day])
    return shop


def path_of(shop: Shop) -> str:
    return f"/enterprise/v3/enterprise-customer/{shop.uuid}/learner-summary"


def test_a_page_is_served_as_json_and_as_xml(full: Shop) -> None:
    page = full.api.json(path_of(full))
    assert (page["count"], page["num_pages"], len(page["results"])) == (ROWS, ROWS // 10, 10)
    root = xml_of(full.api.get(path_of(full), headers={"Accept": "application/xml"}))
    [results] = root.findall("results")
    assert [child.tag for child in results[0]] == list(NAMES)
    assert results[0].findtext("is_consent_granted") == "True"


@pytest.mark.parametrize("how", ["accept", "format"])
def test_a_csv_file_arrives_complete(full: Shop, how: str) -> None:
    query, headers = ("?format=csv", {}) if how == "format" else ("", {"Accept": "text/csv"})
    response = full.api.get(path_of(full) + query, headers=headers)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert "learner_progress_report.csv" in response.headers["content-disposition"]
    lines = list(csv.DictReader(io.StringIO(response.text, newline="")))
    assert len({line["enrollment_id"] for line in lines}) == len(lines) == ROWS


def test_a_file_is_compressed_for_those_who_ask(full: Shop) -> None:
    headers = {"Accept": "application/x-ndjson", "Accept-Encoding": "gzip"}
    with full.api.http.stream(
        "GET", path_of(full), headers=headers | {"Authorization": str(full.api.authorization)}
    ) as response:
        packed = b"".join(response.iter_raw())
    assert response.headers["content-encoding"] == "gzip"
    assert len(gzip.decompress(packed).splitlines()) == ROWS


def test_head_says_what_a_file_would_be(full: Shop) -> None:
    response = full.api.request("HEAD", path_of(full), headers={"Accept": "text/csv"})
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.content == b""


def test_a_client_that_goes_away_holds_nothing(service: Service, full: Shop) -> None:
    with reader_of(service, full):
        # However much is asked meanwhile, the one that reads slowly keeps its own.
        assert [connections_of(service) for _ in range(50)] == [1] * 50
    wait_until(lambda: connections_of(service) == 0, "the connection was given back")
    assert full.api.json(path_of(full))["count"] == ROWS


def reader_of(service: Service, shop: Shop) -> socket.socket:
    """Takes the first bytes of the file and no more."""
    place = urlsplit(service.url)
    reader = socket.create_connection((place.hostname, place.port))
    lines = [
        f"GET {path_of(shop)} HTTP/1.1",
        "Host: localhost",
        "Accept: text/csv",
        f"Authorization: {shop.api.authorization}",
    ]
    reader.sendall("\r\n".join([*lines, "", ""]).encode())
    assert reader.recv(12) == b"HTTP/1.1 200"
    return reader


def connections_of(service: Service) -> int:
    return int(next(in_use(service.anonymous.http.get("/metrics").text)))


def in_use(figures: str) -> Iterator[float]:
    for line in figures.splitlines():
        if line.startswith('bursar_pool_connections{engine="read"'):
            yield float(line.rpartition(" ")[2])
