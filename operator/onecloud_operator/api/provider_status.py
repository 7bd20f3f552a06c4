"""``status`` of a OneCloudProvider: whether its cloud can be used, and what uses it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictInt, StrictStr

from onecloud_operator.api.lists import ATOMIC_LIST, ATOMIC_MAP, Unique
from onecloud_operator.api.status import StatusCondition
from onecloud_operator.api.status_model import Count, Short, StatusModel, Text, shown

SHOWN_NAMESPACES = 16


class ProviderCloudStatus(StatusModel):
    """Where the credentials lead."""

    auth_url: Annotated[StrictStr, Field(max_length=1024)] = Field(description="Sign-in URL.")
    region: Text = Field(description="Region.")
    project: Text | None = shown("Name of the project.")
    project_id: Text = Field(description="Id of the project.")


class NamespaceUse(StatusModel):
    """A namespace whose objects name the provider."""

    name: Annotated[StrictStr, Field(max_length=63)] = Field(description="Name of the namespace.")
    servers: Count = Field(description="How many of its objects name the provider.")


class ProviderServersStatus(StatusModel):
    """The objects that name the provider."""

    total: Count = Field(description="How many OneCloudServers name the provider.")
    running: Count = Field(description="How many of them have a server that runs.")
    states: Annotated[dict[StrictStr, Count], Field(max_length=16)] | None = shown(
        "How many of them are in which status.state.", **ATOMIC_MAP
    )
    namespaces: Annotated[tuple[NamespaceUse, ...], Field(max_length=SHOWN_NAMESPACES)] | None = shown(
        f"The namespaces with most of them, at most {SHOWN_NAMESPACES}.", **ATOMIC_LIST
    )
    other_namespaces: Count | None = shown("How many more namespaces have some.")


class ProviderFeedStatus(StatusModel):
    """The poll by which servers of the project are watched; there is none while no object watches one."""

    last_poll_time: Annotated[StrictStr, Field(json_schema_extra={"format": "date-time"})] | None = shown(
        "When the last poll that the cloud answered was sent, as of the last look; written once a minute."
    )
    lag: Short | None = shown("How old that was then, for example 3s or 12m.")
    servers: Count | None = shown("How many servers of the project are watched.")


class ProviderStatus(StatusModel):
    """What is known of the provider."""

    observed_generation: StrictInt = Field(
        description="Generation of the object that this status is about; -1: it was not looked at yet."
    )
    cloud: ProviderCloudStatus | None = shown("Where the credentials lead.", **ATOMIC_MAP)
    servers: ProviderServersStatus | None = shown("The objects that name the provider.")
    feed: ProviderFeedStatus | None = shown("The poll by which servers of the project are watched.")
    conditions: Annotated[tuple[StatusCondition, ...], Field(max_length=16), Unique("type")] | None = shown(
        "What is so of the provider: Ready, CredentialsValid, Reachable, Deleting."
    )
