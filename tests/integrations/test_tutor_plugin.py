"""What Tutor itself renders with our plugin is what Docker Compose, Kubernetes and Bursar read.

The plugin is built as a wheel first, so that a template which the wheel lacks is missed here.
"""

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from bursar.settings import Settings
from testing.paths import REPOSITORY
from tests.unit.test_deploy import violations

pytestmark = pytest.mark.slow

PYTHON = REPOSITORY / ".tools/tutor/bin/python"
PLUGIN = REPOSITORY / "integrations/tutor"
MANIFEST = """\
enterprises:
  - {uuid: 66b5922b-a22b-4a7b-b587-d4af0378bd6f, name: "Acme {{ no template }}", slug: acme}
"""


class Installation:
    """A root of Tutor in which the plugin is enabled."""

    def __init__(self, packages: Path, root: Path) -> None:
        self.root, self.env = root, root / "env"
        root.mkdir()
        self._variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(root),
            "PYTHONPATH": str(packages),
            "TUTOR_ROOT": str(root),
            "TUTOR_PLUGINS_ROOT": str(root / "plugins"),
        }

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [str(PYTHON), "-m", "tutor.commands.cli", *arguments]
        return subprocess.run(
            command, env=self._variables, capture_output=True, text=True, check=False, timeout=240
        )

    def save(self, settings: Mapping[str, object] | None = None) -> None:
        given = [f"--set={name}={value}" for name, value in (settings or {}).items()]
        done = self.run("config", "save", *given)
        assert done.returncode == 0, done.stdout + done.stderr

    def text(self, path: str) -> str:
        return (self.env / path).read_text()

    def settings(self) -> dict[str, str]:
        lines = self.text("plugins/bursar/apps/bursar.env").splitlines()
        return dict(line.split("=", 1) for line in lines)

    def compose(self, path: str) -> Any:
        return yaml.safe_load(self.text(path))["services"]

    def kubernetes(self) -> dict[tuple[str, str], Any]:
        """By kind and name."""
        files = sorted((self.env / "k8s").glob("*.yml"))
        found = [one for file in files for one in yaml.safe_load_all(file.read_text()) if one]
        return {(one["kind"], one["metadata"]["name"]): one for one in found}


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", *build, str(PLUGIN)], check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "packages")
    return folder / "packages"


@pytest.fixture(scope="module")
def installation(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    made = Installation(packages, tmp_path_factory.mktemp("tutor") / "root")
    (made.root / "bursar.yaml").write_text(MANIFEST)
    enabled = made.run("plugins", "enable", "bursar")
    assert enabled.returncode == 0, enabled.stdout + enabled.stderr
    made.save()
    return made


def test_each_setting_is_one_that_bursar_has(installation: Installation) -> None:
    settings = installation.settings()
    assert set(settings) <= {f"BURSAR_{name.upper()}" for name in Settings.model_fields}
    given = {name.removeprefix("BURSAR_").lower(): value for name, value in settings.items()}
    accepted = Settings.model_validate(given)
    assert accepted.lms_url == "http://lms:8000"
    assert accepted.database_url.startswith("postgresql://bursar:")


def test_the_account_of_the_lms_is_the_one_that_bursar_uses(installation: Installation) -> None:
    settings = installation.settings()
    printed = installation.run("config", "printvalue", "BURSAR_OAUTH2_SECRET").stdout.strip()
    assert settings["BURSAR_LMS_CLIENT_SECRET"] == printed
    assert settings["BURSAR_LMS_CLIENT_ID"] == "bursar"


def test_the_manifest_of_the_root_is_rendered_as_it_is(installation: Installation) -> None:
    shown = yaml.safe_load(installation.text("plugins/bursar/apps/manifest.yaml"))
    assert shown == yaml.safe_load(MANIFEST)


def test_an_installation_without_a_manifest_applies_an_empty_one(
    installation: Installation,
) -> None:
    file = installation.root / "bursar.yaml"
    file.unlink()
    installation.save()
    assert yaml.safe_load(installation.text("plugins/bursar/apps/manifest.yaml")) == {}
    file.write_text(MANIFEST)
    installation.save()


@pytest.mark.parametrize(
    "path",
    [
        "local/docker-compose.yml",
        "local/docker-compose.prod.yml",
        "local/docker-compose.jobs.yml",
        "dev/docker-compose.yml",
    ],
)
def test_the_files_of_compose_follow_its_specification(
    installation: Installation, path: str
) -> None:
    assert violations(installation.env / path) == ""


def test_compose_runs_commands_that_exist(installation: Installation) -> None:
    services = installation.compose("local/docker-compose.yml")
    assert services["bursar"]["command"][:2] == ["bursar", "serve"]
    assert services["bursar-worker"]["command"] == ["bursar", "worker"]
    assert "bursar-postgresql" in services
    jobs = installation.compose("local/docker-compose.jobs.yml")
    for service in (services["bursar"], services["bursar-worker"], jobs["bursar-job"]):
        assert (installation.env / "local" / service["env_file"]).resolve().is_file()
    manifest, _, _ = jobs["bursar-job"]["volumes"][0].partition(":")
    assert (installation.env / "local" / manifest).resolve().is_file()


def test_a_development_host_has_a_port_and_no_https(installation: Installation) -> None:
    bursar = installation.compose("dev/docker-compose.yml")["bursar"]
    assert bursar["ports"] == ["127.0.0.1:8765:8000"]
    assert bursar["environment"]["BURSAR_PUBLIC_URL"] == "http://bursar.www.myopenedx.com:8765"


def test_kubernetes_accepts_every_object(installation: Installation) -> None:
    program = "import sys; from kubernetes_validate.__main__ import main; sys.exit(main())"
    files = [str(file) for file in sorted((installation.env / "k8s").glob("*.yml"))]
    files.remove(str(installation.env / "k8s/override.yml"))  # Empty without other plugins.
    done = subprocess.run(
        [str(PYTHON), "-c", program, "--strict", "--version", "1.31", *files],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_kubernetes_finds_what_is_referred_to(installation: Installation) -> None:
    objects = installation.kubernetes()
    kustomization = yaml.safe_load(installation.text("kustomization.yml"))
    assert "plugins/bursar/apps" in kustomization["resources"]
    ours = yaml.safe_load(installation.text("plugins/bursar/apps/kustomization.yml"))
    secrets = {one["name"] for one in ours["secretGenerator"]}
    for one in ours["secretGenerator"]:
        for file in [*one.get("envs", ()), *one.get("files", ())]:
            assert (installation.env / "plugins/bursar/apps" / file).is_file()
    for name in ("bursar", "bursar-worker"):
        (container,) = objects["Deployment", name]["spec"]["template"]["spec"]["containers"]
        assert container["envFrom"][0]["secretRef"]["name"] in secrets
    job = objects["Job", "bursar-job"]["spec"]["template"]["spec"]
    assert job["volumes"][0]["secret"]["secretName"] in secrets
    assert ("PersistentVolumeClaim", "bursar-postgresql") in objects
    for name in ("bursar", "bursar-postgresql"):
        selected = objects["Service", name]["spec"]["selector"]
        template = objects["Deployment", name]["spec"]["template"]
        assert selected.items() <= template["metadata"]["labels"].items()


def test_caddy_sends_the_host_to_the_web_process(installation: Installation) -> None:
    caddyfile = installation.text("apps/caddy/Caddyfile")
    assert re.search(
        r"^bursar\.www\.myopenedx\.com\{\$default_site_port\} \{", caddyfile, re.MULTILINE
    )
    assert 'import proxy "bursar:8000"' in caddyfile


def test_tasks_are_shell_and_come_in_their_order(
    installation: Installation, packages: Path
) -> None:
    tasks = packages / "tutorbursar/templates/bursar/tasks"
    for task in (tasks / "bursar/upgrade", tasks / "bursar/apply", tasks / "lms/init"):
        subprocess.run(["sh", "-n", str(task)], check=True)
    program = (
        "from tutor import hooks; import tutorbursar.plugin;"
        "print([name for name, _ in hooks.Filters.CLI_DO_INIT_TASKS.iterate()][-3:])"
    )
    variables = {"PATH": os.environ["PATH"], "PYTHONPATH": str(packages)}
    done = subprocess.run(
        [str(PYTHON), "-c", program], env=variables, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['bursar', 'lms', 'bursar']"


@pytest.fixture(scope="module")
def chosen(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    made = Installation(packages, tmp_path_factory.mktemp("tutor") / "root")
    made.run("plugins", "enable", "bursar")
    made.save(
        {
            "ENABLE_HTTPS": "true",
            "LMS_HOST": "learn.example.org",
            "BURSAR_RUN_POSTGRESQL": "false",
            "BURSAR_POSTGRESQL_HOST": "db.example.org",
            "BURSAR_EXTRA_SETTINGS": '{"BURSAR_RATE_LIMIT": "600/minute"}',
            "SMTP_HOST": "mail.example.org",
            "SMTP_PORT": "587",
            "SMTP_USERNAME": "o'hara@example.org",
            "SMTP_PASSWORD": "a$b#c d/e",
            "SMTP_USE_TLS": "true",
        }
    )
    return made


def test_the_database_is_that_of_the_operator(chosen: Installation) -> None:
    assert "bursar-postgresql" not in chosen.compose("local/docker-compose.yml")
    assert not [key for key in chosen.kubernetes() if "bursar-postgresql" in key[1]]
    assert "@db.example.org:5432/" in chosen.settings()["BURSAR_DATABASE_URL"]


def test_what_is_special_in_a_password_is_encoded(chosen: Installation) -> None:
    url = chosen.settings()["BURSAR_SMTP_URL"]
    assert url == (
        "smtp://o%27hara%40example.org:a%24b%23c%20d%2Fe@mail.example.org:587?starttls=required"
    )


def test_other_settings_are_added(chosen: Installation) -> None:
    settings = chosen.settings()
    assert settings["BURSAR_RATE_LIMIT"] == "600/minute"
    assert settings["BURSAR_PUBLIC_URL"] == "https://bursar.learn.example.org"


def test_a_value_that_the_two_readers_read_otherwise_is_refused(chosen: Installation) -> None:
    refused = chosen.run("config", "save", "--set=BURSAR_MAIL_FROM=$HOME <a@example.org>")
    assert refused.returncode != 0
    assert "BURSAR_MAIL_FROM must be one line without $" in refused.stdout + refused.stderr


def test_the_readme_names_each_setting(packages: Path) -> None:
    plugin = (PLUGIN / "tutorbursar/plugin.py").read_text()
    names = set(re.findall(r'^    "([A-Z_0-9]+)":', plugin, re.MULTILINE))
    readme = (PLUGIN / "README.md").read_text()
    shortened = {
        "POSTGRESQL_PORT",
        "POSTGRESQL_DATABASE",
        "POSTGRESQL_USERNAME",
        "POSTGRESQL_PASSWORD",
    }
    named = {name for name in names if f"BURSAR_{name}`" in readme or name in shortened}
    assert names - named - {"POSTGRESQL_DOCKER_IMAGE", "VERSION", "OAUTH2_KEY"} == set()


def test_the_manifest_of_the_readme_can_be_applied(tmp_path: Path) -> None:
    readme = (PLUGIN / "README.md").read_text()
    shown = re.search(r"^       (enterprises:\n(?: {7}.*\n)+)", readme, re.MULTILINE)
    assert shown is not None
    (tmp_path / "bursar.yaml").write_text(shown[1].replace("\n       ", "\n"))
    command = [sys.executable, "-m", "bursar", "apply", "-f", "bursar.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "5 created" in done.stdout, done.stdout + done.stderr
