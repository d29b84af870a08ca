"""What keeps a claim page to itself."""

from urllib.parse import urlsplit

from bursar.claims.looks import Look


def page_headers(look: Look | None, *leads_to: str) -> dict[str, str]:
    """Nothing runs on the page, nothing is loaded from elsewhere but the enterprise's logo, and no
    cache keeps it. Its forms may be answered with a redirect to these places."""
    logo = f"img-src {origin_of(look.logo)}; " if look is not None and look.logo else ""
    places = " ".join(dict.fromkeys(map(origin_of, leads_to)))
    policy = (
        f"default-src 'none'; style-src 'self'; {logo}base-uri 'none'; "
        f"form-action 'self' {places}; frame-ancestors 'none'"
    )
    return {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": policy,
        "cache-control": "private, no-store",
        "vary": "Accept-Language",
        "x-robots-tag": "noindex, nofollow",
    }


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
