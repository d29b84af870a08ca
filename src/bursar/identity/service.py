"""The front door: enterprises, the clients that act for them, and how clients prove themselves."""

from bursar.declarations import DeclarationOutcome
from bursar.identity.authentication import (
    Credentials,
    authenticate,
    authenticate_client,
    find_credentials,
    find_roles,
)
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
    find_enterprises,
    get_enterprise,
    lock_enterprise,
    owners_of_slugs,
    put_enterprise,
)
from bursar.identity.models import Role
from bursar.identity.refusals import (
    ClientExists,
    InvalidClientId,
    InvalidCredentials,
    SlugTaken,
    TooManyFailures,
    UnknownClient,
    UnknownEnterprise,
)
from bursar.identity.suspension import (
    SUSPENDED,
    list_enterprises,
    set_suspended,
    suspended_among,
)
from bursar.identity.throttle import FailureLimits
from bursar.identity.views import ClientSummary, EnterpriseView

__all__ = [
    "SUSPENDED",
    "ClientDeclaration",
    "ClientExists",
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
    "SecretEffect",
    "SlugTaken",
    "TooManyFailures",
    "UnknownClient",
    "UnknownEnterprise",
    "authenticate",
    "authenticate_client",
    "create_client",
    "declare_client",
    "disable_client",
    "enable_client",
    "find_credentials",
    "find_enterprises",
    "find_roles",
    "get_enterprise",
    "list_clients",
    "list_enterprises",
    "lock_enterprise",
    "owners_of_slugs",
    "put_client",
    "put_enterprise",
    "rotate_secret",
    "set_suspended",
    "suspended_among",
]
