from enum import StrEnum


class ContentType(StrEnum):
    """Named as content filters and aggregation keys spell them."""

    COURSE = "course"
    COURSE_RUN = "courserun"
    PROGRAM = "program"
    LEARNER_PATHWAY = "learnerpathway"
