"""Writes how a server is reached into its object's Secret; the password passes through and stays nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from pydantic import SecretStr

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.connection_writes import DropConnection, WriteConnection
from onecloud_operator.core.values import Problem
from onecloud_operator.kube.calls import KubeConflict, KubeError, KubeForbidden, KubeNotFound
from onecloud_operator.kube.owned_secrets import TYPE, ForeignSecret, drop_owned, write_owned
from onecloud_operator.onecloud.login_key import password_in

if TYPE_CHECKING:
    from onecloud_operator.core.connection_writes import ConnectionWrite
    from onecloud_operator.kube.client import KubeClient, ObjectReference
    from onecloud_operator.onecloud import Cloud

UNPROCESSABLE = 422
RIGHTS = (
    "The operator needs the rights to create, get, update and delete Secrets there, which its chart gives "
    "with connectionSecrets.enabled."
)


async def send_connection(
    cluster: KubeClient, reference: ObjectReference, cloud: Cloud | None, step: ConnectionWrite
) -> Problem | None:
    """Carry out *step*; return what is in its way, or None. Raises OneCloudError, KubeError if unanswered."""
    try:
        match step:
            case DropConnection(secret=secret):
                await drop_owned(cluster, reference, secret)
            case WriteConnection(secret=secret, connection=connection):
                values = {key: SecretStr(value) for key, value in connection.values}
                if connection.asks and (password := await _password(cloud, step.server_id)) is not None:
                    values["password"] = password
                await write_owned(cluster, reference, secret, values)
            case _:
                assert_never(step)
    except ForeignSecret:
        return Problem(
            Reason.SECRET_CONFLICT,
            f"There is a Secret {step.secret} already that this object did not make ({TYPE}, owned by this "
            "object), so it is left alone. Give writeConnectionSecretToRef another name, or delete that one.",
        )
    except KubeConflict:
        raise
    except KubeNotFound as error:
        return _refused(step, error)
    except KubeForbidden as error:
        return _refused(step, error, f" {RIGHTS}")
    except KubeError as error:
        if error.status == UNPROCESSABLE:
            return _refused(step, error)
        raise
    return None


def _refused(step: ConnectionWrite, error: KubeError, more: str = "") -> Problem:
    """Return the API server's refusal, in which it never quotes a value of a Secret."""
    return Problem(Reason.SECRET_CONFLICT, f"Secret {step.secret} cannot be written: {error}.{more}")


async def _password(cloud: Cloud | None, server_id: str) -> SecretStr | None:
    row = await cloud.get_server(server_id) if cloud is not None else None
    return password_in(row) if row is not None else None
