from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from bursar.database.base import Base


class TaskRun(Base):
    """When a task on a schedule last did its work, or last saw that there was none."""

    __tablename__ = "task_runs"

    task: Mapped[str] = mapped_column(primary_key=True)
    succeeded_at: Mapped[datetime]
