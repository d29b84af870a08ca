"""Enqueues the work that the clock makes necessary."""

from collections.abc import Sequence
from datetime import datetime

from croniter import croniter

from bursar.jobs.context import JobContext
from bursar.jobs.registry import Workflow
from bursar.jobs.task_runs import record_successes


class Schedules:
    """Knows when each scheduled workflow is due next, by cron expressions in UTC.

    DBOS has schedules too, but they are kept only while DBOS runs.
    """

    def __init__(self, workflows: Sequence[Workflow], now: datetime) -> None:
        """Work that was due before `now` is not made up for."""
        self._schedules = [
            _Schedule(workflow, workflow.schedule, now)
            for workflow in workflows
            if workflow.schedule is not None
        ]

    def enqueue_due(self, context: JobContext, now: datetime) -> None:
        """Every worker does this for the same instants, and the job is made once.

        A worker that was held up enqueues what was due last, and not what it missed before.
        """
        due = [schedule for schedule in self._schedules if schedule.next <= now]
        if due:
            needed = [schedule for schedule in due if schedule.is_needed(context)]
            with context.database.transaction() as session:
                for schedule in needed:
                    context.queue.enqueue_scheduled(session, schedule.name, schedule.last(now))
                idle = {schedule.name for schedule in due} - {each.name for each in needed}
                record_successes(session, idle, now)
        # Only now: after an error all of them are still due.
        for schedule in due:
            schedule.pass_over(now)


class _Schedule:
    def __init__(self, workflow: Workflow, expression: str, now: datetime) -> None:
        self.name = workflow.name
        self._is_needed = workflow.is_needed
        self._expression = expression
        self.next = self._following(now)

    def is_needed(self, context: JobContext) -> bool:
        return self._is_needed is None or self._is_needed(context)

    def last(self, now: datetime) -> datetime:
        """The last instant that is not after `now`."""
        return self._from(self._following(now)).get_prev(datetime)

    def pass_over(self, now: datetime) -> None:
        """Goes on with the first instant after `now`."""
        self.next = self._following(now)

    def _following(self, now: datetime) -> datetime:
        return self._from(now).get_next(datetime)

    def _from(self, start: datetime) -> croniter:
        return croniter(self._expression, start, second_at_beginning=True)
