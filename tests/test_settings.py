"""The operator's settings: what it does not understand it says at once, by the variable's name."""

from __future__ import annotations

from dataclasses import fields

import pytest

from onecloud_operator.settings import PREFIX, Settings, SettingsError, settings_from


def read(**variables: str) -> Settings:
    return settings_from({f"{PREFIX}{name}": value for name, value in variables.items()})


def test_without_any_variable_the_defaults_hold() -> None:
    assert settings_from({}) == Settings()


def test_an_empty_variable_counts_as_absent() -> None:
    assert read(NAMESPACES=" ", WORKERS="") == Settings()


def test_lists_are_separated_by_commas_and_may_have_spaces() -> None:
    assert read(NAMESPACES="shop, bank ,").namespaces == ("shop", "bank")


@pytest.mark.parametrize(("text", "value"), [("true", True), ("True", True), ("1", True), ("0", False)])
def test_a_switch_is_read_as_people_write_it(text: str, value: bool) -> None:
    assert read(ALLOW_LOOPBACK=text).allow_loopback is value


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        pytest.param("WORKERS", "many", "a whole number", id="a-word-for-a-number"),
        pytest.param("WORKERS", "1.5", "a whole number", id="a-fraction-of-a-worker"),
        pytest.param("WORKERS", "-1", "negative", id="less-than-nothing"),
        pytest.param("SWEEP_SECONDS", "10m", "a number of seconds", id="a-unit"),
        pytest.param("SWEEP_SECONDS", "inf", "infinite", id="for-ever"),
        pytest.param("SWEEP_SECONDS", "nan", "infinite", id="no-number"),
        pytest.param("ALLOW_LOOPBACK", "yes please", "true or false", id="politeness"),
        pytest.param("LOG_FORMAT", "xml", "text or json", id="an-unknown-format"),
        pytest.param("LOG_LEVEL", "chatty", "debug, info, warning or error", id="an-unknown-level"),
    ],
)
def test_a_bad_value_names_its_variable_and_what_is_wanted(name: str, value: str, says: str) -> None:
    with pytest.raises(SettingsError) as error:
        read(**{name: value})
    assert f"{PREFIX}{name}" in str(error.value)
    assert says in str(error.value)


def test_a_variable_that_nobody_knows_is_an_error_and_not_silence() -> None:
    with pytest.raises(SettingsError, match="ONECLOUD_OPERATOR_WORKRES"):
        read(WORKRES="8")


def test_every_setting_says_what_it_does() -> None:
    assert [knob.name for knob in fields(Settings) if len(knob.metadata["help"].split()) < 3] == []
