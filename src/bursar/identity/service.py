"""The front door: enterprises, the clients that act for them, and how clients prove themselves."""

from bursar.declarations import DeclarationOutcome
from bursar.identity.authentication import (
    Credentials,
    authenticate,
    authenticate_client,
    find_credentials,
    find_roles,
)
from bursar.identity.client_tokens import ScimCaller, admit_scim
from bursar.identity.clients import (
    create_client,
    declare_client,
    disable_client,
    enable_client,
    list_clients,
    put_client,
    rotate_secret,
)
from bursar.identity.commands import (
    ClientDeclaration,
    CreateClient,
    DeclaredClient,
    DeclaredEnterprise,
    SecretEffect,
)
from bursar.identity.enterprises import (
    find_enterprise_of_slug,
    find_enterprises,
    get_enterprise,
    lock_enterprise,
    owners_of_slugs,
    put_enterprise,
)
from bursar.identity.models import Role
from bursar.identity.queries import find_client, page_of_clients
from bursar.identity.refusals import (
    ClientExists,
    ClientOfAnotherEnterprise,
    InvalidClientId,
    InvalidCredentials,
    SandboxIsForGood,
    SlugTaken,
    TooManyFailures,
    UnknownClient,
    UnknownEnterprise,
)
from bursar.identity.secrets import burn_time, hash_secret, verify_secret
from bursar.identity.suspension import (
    SUSPENDED,
    list_enterprises,
    set_suspended,
    suspended_among,
)
from bursar.identity.throttle import FailureLimits, note_failure, seconds_to_wait
from bursar.identity.views import ClientOfEnterprise, ClientSummary, EnterpriseView

__all__ = [
    "SUSPENDED",
    "ClientDeclaration",
    "ClientExists",
    "ClientOfAnotherEnterprise",
    "ClientOfEnterprise",
    "ClientSummary",
    "CreateClient",
    "Credentials",
    "DeclarationOutcome",
    "DeclaredClient",
    "DeclaredEnterprise",
    "EnterpriseView",
    "FailureLimits",
    "InvalidClientId",
    "InvalidCredentials",
    "Role",
    "SandboxIsForGood",
    "ScimCaller",
    "SecretEffect",
    "SlugTaken",
    "TooManyFailures",
    "UnknownClient",
    "UnknownEnterprise",
    "admit_scim",
    "authenticate",
    "authenticate_client",
    "burn_time",
    "create_client",
    "declare_client",
    "disable_client",
    "enable_client",
    "find_client",
    "find_credentials",
    "find_enterprise_of_slug",
    "find_enterprises",
    "find_roles",
    "get_enterprise",
    "hash_secret",
    "list_clients",
    "list_enterprises",
    "lock_enterprise",
    "note_failure",
    "owners_of_slugs",
    "page_of_clients",
    "put_client",
    "put_enterprise",
    "rotate_secret",
    "seconds_to_wait",
    "set_suspended",
    "suspended_among",
    "verify_secret",
]
