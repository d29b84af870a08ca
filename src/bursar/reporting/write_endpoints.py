"""What changes of the report declare."""

from bursar.reporting import queries, write_routes
from bursar.reporting.schemas import ProgressAnswer
from bursar.web.endpoint import Documentation, Endpoint


def write_endpoints() -> list[Endpoint]:
    return [
        Endpoint(
            "PUT",
            write_routes.PATH,
            Documentation(
                "Report progress",
                "What an LMS knows of up to 10,000 enrollments: all of them are stored, or none. "
                "An enrollment is that of a learner in a course run; unknown learners are made. "
                "Fields that a row leaves out stay as they are, null takes a value away, and the "
                "fields that the report derives are ignored. Saying it again changes nothing.",
                "learner-summary",
                response=ProgressAnswer,
                example={"created": 1, "changed": 2, "unchanged": 0},
            ),
            owned=queries.ENTERPRISE,
            write=write_routes.report_progress,
            body=write_routes.ProgressBody,
        )
    ]
