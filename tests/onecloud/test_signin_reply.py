"""Where a sign-in leads: the token, the project, and one compute endpoint chosen the same way every time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from onecloud_operator.onecloud import Credentials, DomainScope, Password, Project, Session
from onecloud_operator.onecloud.errors import CatalogError, NotInProject, ProtocolError, SignInError
from onecloud_operator.onecloud.protocol import Reply, Request, Traffic
from onecloud_operator.onecloud.signin_reply import choose_endpoint, parse_session
from tests.onecloud.origin import token_body

if TYPE_CHECKING:
    from onecloud_operator.onecloud.auth import Scope

REQUEST = Request("sign_in", "POST", "/auth/tokens", "/auth/tokens", Traffic.READ)


def endpoint(url: str, interface: str = "public", region: str = "Beijing") -> dict[str, str]:
    return {"interface": interface, "region_id": region, "region": region, "url": url}


def catalog_of(*endpoints: Any, service: str = "compute_v2") -> list[dict[str, Any]]:
    return [
        {"type": "identity", "endpoints": [endpoint("http://identity")]},
        {"type": service, "endpoints": list(endpoints)},
    ]


def session_of(  # noqa: PLR0913 - each has a default
    body: object,
    scope: Scope | None = None,
    token: str = "t0ken",
    asked_at: float = 100.0,
    *,
    auth_url: str = "https://Cloud/v3",
    allow_http: bool = False,
) -> Session:
    method = Password(SecretStr("pw"), user_name="u")
    credentials = Credentials(auth_url, method, scope, allow_http=allow_http)
    reply = Reply(200, {"x-subject-token": token}, json.dumps(body).encode())
    return parse_session(credentials, REQUEST, reply, asked_at)


@pytest.mark.parametrize(
    ("catalog", "interface", "region", "expected"),
    [
        pytest.param(
            catalog_of(endpoint("http://a")), "public", None, ("http://a", "Beijing"), id="the-only-one"
        ),
        pytest.param(
            catalog_of(endpoint("http://b"), endpoint("http://a/")),
            "public",
            None,
            ("http://a", "Beijing"),
            id="lowest",
        ),
        pytest.param(
            catalog_of(endpoint("http://i", "internal"), endpoint("http://p")),
            "internal",
            None,
            ("http://i", "Beijing"),
            id="the-wanted-interface",
        ),
        pytest.param(
            catalog_of(endpoint("http://a", "slave"), endpoint("http://i", "internal")),
            "internal",
            None,
            ("http://i", "Beijing"),
            id="internal-is-never-a-read-replica",
        ),
        pytest.param(
            catalog_of(endpoint("http://a")),
            "publicURL",
            None,
            ("http://a", "Beijing"),
            id="an-openstack-word",
        ),
        pytest.param(
            catalog_of(endpoint("http://a"), endpoint("http://b", region="Shanghai")),
            "public",
            "Shanghai",
            ("http://b", "Shanghai"),
            id="the-wanted-region",
        ),
        pytest.param(
            catalog_of(endpoint("http://a", "internal", "X"), endpoint("http://b")),
            "public",
            None,
            ("http://b", "Beijing"),
            id="another-interfaces-region-does-not-matter",
        ),
        pytest.param(
            catalog_of({"interface": "public", "region": "R", "url": "http://a"}),
            "public",
            "R",
            ("http://a", "R"),
            id="old",
        ),
        pytest.param(
            [None, 7, {"type": "compute_v2", "endpoints": [None, "x", endpoint("http://a")]}],
            "public",
            None,
            ("http://a", "Beijing"),
            id="junk-is-stepped-over",
        ),
    ],
)
def test_an_endpoint_is_chosen(
    catalog: object, interface: str, region: str | None, expected: tuple[str, str]
) -> None:
    assert choose_endpoint(catalog, interface=interface, region=region) == expected


@pytest.mark.parametrize(
    ("catalog", "region", "says"),
    [
        pytest.param(
            catalog_of(endpoint("http://a"), endpoint("http://b", region="Shanghai")),
            None,
            "name one: Beijing, Shanghai",
            id="several-regions-are-named",
        ),
        pytest.param(catalog_of(endpoint("http://a")), "Paris", "'Paris', but: Beijing", id="no-such-region"),
        pytest.param(
            catalog_of(endpoint("http://a", "internal")),
            None,
            "'public', but: internal",
            id="no-such-interface",
        ),
        pytest.param(catalog_of(endpoint("http://a", "slave")), None, "but: slave", id="only-a-read-replica"),
        pytest.param(
            catalog_of(endpoint("http://a", "")), None, "but: ", id="an-empty-interface-fits-nothing"
        ),
        pytest.param(
            catalog_of(endpoint("http://a"), service="compute"), None, "none at all", id="another-type"
        ),
        pytest.param(catalog_of(endpoint("file:///etc")), None, "not usable", id="no-web-address"),
        pytest.param(catalog_of({"interface": "public"}), None, "not usable", id="no-address"),
        pytest.param(None, None, "none at all", id="no-catalog"),
        pytest.param({"a": 1}, None, "none at all", id="a-catalog-of-another-shape"),
    ],
)
def test_without_an_endpoint_the_error_says_what_there_is(
    catalog: object, region: str | None, says: str
) -> None:
    with pytest.raises(CatalogError, match=says):
        choose_endpoint(catalog, interface="public", region=region)


def test_a_session_says_where_and_who() -> None:
    session = session_of(token_body("https://compute:8888/"), Project(name="LAB", domain_name="Default"))
    assert session.compute_url == "https://compute:8888"
    assert session.auth_url == "https://cloud/v3"
    assert (session.project_id, session.project_name, session.user_name) == ("p-1", "lab", "labuser")
    assert session.token.get_secret_value() == "t0ken"
    assert session.region == "Beijing"


def test_a_life_is_counted_from_before_the_call_by_the_services_own_clock() -> None:
    session = session_of(token_body("https://compute", lifetime_seconds=600), asked_at=100.0)
    assert (session.renew_at, session.ends_at) == (400.0, 700.0)


@pytest.mark.parametrize("expires", [None, "", "soon", "2026-10-01T00:00:00Z"])
def test_a_life_that_cannot_be_read_is_short_but_not_over(expires: str | None) -> None:
    body = token_body("https://compute")
    body["token"]["expires_at"] = expires
    session = session_of(body)
    assert 1.0 < session.ends_at - 100.0 <= 3600.0


@pytest.mark.parametrize(
    ("scope", "fits"),
    [
        pytest.param(Project(name="lab"), True, id="by-name"),
        pytest.param(Project(id="p-1", name="renamed-since"), True, id="the-id-decides"),
        pytest.param(Project(name="other"), False, id="an-access-key-of-another-project"),
        pytest.param(Project(id="p-2"), False, id="another-id"),
        pytest.param(DomainScope(name="other"), False, id="another-domain"),
        pytest.param(None, True, id="whatever-it-is"),
    ],
)
def test_a_token_for_another_project_is_refused(scope: Scope | None, *, fits: bool) -> None:
    if fits:
        assert session_of(token_body("https://compute"), scope).project_id == "p-1"
    else:
        with pytest.raises(NotInProject, match="lead to"):
            session_of(token_body("https://compute"), scope)


def test_a_token_without_a_project_is_refused() -> None:
    body = token_body("https://compute")
    del body["token"]["project"], body["token"]["catalog"]
    with pytest.raises(NotInProject, match="set one"):
        session_of(body)


def test_a_session_may_be_of_a_whole_domain() -> None:
    body = token_body("https://compute")
    body["token"] |= {"is_domain": True, "project": {"id": "default", "name": "Default"}}
    session = session_of(body, DomainScope(name="Default"))
    assert session.whole_domain
    assert session.project_id == "default"


@pytest.mark.parametrize("token", ["", "with space", "tökén", "a\nb"])
def test_a_token_that_cannot_travel_in_a_header_is_refused(token: str) -> None:
    with pytest.raises(ProtocolError):
        session_of(token_body("https://compute"), token=token)


@pytest.mark.parametrize("body", [None, [], {}, {"token": None}, {"token": []}, {"token": "t"}])
def test_a_sign_in_answer_of_another_shape_is_refused(body: object) -> None:
    with pytest.raises((ProtocolError, SignInError)):
        session_of(body)


def test_a_token_is_kept_for_a_minute_at_least_however_soon_it_is_said_to_die() -> None:
    session = session_of(token_body("https://compute", lifetime_seconds=2), asked_at=100.0)
    assert (session.renew_at, session.ends_at) == (130.0, 160.0)


def test_a_sign_in_by_https_does_not_go_on_to_http_unless_it_may() -> None:
    with pytest.raises(CatalogError, match="OS_ALLOW_HTTP"):
        session_of(token_body("http://compute"))
    assert session_of(token_body("http://compute"), allow_http=True).compute_url == "http://compute"


def test_a_sign_in_by_https_asks_no_image_service_by_http_unless_it_may() -> None:
    body = token_body("https://compute")
    body["token"]["catalog"].append({"type": "image", "endpoints": [endpoint("http://images")]})
    assert session_of(body).image_url is None
    assert session_of(body, allow_http=True).image_url == "http://images"
    assert session_of(body, auth_url="http://cloud/v3").image_url == "http://images"


def test_a_sign_in_by_http_goes_on_to_either() -> None:
    for url in ("http://compute", "https://compute"):
        assert session_of(token_body(url), auth_url="http://cloud/v3").compute_url == url


@pytest.mark.parametrize("part", ["project", "user"])
@pytest.mark.parametrize("field", ["id", "name"])
def test_a_sign_in_whose_ids_and_names_are_too_long_is_not_the_apis(part: str, field: str) -> None:
    body = token_body("https://compute")
    body["token"][part][field] = "x" * 300
    with pytest.raises(ProtocolError) as caught:
        session_of(body, None)
    assert len(str(caught.value)) < 300
    body["token"][part] |= {"id": "x" * 128, "name": "x" * 256}
    assert session_of(body, None).project_id


def test_a_region_that_is_too_long_is_not_the_apis() -> None:
    assert choose_endpoint(
        catalog_of(endpoint("http://a", region="x" * 128)), interface="public", region=None
    )
    with pytest.raises(ProtocolError, match="region"):
        choose_endpoint(catalog_of(endpoint("http://a", region="x" * 129)), interface="public", region=None)


def test_a_catalog_of_any_size_makes_a_short_message() -> None:
    many = catalog_of(*(endpoint("http://a", region=f"region-{n}") for n in range(2000)))
    odd = catalog_of(*(endpoint("http://a", f"interface-{n}") for n in range(2000)))
    for catalog, region in ((many, None), (many, "Paris"), (odd, None)):
        with pytest.raises(CatalogError) as caught:
            choose_endpoint(catalog, interface="public", region=region)
        assert len(str(caught.value)) < 500


def test_an_address_that_is_too_long_is_not_usable() -> None:
    with pytest.raises(CatalogError, match="not usable"):
        choose_endpoint(catalog_of(endpoint("http://a/" + "x" * 2000)), interface="public", region=None)
