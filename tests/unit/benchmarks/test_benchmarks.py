import pytest

from benchmarks.load import (
    Compared,
    LoadError,
    Run,
    Target,
    parse_rate,
    parse_requests,
    wrk_arguments,
)
from benchmarks.results import Result, as_table

REPORT = """Running 2s test @ http://127.0.0.1:1/
  2 threads and 16 connections
  6770 requests in 2.11s, 0.91GB read
{}Requests/sec:   3214.90
Transfer/sec:    443.42MB
"""


def test_rate_is_read_from_the_report_of_wrk() -> None:
    assert parse_rate(REPORT.format("")) == 3214.9
    assert parse_requests(REPORT.format("")) == 6770


def test_a_run_without_answers_has_no_cost() -> None:
    with pytest.raises(LoadError):
        parse_requests("  0 requests in 2.00s, 0.00B read")


@pytest.mark.parametrize(
    "line",
    [
        "  Non-2xx or 3xx responses: 816\n",
        "  Socket errors: connect 0, read 3, write 0, timeout 0\n",
    ],
)
def test_a_run_with_bad_answers_has_no_rate(line: str) -> None:
    with pytest.raises(LoadError):
        parse_rate(REPORT.format(line))


def test_wrk_is_told_headers_and_the_number_of_pages() -> None:
    arguments = wrk_arguments(Target("http://host/", {"Accept": "a/b"}, pages=7), 3)
    assert "-d3s" in arguments
    assert arguments[arguments.index("-H") + 1] == "Accept: a/b"
    assert arguments[-3:] == ["http://host/", "--", "7"]


@pytest.mark.parametrize(
    ("rates", "bound", "verdict"),
    [((40.0, 100.0), 0.4, "ok"), ((39.0, 100.0), 0.4, "below"), ((1.0, 100.0), None, "")],
)
def test_a_ratio_is_judged_by_its_bound(
    rates: tuple[float, float], bound: float | None, verdict: str
) -> None:
    assert Result.of_rates("row", Compared(*rates), bound).verdict == verdict


def test_a_ratio_has_what_a_request_costs_both() -> None:
    runs = (Run(40.0, 2.5, 1.25), Run(100.0, 0.5, 0.125))
    result = Result.of_rates("row", Compared(40.0, 100.0, runs), None)
    assert result.cells[-2:] == ("2.50 / 0.50", "1.25 / 0.12")


@pytest.mark.parametrize(("rate", "verdict"), [(2_000.0, "ok"), (1_999.0, "below")])
def test_a_rate_is_judged_by_its_bound(rate: float, verdict: str) -> None:
    result = Result.of_rate("row", rate, 2_000, "1.0 s")
    assert result.cells == ("row", f"{rate:,.0f}/s", "", "1.0 s", ">= 2,000/s", verdict, "", "")


@pytest.mark.parametrize(("usual", "verdict"), [(0.999, "ok"), (1.0, "below")])
def test_calls_are_judged_by_the_usual_one(usual: float, verdict: str) -> None:
    result = Result.of_calls("row", [9.0, usual, 0.001], 1_000)
    assert result.cells == ("row", "", "", f"{usual * 1000:.0f} ms", "< 1,000 ms", verdict, "", "")


@pytest.mark.parametrize(("attacked", "verdict"), [(0.0299, "ok"), (0.03, "below")])
def test_a_delay_is_judged_by_how_many_times_it_is_the_usual_one(
    attacked: float, verdict: str
) -> None:
    assert Result.of_delay("row", (attacked, 0.01), 3.0).verdict == verdict


def test_memory_at_its_limit_is_too_much() -> None:
    assert Result.of_memory("row", 150, 150).verdict == "below"


def test_table_has_a_line_for_each_result() -> None:
    table = as_table([Result.of_rates("a row", Compared(1.0, 2.0), 0.4)])
    assert [len(line) for line in table.splitlines()] == [len(table.splitlines()[0])] * 3
    assert "| a row" in table
