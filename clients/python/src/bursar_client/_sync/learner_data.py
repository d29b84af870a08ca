"""What is known about one person, and its end."""

# Made from bursar_client._async by tools/make_sync.py; a test compares them.

from bursar_client._sync.part import Part
from bursar_client.models.learners import ErasedPerson, PersonalData, RenamedPerson
from bursar_client.wire import Identifier, path, post

PERSON = "/enterprise/v1/enterprise-customer/{}/learner-data/"


class LearnerData(Part):
    def export(self, email: str, *, enterprise: Identifier | None = None) -> PersonalData:
        where = path(PERSON + "export", self._enterprise(enterprise))
        return self._one(post(where, {"email": email}), PersonalData)

    def change_email(
        self, email: str, new_email: str, *, enterprise: Identifier | None = None
    ) -> RenamedPerson:
        where = path(PERSON + "change-email", self._enterprise(enterprise))
        body = {"email": email, "new_email": new_email}
        return self._one(post(where, body), RenamedPerson)

    def erase(self, email: str, *, enterprise: Identifier | None = None) -> ErasedPerson:
        """For good."""
        where = path(PERSON + "erase", self._enterprise(enterprise))
        return self._one(post(where, {"email": email}), ErasedPerson)
