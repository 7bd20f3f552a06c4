"""The operator's settings: what it does not understand it says at once, by the variable's name."""

from __future__ import annotations

import ipaddress
from dataclasses import fields, replace

import pytest

from onecloud_operator.__main__ import USAGE_ERROR, main
from onecloud_operator.options import address_policy
from onecloud_operator.settings import PREFIX, Settings, SettingsError, settings_from

KNOBS = {knob.name: knob for knob in fields(Settings)}
NUMBERS = [name for name, knob in KNOBS.items() if type(knob.default) in {int, float}]
# Of these nothing at all makes sense: no wait, no port, no servers that may vanish, no warning ahead.
MAY_BE_NOTHING = {
    "confirm_seconds",
    "events_seconds",
    "expiring_days",
    "gone_floor",
    "gone_percent",
    "mass_deletion_floor",
    "mass_deletion_percent",
    "handover_seconds",
    "listen_port",
}


def read(**variables: str) -> Settings:
    return settings_from({f"{PREFIX}{name}": value for name, value in variables.items()})


def refusal(**variables: str) -> str:
    with pytest.raises(SettingsError) as error:
        read(**variables)
    return str(error.value)


def test_without_any_variable_the_defaults_hold() -> None:
    assert settings_from({}) == Settings()


def test_an_empty_variable_counts_as_absent() -> None:
    assert read(NAMESPACES=" ", WORKERS="", ALLOW_LOOPBACK="") == Settings()


def test_every_default_can_be_given_as_a_text() -> None:
    """Else what the chart or a person writes down for clarity would be refused."""

    def text(default: object) -> str:
        return ",".join(default) if isinstance(default, tuple) else str(default)

    assert read(**{name.upper(): text(knob.default) for name, knob in KNOBS.items()}) == Settings()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("shop", ("shop",), id="one"),
        pytest.param("shop,bank", ("shop", "bank"), id="two"),
        pytest.param(" shop, bank ,", ("shop", "bank"), id="spaces-and-a-comma-too-many"),
        pytest.param(" , ", (), id="none"),
    ],
)
def test_lists_are_separated_by_commas(text: str, names: tuple[str, ...]) -> None:
    assert read(NAMESPACES=text).namespaces == names


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("True", True), ("1", True), ("false", False), ("FALSE", False), ("0", False)],
)
def test_a_switch_is_read_as_people_write_it(text: str, value: bool) -> None:
    assert read(ALLOW_LOOPBACK=text).allow_loopback is value


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        pytest.param("WORKERS", "many", "a whole number, not 'many'", id="a-word-for-a-number"),
        pytest.param("WORKERS", "1.5", "a whole number, not '1.5'", id="a-fraction-of-a-worker"),
        pytest.param("WORKERS", "-1", "1 or more, not -1", id="less-than-nothing"),
        pytest.param("WORKERS", "0", "1 or more, not 0", id="nobody-to-do-the-work"),
        pytest.param("WORKERS_PER_ENDPOINT", "0", "1 or more, not 0", id="nobody-for-an-endpoint"),
        pytest.param("POLL_IDLE_SECONDS", "0", "0.01 or more, not 0", id="polls-without-a-pause"),
        pytest.param("SECRET_SECONDS", "-0.5", "0.01 or more, not -0.5", id="a-time-before-now"),
        pytest.param("SWEEP_SECONDS", "10m", "a number of seconds, not '10m'", id="a-unit"),
        pytest.param("SWEEP_SECONDS", "inf", "1 or more, not inf", id="for-ever"),
        pytest.param("SWEEP_SECONDS", "1e999", "1 or more, not 1e999", id="for-ever-in-figures"),
        pytest.param("SWEEP_SECONDS", "nan", "1 or more, not nan", id="no-number"),
        pytest.param("LISTEN_PORT", "70000", "from 0 to 65535, not 70000", id="no-port"),
        pytest.param("GONE_PERCENT", "101", "from 0 to 100, not 101", id="more-than-all"),
        pytest.param("ALLOW_LOOPBACK", "yes please", "true or false, not 'yes please'", id="politeness"),
        pytest.param("LOG_FORMAT", "xml", "text or json", id="an-unknown-format"),
        pytest.param("LOG_LEVEL", "chatty", "debug, info, warning or error", id="an-unknown-level"),
    ],
)
def test_a_bad_value_names_its_variable_and_what_is_wanted(name: str, value: str, wanted: str) -> None:
    assert refusal(**{name: value}).startswith(f"{PREFIX}{name} must be {wanted}")


@pytest.mark.parametrize("name", NUMBERS)
def test_what_would_be_asked_for_without_a_pause_or_done_by_nobody_is_refused(name: str) -> None:
    if name in MAY_BE_NOTHING:
        assert getattr(read(**{name.upper(): "0"}), name) == 0
    else:
        assert refusal(**{name.upper(): "0"}).startswith(f"{PREFIX}{name.upper()} must be ")


@pytest.mark.parametrize("name", NUMBERS)
def test_no_number_is_endless(name: str) -> None:
    for endless in ("inf", "nan"):
        assert f"{PREFIX}{name.upper()} must be " in refusal(**{name.upper(): endless})


@pytest.mark.parametrize("name", ["WORKRES", "workers", "", "SERVICE_HOST"])
def test_a_variable_that_nobody_knows_is_an_error_and_not_silence(name: str) -> None:
    assert f"{PREFIX}{name}" in refusal(**{name: "8", "WORKERS": "8"})


def test_all_unknown_variables_are_named_at_once() -> None:
    assert refusal(A="1", B="2") == f"unknown settings: {PREFIX}A, {PREFIX}B"


def test_variables_of_others_are_none_of_our_business() -> None:
    assert settings_from({"ONECLOUD_OPERATORS": "8", "PATH": "/bin"}) == Settings()


def test_every_setting_says_what_it_does() -> None:
    assert [name for name, knob in KNOBS.items() if len(knob.metadata["help"].split()) < 3] == []


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        pytest.param({"denied_networks": ("10.0.0.0/33",)}, "DENIED_NETWORKS: '10.0.0.0/33'", id="denied"),
        pytest.param({"denied_networks": ("cloud",)}, "DENIED_NETWORKS: 'cloud'", id="a-denied-name"),
        pytest.param({"service_networks": ("svc",)}, "SERVICE_NETWORKS: 'svc'", id="services"),
        pytest.param({"allowed_endpoints": ("10.0.0/8",)}, "ALLOWED_ENDPOINTS: '10.0.0/8'", id="allowed"),
        pytest.param({"allowed_endpoints": ("10.0.0.256",)}, "ALLOWED_ENDPOINTS: '10.0.0.256'", id="a-host"),
    ],
)
def test_a_network_that_is_none_names_its_variable(changes: dict[str, tuple[str, ...]], names: str) -> None:
    with pytest.raises(SettingsError, match="is not a network") as error:
        address_policy(replace(Settings(), **changes), "https://10.96.0.1")  # type: ignore[arg-type]
    assert f"{PREFIX}{names}" in str(error.value)


def test_endpoints_are_hosts_or_networks_and_the_clusters_own_api_is_denied() -> None:
    settings = read(ALLOWED_ENDPOINTS="cloud.example.com,10.0.0.0/8,fd00::/8,192.0.2.7")
    policy = address_policy(settings, "https://10.96.0.1:443")
    assert [(str(allowed.target), allowed.port) for allowed in policy.only] == [
        ("cloud.example.com", None),
        ("10.0.0.0/8", None),
        ("fd00::/8", None),
        ("192.0.2.7/32", None),
    ]
    assert policy.deny == (ipaddress.ip_network("10.96.0.1/32"),)


@pytest.mark.parametrize(
    ("text", "target", "port"),
    [
        ("cloud.example.com:30500", "cloud.example.com", 30500),
        (".example.com:443", ".example.com", 443),
        ("192.0.2.7:443", "192.0.2.7/32", 443),
        ("10.0.0.0/8:443", "10.0.0.0/8", 443),
        ("[fd00::/8]:443", "fd00::/8", 443),
        ("[2001:db8::1]:443", "2001:db8::1/128", 443),
        ("[2001:db8::1]", "2001:db8::1/128", None),
        ("2001:db8::1", "2001:db8::1/128", None),
    ],
)
def test_an_endpoint_may_have_a_port(text: str, target: str, port: int | None) -> None:
    (allowed,) = address_policy(read(ALLOWED_ENDPOINTS=text), "https://api").only
    assert (str(allowed.target), allowed.port) == (target, port)


@pytest.mark.parametrize("text", ["cloud:0", "cloud:99999", "[fd00::1]:0", "cloud:http", "10.0.0.0/8:x"])
def test_a_port_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="ALLOWED_ENDPOINTS"):
        address_policy(read(ALLOWED_ENDPOINTS=text), "https://api")


def test_the_command_says_what_is_wrong_in_one_line_and_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(f"{PREFIX}WORKERS", "none")
    assert main(["run"]) == USAGE_ERROR
    assert capsys.readouterr().err == (
        "onecloud-operator: ONECLOUD_OPERATOR_WORKERS must be a whole number, not 'none'\n"
    )
