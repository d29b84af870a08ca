"""The report of who is enrolled in what, and how far they are."""

# Made from bursar_client._async by tools/make_sync.py; a test compares them.

from collections.abc import Iterator, Mapping, Sequence

from bursar_client._sync.files import Files
from bursar_client._sync.pages import Pages
from bursar_client.cursors import Cursors
from bursar_client.models.learners import LearnerSummary, ProgressReported
from bursar_client.rows import Lines
from bursar_client.values import decode, read
from bursar_client.wire import Identifier, Parameter, Request, get, get_as, path, put

SUMMARY = "/enterprise/v3/enterprise-customer/{}/learner-summary"
PROGRESS = "/enterprise/v3/enterprise-customer/{}/learner-progress"
CSV, NDJSON = "text/csv", "application/x-ndjson"


class LearnerSummaries(Files):
    """`filters` are those of the reference: `search`, `course_key`, `progress_status`, ..."""

    def find(
        self,
        *,
        enterprise: Identifier | None = None,
        page_size: int | None = None,
        ordering: str | None = "enrollment_id",
        **filters: Parameter,
    ) -> Pages[LearnerSummary]:
        """In an order in which no row moves to another page while you read."""
        request = get(self._where(enterprise), page_size=page_size, ordering=ordering, **filters)
        return self._pages(request, LearnerSummary)

    def stream(
        self, *, enterprise: Identifier | None = None, **filters: Parameter
    ) -> Iterator[LearnerSummary]:
        """All rows of one snapshot, as NDJSON; beyond the reference."""
        for line in self._lines(self._ndjson(enterprise, filters)):
            yield read(LearnerSummary, decode(line))

    def csv(
        self, *, enterprise: Identifier | None = None, **filters: Parameter
    ) -> Iterator[dict[str, str]]:
        """All rows as the CSV file has them."""
        return self._csv(get_as(CSV, self._where(enterprise), **filters))

    def csv_file(
        self, *, enterprise: Identifier | None = None, **filters: Parameter
    ) -> Iterator[bytes]:
        """The CSV file, as it comes."""
        return self._bytes(get_as(CSV, self._where(enterprise), **filters))

    def sync(
        self, cursors: Cursors, *, enterprise: Identifier | None = None
    ) -> Iterator[LearnerSummary]:
        """What was new or changed since the last time: replace by `enrollment_id`.

        The cursor is saved after the last row was taken, so what is interrupted is repeated.
        """
        name = f"learner-summary-{self._enterprise(enterprise)}"
        request = self._ndjson(enterprise, {"updated_since": cursors.load(name)})
        lines = Lines()
        with self._wire.stream(request) as stream:
            for chunk in stream.chunks():
                for line in lines.take(chunk):
                    yield read(LearnerSummary, decode(line))
            for line in lines.end():
                yield read(LearnerSummary, decode(line))
        if "x-next-updated-since" in stream.headers:
            cursors.save(name, stream.headers["x-next-updated-since"])

    def report_progress(
        self,
        enrollments: Sequence[Mapping[str, object]],
        *,
        enterprise: Identifier | None = None,
    ) -> ProgressReported:
        """All or none of up to 10,000 are stored; the same again changes nothing."""
        where = path(PROGRESS, self._enterprise(enterprise))
        return self._one(put(where, {"enrollments": enrollments}), ProgressReported)

    def _where(self, enterprise: Identifier | None) -> str:
        return path(SUMMARY, self._enterprise(enterprise))

    def _ndjson(self, enterprise: Identifier | None, filters: Mapping[str, Parameter]) -> Request:
        return get_as(NDJSON, self._where(enterprise), **filters)
