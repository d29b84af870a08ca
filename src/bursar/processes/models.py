from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from bursar.database.base import Base
from bursar.database.types import Json


class RunningProcess(Base):
    """A web process or a worker, as long as it says every few seconds that it runs."""

    __tablename__ = "running_processes"

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    """`web` or `worker`."""
    host: Mapped[str]
    pid: Mapped[int]
    version: Mapped[str]
    secrets: Mapped[list[str]] = mapped_column(Json)
    """Fingerprints of the secrets that it holds, as in `BURSAR_SECRET_KEY`."""
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(index=True)
