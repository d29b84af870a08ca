"""Lists that come in pages, whatever envelope they have."""

from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlsplit

from bursar_client.errors import UnexpectedAnswer
from bursar_client.values import Record, as_list, as_object, as_text, read
from bursar_client.wire import Answer, Request

T = TypeVar("T", bound=Record)


@dataclass(frozen=True)
class Page(Generic[T]):
    items: list[T]
    count: int | None
    """Of all pages, where the server tells it."""
    body: dict[str, object]
    request: Request

    def following(self) -> Request | None:
        """Only the query of `next` is taken: a token is never sent to a host that an answer names,
        and behind a gateway the server may know itself by another name and path."""
        next_url = as_text(self.body.get("next"))
        if next_url is None:
            return None
        wanted = self.request.with_query(urlsplit(next_url).query)
        if not wanted.query or wanted.query == self.request.query:
            path = self.request.path
            raise UnexpectedAnswer(f"The next page of {path} is said to be {next_url}.")
        return wanted


def read_page(answer: Answer, kind: type[T]) -> Page[T]:
    body = as_object(answer.json())
    count = body.get("count")
    return Page(
        items=[read(kind, item) for item in as_list(body.get("results"))],
        count=count if isinstance(count, int) else None,
        body=body,
        request=answer.request,
    )
