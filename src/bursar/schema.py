"""Every table of every domain, imported in one place for migrations and tests."""

from bursar.audit import models as audit
from bursar.catalog import models as catalog
from bursar.database.base import Base
from bursar.identity import models as identity
from bursar.web import models as web

__all__ = ["audit", "catalog", "identity", "metadata", "web"]

metadata = Base.metadata
