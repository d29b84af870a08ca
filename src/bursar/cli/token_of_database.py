"""What `bursar token` does without `--url`: it does the work of the token endpoint itself."""

from bursar.api.token_answers import token_response
from bursar.cli.support import opened_database, opening_keys, settings_or_fail
from bursar.identity.tokens import KeyRing


def ask_database(form: bytes, content_type: str) -> dict[str, object]:
    settings = settings_or_fail()
    with opened_database(settings) as database, opening_keys():
        ring = KeyRing(database, settings)
        answer = token_response(
            database,
            ring,
            settings,
            content_type=content_type,
            authorization=None,
            body=form,
            address="command line",
        )
    return answer.body
