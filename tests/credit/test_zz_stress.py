import pytest
from functools import partial
from collections import defaultdict
from bursar import clock
from bursar.credit.mail import record_attempts
from bursar.notifications.kinds import Attempt, AttemptOutcome, QueuedMail
from tests.credit.test_concurrency import Crowd, together, database
from tests.credit.budgets import NOW, DAY

class C(Crowd):
    def _deliver(self, random):
        names = QueuedMail.__dataclass_fields__
        rows = random.sample(pending := self.budget.mails(), k=min(16, len(pending)))
        by = defaultdict(list)
        for row in rows:
            m = QueuedMail(**{name: getattr(row, name) for name in names})
            by[m.kind].append(Attempt(m, random.choice([*AttemptOutcome]), NOW))
        with self.budget.database.transaction() as session:
            for k in sorted(by):
                record_attempts(session, by[k], NOW)

@pytest.mark.parametrize("seed", range(12))
def test_x(database, seed):
    crowd = C(database)
    with clock.frozen_at(NOW + 91 * DAY):
        together([partial(crowd.work, 1000+seed * 100 + each) for each in range(16)])
    assert crowd.budget.problems() == []
