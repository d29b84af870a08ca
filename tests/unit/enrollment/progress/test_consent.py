"""Whose word opens an enrollment, and whose closes it."""

import pytest

from bursar.enrollment.commands import ReportSource
from bursar.enrollment.progress.rules import is_consented


def seen(
    *, told: object, source: ReportSource, learner: bool = False, before: bool | None = None
) -> bool:
    values = {} if told is ... else {"is_consent_granted": told}
    return is_consented(
        values,
        was_consented=before,
        learner_consents=learner,
        gives_consent=source.gives_consent,
    )


@pytest.mark.parametrize("source", [each for each in ReportSource if each != ReportSource.API])
def test_operator_and_lms_give_consent(source: ReportSource) -> None:
    assert seen(told=True, source=source)
    assert seen(told=True, source=source, before=False)


@pytest.mark.parametrize("before", [None, False])
def test_a_client_gives_none(before: bool | None) -> None:
    assert not seen(told=True, source=ReportSource.API, before=before)
    assert seen(told=True, source=ReportSource.API, before=before, learner=True)


def test_a_client_that_repeats_a_consent_keeps_it() -> None:
    assert seen(told=True, source=ReportSource.API, before=True)
    assert seen(told=..., source=ReportSource.API, before=True)


@pytest.mark.parametrize("source", list(ReportSource))
@pytest.mark.parametrize("before", [None, True])
def test_everybody_may_withdraw_it(source: ReportSource, before: bool | None) -> None:
    assert not seen(told=False, source=source, learner=True, before=before)


@pytest.mark.parametrize("learner", [True, False])
def test_without_a_word_of_the_report_it_is_the_learners(learner: bool) -> None:
    assert seen(told=..., source=ReportSource.API, learner=learner) is learner
    assert seen(told=None, source=ReportSource.API, learner=learner, before=not learner) is learner
