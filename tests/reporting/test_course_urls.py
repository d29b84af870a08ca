from datetime import timedelta
from uuid import uuid4

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.content.models import ContentItem
from bursar.catalog.membership.models import CatalogQuery, QueryMember
from bursar.clock import FOREVER
from bursar.database.engine import Database
from testing.worlds.reporting import NOW, World, learner, row
from tests.reporting.calling import ROOT, Api

RUN = "course-v1:edX+DemoX+2026"


def put_catalog(session: Session, world: World, keys: list[str], age: int) -> str:
    query, catalog = uuid4(), uuid4()
    session.execute(
        insert(CatalogQuery).values(
            uuid=query,
            content_filter={},
            created_at=NOW,
            ready=True,
            evaluated_to=0,
            version=1,
            content_modified_at=NOW,
        )
    )
    session.execute(
        insert(Catalog).values(
            uuid=catalog,
            enterprise_uuid=world.uuid,
            title="Catalog",
            query_uuid=query,
            query_since=NOW,
            include_exec_ed_2u_courses=False,
            created_at=NOW - timedelta(days=age),
            modified_at=NOW,
        )
    )
    for key in keys:
        session.execute(
            insert(QueryMember).values(
                query_uuid=query,
                content_id=content_id(session, key),
                sort_key=key,
                active_until=FOREVER,
                changed_at=NOW,
            )
        )
    return str(catalog)


def content_id(session: Session, key: str) -> int:
    found = select(ContentItem.id).where(ContentItem.key == key)
    known: int | None = session.scalar(found)
    if known is not None:
        return known
    session.execute(
        insert(ContentItem).values(
            content_type="course",
            key=key,
            family_key=key,
            title=key,
            body=b"{}",
            body_hash=b"",
            active_until=FOREVER,
            changed_at=NOW,
        )
    )
    return content_id(session, key)


def test_a_course_is_found_in_the_oldest_catalog_of_the_enterprise(database: Database) -> None:
    world, other, api = World(database), World(database), Api(database)
    keys = ["edX+DemoX", "edX+Rare", "MITx/6.002x", "edX+Elsewhere", "edX+É"]
    emails = [f"l{number}@example.com" for number in range(len(keys) + 1)]
    rows = [
        row(email, RUN, course_key=key) for email, key in zip(emails, [*keys, None], strict=True)
    ]
    world.write(map(learner, emails), [], rows)
    api.admit(world.uuid)
    with database.transaction() as session:
        put_catalog(session, other, keys, age=99)
        new = put_catalog(session, world, [*keys[:3], "edX+É"], age=1)
        old = put_catalog(session, world, [keys[0]], age=7)
    base = f"{ROOT}/enterprise/v2/enterprise-catalogs"
    expected = [
        f"{base}/{old}/courses/edX+DemoX",
        f"{base}/{new}/courses/edX+Rare",
        f"{base}/{new}/courses/MITx/6.002x",
        None,
        f"{base}/{new}/courses/edX+%C3%89",
        None,
    ]
    assert [line["course_api_url"] for line in api.page(world.uuid)["results"]] == expected
    assert [line["course_api_url"] for line in api.lines(world.uuid)] == expected
    ordered = [
        line["course_api_url"]
        for line in api.page(world.uuid, ordering="course_api_url")["results"]
    ]
    assert ordered[-2:] == [None, None]
    assert [url.partition("/courses/")[0] for url in ordered[:-2]] == sorted(
        url.partition("/courses/")[0] for url in expected if url
    )
