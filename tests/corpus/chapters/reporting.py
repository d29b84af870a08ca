"""The learner summary with every parameter, and progress that is reported."""

from typing import Any

from tests.corpus import world
from tests.corpus.stage import CSV, JSON, NDJSON, XML, Stage
from tests.corpus.world import mail_of, run_of

BASE = f"/enterprise/v3/enterprise-customer/{world.ACME}"
SUMMARY, PROGRESS = f"{BASE}/learner-summary", f"{BASE}/learner-progress"


def play(stage: Stage) -> None:
    stage.at("2026-03-08T12:00:00Z")
    _summary(stage)
    _files(stage)
    _progress(stage)
    _imports(stage)


def _summary(stage: Stage) -> None:
    for query in (
        "",
        "page_size=3",
        "page_size=3&page=2",
        "page_size=3&page=last",
        "page_size=3&page=9",
        "page=x",
        "page_size=x&page=2",
        "search=ana&page_size=1",
        "search=NEW+one",
        "search_course=NoBody's",
        "search_course=demox&page_size=1",
        "search_all=priced&page_size=1",
        "search_all=DAN@",
        "search_start_date=2026-02-14",
        "search_start_date=2026-W07",
        "search_enrollment=enrolled&page_size=1",
        "search_enrollment=unenrolled",
        "search_enrollment=x",
        "learner_activity=active_past_week&page_size=1",
        "learner_activity=inactive_past_week&page_size=1",
        "learner_activity=inactive_past_month&page_size=1",
        "learner_activity=x&passed_date=x&progress_status=x&updated_since=x&ordering=x,-y",
        "passed_date=last_week",
        f"user_email={mail_of('dan')}",
        f"user_email={mail_of('ben')}",
        "course_key=DemoX%2BFree&page_size=1",
        "course_key=DemoX+Free&page_size=1",
        f"courserun_key={run_of(world.PRICED)}&page_size=1",
        "progress_status=Passed",
        "progress_status=Failed",
        "progress_status=In%20Progress&page_size=1",
        "updated_since=2026-03-02T09:00:00Z&page_size=1",
        "updated_since=2026-03-02T09:00:01Z",
        "ordering=current_grade&page_size=2",
        "ordering=-current_grade,user_email&page_size=2",
        "ordering=user_email&page_size=2&page=last",
        "ordering=course_title&page_size=2",
        "ordering=-progress_status,-enrollment_date&page_size=2",
        "ordering=uuid&ordering=nothing",
        f"search={'x' * 1001}",
    ):
        stage.get(f"{SUMMARY}?{query}")
    stage.get(f"{SUMMARY}?page_size=2", accept=XML)
    stage.get(f"{SUMMARY}?ordering=x&passed_date=y", accept=XML)
    stage.get(f"{SUMMARY}?page_size=1", by=world.BOTH)


def _files(stage: Stage) -> None:
    for accept in (CSV, NDJSON):
        stage.get(SUMMARY, accept=accept)
        stage.get(f"{SUMMARY}?progress_status=Passed&ordering=x", accept=accept)
        stage.get(f"{SUMMARY}?user_email=nobody@x.example", accept=accept)
        stage.ask("HEAD", SUMMARY, accept=accept)
        stage.get(SUMMARY, accept=accept, by=None)
        stage.get(SUMMARY, accept=accept, by=world.GLOBEX_ADMIN)
    for name in ("csv", "ndjson", "json", "pdf"):
        stage.get(f"{SUMMARY}?format={name}&progress_status=Passed", accept=None)


def _row(name: str, course: str = world.FREE, **fields: Any) -> dict[str, Any]:
    return {"learner_email": mail_of(name), "courserun_key": run_of(course), **fields}


def _progress(stage: Stage) -> None:
    bodies: tuple[Any, ...] = (
        "{",
        "[]",
        "{}",
        {"enrollments": []},
        {"enrollments": "x"},
        {"enrollments": ["x", {}, {"learner_email": "bad", "courserun_key": ""}]},
        {"enrollments": [_row("ana"), _row("ana", passed_date="2026-02-30", current_grade="A")]},
        {"enrollments": [_row("ana", has_passed=2, course_duration=1.5, letter_grade=1)]},
        {"enrollments": [_row("ana", current_grade=-1, amount_learner_paid="x")]},
        {"enrollments": [_row("ana", letter_grade="x" * 300, course_title="x" * 5000)]},
        {"enrollments": [_row("ana") | {"user_email": mail_of("ben")}]},
    )
    for body in bodies:
        stage.ask("PUT", PROGRESS, body, content_type=JSON)
    stage.ask("PUT", PROGRESS, {"enrollments": [{}]}, accept=XML)
    stage.ask("PUT", PROGRESS, "x", content_type=CSV)
    good = {
        "enrollments": [
            _row("ana", current_grade=0.9, last_activity_date="2026-03-07T23:30:00-02:00"),
            _row("ana", letter_grade="A", unknown=1),
            _row("ben", world.OTHER, is_consent_granted=False),
            _row("cal", current_grade=None),
            {"user_email": "Late@acme.example", "courserun_key": run_of(world.SHORT)},
        ]
    }
    for by in (None, world.REPORTING, world.GLOBEX_ADMIN):
        stage.ask("PUT", PROGRESS, good, by=by)
    stage.ask("PUT", PROGRESS.replace(world.ACME, "malformed"), good)
    stage.ask("PUT", PROGRESS, good)
    stage.ask("PUT", PROGRESS, good, accept=XML)
    for method in ("GET", "POST", "OPTIONS"):
        stage.ask(method, PROGRESS, good if method == "POST" else None)
    stage.get(f"{SUMMARY}?updated_since=2026-03-03&page_size=20")


def _imports(stage: Stage) -> None:
    lines = [
        "courserun_key,learner_email,current_grade,last_activity_date,other",
        f"{run_of(world.FREE)},{mail_of('ana')},0.95,2026-03-08,x",
        f"{run_of(world.FREE)},bad,0.95,,",
        f"{run_of(world.FREE)},{mail_of('eva')},much,,",
        f"{run_of(world.FREE)},{mail_of('fay')},,2026-03-01,",
    ]
    name = stage.write("progress.csv", "\r\n".join(lines) + "\r\n")
    for arguments in (("--enterprise", world.UNKNOWN), ("--enterprise", world.ACME, "--strict")):
        stage.run("import", "enrollments", name, *arguments)
    for _ in range(2):
        stage.run("import", "enrollments", name, "--enterprise", world.ACME)
    stage.get(f"{SUMMARY}?course_key=DemoX%2BFree&ordering=user_email")
