"""What Tutor is told: settings, tasks, the image, templates, patches of its own files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import click
from tutor import hooks
from tutor.exceptions import TutorError

HERE = Path(__file__).parent
TASKS = HERE / "templates" / "bursar" / "tasks"

MANIFEST = "bursar.yaml"
"""In the root of Tutor: what the last task applies."""
NO_MANIFEST = "# Write bursar.yaml into the root of Tutor, then run `tutor config save`.\n{}\n"

MISREAD = re.compile(r"""[\n\r$]|^["'\s]|\s\Z|\s\#""")

DEFAULTS: dict[str, object] = {
    "VERSION": "0.2.0",
    "DOCKER_IMAGE": "{{ DOCKER_REGISTRY }}bursar/bursar:{{ BURSAR_VERSION }}",
    "PACKAGE": "bursar=={{ BURSAR_VERSION }}",
    "HOST": "bursar.{{ LMS_HOST }}",
    "DEV_PORT": 8765,
    "WEB_PROCESSES": 2,
    "RUN_POSTGRESQL": True,
    "POSTGRESQL_DOCKER_IMAGE": "docker.io/library/postgres:17.5-bookworm",
    "POSTGRESQL_HOST": "bursar-postgresql",
    "POSTGRESQL_PORT": 5432,
    "POSTGRESQL_DATABASE": "bursar",
    "POSTGRESQL_USERNAME": "bursar",
    "POSTGRESQL_STORAGE": "5Gi",
    "LMS_URL": "http://lms:8000",
    "LMS_USERNAME": "bursar_worker",
    "OAUTH2_KEY": "bursar",
    "MAIL_FROM": "{{ PLATFORM_NAME }} <{{ CONTACT_EMAIL }}>",
    # Only the web proxy of this installation reaches the service, and its address is not known.
    "TRUSTED_PROXIES": "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16",
    "EXTRA_SETTINGS": {},
}
UNIQUE = {
    "POSTGRESQL_PASSWORD": "{{ 24|random_string }}",
    "OAUTH2_SECRET": "{{ 24|random_string }}",
    "SECRET_KEY": "{{ 40|random_string }}",
}

hooks.Filters.CONFIG_DEFAULTS.add_items(
    [(f"BURSAR_{name}", value) for name, value in DEFAULTS.items()]
)
hooks.Filters.CONFIG_UNIQUE.add_items([(f"BURSAR_{name}", value) for name, value in UNIQUE.items()])

# The database is there before the accounts, and both before what a manifest declares.
for service, name in (("bursar", "upgrade"), ("lms", "init"), ("bursar", "apply")):
    task = (TASKS / service / name).read_text(encoding="utf-8")
    hooks.Filters.CLI_DO_INIT_TASKS.add_item((service, task))

hooks.Filters.IMAGES_BUILD.add_item(
    ("bursar", ("plugins", "bursar", "build", "bursar"), "{{ BURSAR_DOCKER_IMAGE }}", ())
)
hooks.Filters.IMAGES_PULL.add_item(("bursar", "{{ BURSAR_DOCKER_IMAGE }}"))
hooks.Filters.IMAGES_PUSH.add_item(("bursar", "{{ BURSAR_DOCKER_IMAGE }}"))

hooks.Filters.ENV_TEMPLATE_ROOTS.add_item(str(HERE / "templates"))
hooks.Filters.ENV_TEMPLATE_TARGETS.add_items(
    [("bursar/build", "plugins"), ("bursar/apps", "plugins")]
)

for patch in sorted((HERE / "patches").iterdir()):
    hooks.Filters.ENV_PATCHES.add_item((patch.name, patch.read_text(encoding="utf-8")))


@hooks.Filters.APP_PUBLIC_HOSTS.add()
def _public_hosts(hosts: list[str], context_name: str) -> list[str]:
    port = ":{{ BURSAR_DEV_PORT }}" if context_name == "dev" else ""
    return [*hosts, "{{ BURSAR_HOST }}" + port]


@hooks.Filters.IMAGES_BUILD_MOUNTS.add()
def _build_from_checkout(mounts: list[tuple[str, str]], host_path: str) -> list[tuple[str, str]]:
    """`tutor mounts add /path/to/bursar` builds the image from a checkout."""
    if Path(host_path).name == "bursar":
        return [*mounts, ("bursar", "bursar-source")]
    return mounts


def _manifest() -> str:
    """The text of the file, for Docker Compose and Kubernetes alike: the latter mounts nothing
    from outside the environment."""
    context = click.get_current_context(silent=True)
    root = context and context.find_root().params.get("root")
    file = Path(root or ".") / MANIFEST
    return file.read_text(encoding="utf-8") if root and file.is_file() else NO_MANIFEST


def _smtp_url(tutor: Mapping[str, object]) -> str:
    """The way of Bursar to write what Tutor has in six settings."""
    username, password = (
        quote(str(tutor[f"SMTP_{name}"]), safe="") for name in ("USERNAME", "PASSWORD")
    )
    login = f"{username}:{password}@" if username else ""
    scheme = "smtps" if tutor["SMTP_USE_SSL"] else "smtp"
    demand = "?starttls=required" if tutor["SMTP_USE_TLS"] and scheme == "smtp" else ""
    return f"{scheme}://{login}{tutor['SMTP_HOST']}:{tutor['SMTP_PORT']}{demand}"


def _line(name: str, value: object) -> str:
    """A line of the file of settings, which Docker Compose and kustomize read. They agree only on
    what has no quotes, comments and variables, so that anything else is refused here."""
    text = value if isinstance(value, str) else json.dumps(value)
    if MISREAD.search(text):
        raise TutorError(
            f"{name} must be one line without $, without a quote at its beginning, without a space "
            "at either end, and without # behind a space."
        )
    return f"{name}={text}"


hooks.Filters.ENV_TEMPLATE_VARIABLES.add_items(
    [
        ("bursar_manifest", _manifest),
        ("bursar_smtp_url", _smtp_url),
        ("bursar_line", _line),
    ]
)
