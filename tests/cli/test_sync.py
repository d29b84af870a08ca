"""`bursar sync discovery`, as an operator runs it, and as a worker does it by itself."""

import signal

import httpx
import pytest
from sqlalchemy import update

from bursar.catalog.sync.models import SyncRun
from testing.fakes.discovery import CLIENT_ID, CLIENT_SECRET, Trouble
from testing.servers.cli import Cli, Finished, kill
from testing.waiting import wait_until
from testing.worlds.discovery import Syncing, a_course, a_run, runs, stored, syncing

pytestmark = pytest.mark.slow


def settings(world: Syncing, **more: str) -> dict[str, str]:
    return {
        "BURSAR_DISCOVERY_URL": world.url,
        "BURSAR_DISCOVERY_CLIENT_ID": CLIENT_ID,
        "BURSAR_DISCOVERY_CLIENT_SECRET": CLIENT_SECRET,
        "BURSAR_LMS_PUBLIC_URL": world.url,
        "BURSAR_DISCOVERY_PAGE_SIZE": "2",
        **more,
    }


def sync(cli: Cli, world: Syncing, *options: str) -> Finished:
    finished = cli.run("sync", "discovery", *options, **settings(world))
    assert "Traceback" not in finished.stderr
    return finished


def test_the_statuses_say_how_it_went(cli: Cli) -> None:
    with syncing(courses=10) as world:
        done = sync(cli, world)
        assert done.returncode == 0, done
        first, estimate, last = done.stdout.splitlines()
        assert first.startswith("full sweep: 18 pages in ")
        assert estimate.startswith("a full sweep asks for 18 pages and takes about ")
        assert estimate.endswith(" at 200 requests an hour")
        assert last == "21 created, 0 changed, 0 unchanged, 0 rejected, 0 removed"

        world.service.put("courses", a_course(1, course_runs=[a_run(1, end="soon")]))
        rejected = sync(cli, world, "--full")
        assert rejected.returncode == 1
        assert "rejected: courses, page 1, edX+C00001: end of" in rejected.stderr

        world.service.script(Trouble("courses", status=403))
        failed = sync(cli, world, "--full")
        assert failed.returncode == 3
        assert "does not let Bursar's account read" in failed.stderr

        world.service.fill("courses", [a_course(number) for number in range(8, 11)])
        guarded = sync(cli, world, "--full")
        assert guarded.returncode == 3
        assert "it would remove 7 of 21 documents, more than 20 %" in guarded.stderr
        assert sync(cli, world, "--force").stdout.splitlines()[-1].endswith("7 removed")


def test_without_a_service_it_is_refused(cli: Cli) -> None:
    (line,) = cli.refused("sync", "discovery")
    assert line == "BURSAR_DISCOVERY_URL is not set: there is nothing to pull from."


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("URL", "ftp://x", "must begin with http"),
        ("CLIENT_ID", "", "is required when BURSAR_DISCOVERY_URL is set"),
        ("MAX_REMOVED_PERCENT", "101", "less than or equal to 100"),
        ("EVERY", "0", "greater than or equal to 0.1"),
        ("FULL_EVERY", "never", "valid number"),
    ],
)
def test_settings_are_checked(on_sqlite: Cli, name: str, value: str, problem: str) -> None:
    wrong = {
        "BURSAR_DISCOVERY_URL": "http://discovery.example",
        "BURSAR_DISCOVERY_CLIENT_ID": "x",
        "BURSAR_DISCOVERY_CLIENT_SECRET": "y",
        f"BURSAR_DISCOVERY_{name}": value,
    }
    finished = on_sqlite.run("sync", "discovery", **wrong)
    assert finished.returncode == 2
    assert f"BURSAR_DISCOVERY_{name}: " in finished.stderr
    assert problem in finished.stderr


def test_a_process_that_is_killed_has_changed_nothing_and_the_next_goes_on(cli: Cli) -> None:
    with syncing(courses=10) as world:
        with cli.started("sync", "discovery", **settings(world)) as process:

            def kill_it(listing: str, link: str) -> str | None:
                if listing == "course_runs":
                    world.service.next_links = None
                    process.send_signal(signal.SIGKILL)
                return link if "page=6&" not in link else None

            world.service.next_links = kill_it
            wait_until(lambda: process.poll() is not None, "it was killed")
            kill(process)
        with cli.database() as database:
            assert stored(database) == {}
            # In truth three minutes pass.
            with database.transaction() as session:
                session.execute(update(SyncRun).values(held_until=None))
        assert world.service.pages_of("courses") == [1, 2, 3, 4, 5]
        resumed = sync(cli, world)
        assert world.service.pages_of("courses") == [1, 2, 3, 4, 5]
    assert resumed.returncode == 0, resumed
    assert "resumes the full sweep that began at" in resumed.stderr
    assert resumed.stdout.splitlines()[-1].startswith("21 created")


def test_while_another_process_syncs_it_is_refused(cli: Cli) -> None:
    with syncing(courses=4) as world:
        world.service.script(Trouble("courses", status=403))
        sync(cli, world)
        cli.execute(
            "UPDATE content_sync_runs "
            "SET holder = 'x', held_until = '2999-01-01T00:00:00.000000+00:00'"
        )
        refused = sync(cli, world)
    assert refused.returncode == 2
    assert "another process is syncing, and holds the run until" in refused.stderr


def test_a_server_with_its_worker_syncs_by_itself_and_tells_what_the_guard_stopped(
    cli: Cli,
) -> None:
    with syncing(courses=10) as world:
        served = settings(world, BURSAR_DISCOVERY_PAGE_SIZE="50")
        with cli.database() as database:
            if not database.is_sqlite:
                pytest.skip("on PostgreSQL the worker is a process of its own")
            with cli.served(**served) as server:
                wait_until(lambda: [run.state for run in runs(database)] == ["done"], "it synced")
                assert len(stored(database)) == 21
                assert "errors" not in httpx.get(f"{server.url}/ready").json()
                world.service.fill("courses", [])
                guarded = cli.run("sync", "discovery", "--full", **served)
                assert guarded.returncode == 3, guarded
                ready = httpx.get(f"{server.url}/ready")
                assert ready.status_code == 200
                (told,) = ready.json()["errors"]
                assert told == (
                    "The sync with the discovery service was stopped: it would remove 10 of 21 "
                    "documents, more than 20 %. Look there, or go on with `bursar sync discovery "
                    "--full --force`."
                )
                metrics = httpx.get(f"{server.url}/metrics").text
                assert "bursar_content_sync_stopped 1.0" in metrics
