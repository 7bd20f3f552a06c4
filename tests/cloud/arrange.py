"""
What must have been true of the cloud before each recorded request, found from the recording itself.

The rules read the answer and the other recordings of the same server; ``SPECIAL`` has the cases whose cause
lies outside of what was recorded.
"""

import hashlib
import hmac
import json
import re
from typing import Any

from sandbox.cloud.defaults import ACCESS_KEY, ACCESS_PHRASE, PASSWORDS
from sandbox.cloud.inventory import Sku
from tests.cloud import second_lab
from tests.cloud.arrange_cases import SPECIAL
from tests.cloud.arrange_events import seed_events
from tests.cloud.arrange_lists import seed_list
from tests.cloud.arrange_resources import arrange_resource
from tests.cloud.arrange_servers import seed_target, sighting
from tests.cloud.fixtures import Scene
from tests.cloud.recorded import Exchange


def arrange(exchange: Exchange) -> Scene:
    """Return a cloud in which *exchange* should be answered as it was."""
    scene = Scene.recorded(exchange.recorded_at)
    scene.world.inventory.add_sku(Sku("lab.c1m1", 1, 1024))
    scene.world.inventory.security_groups["47dbab7c-f7fa-4d6b-8126-973b6f162406"].rules = ""
    if special := SPECIAL.get(exchange.case):
        special(scene, exchange)
    if exchange.service == "keystone":
        return scene
    if exchange.recorded_at >= second_lab.BEGAN and exchange.parts[0] == "servers":
        second_lab.furnish(scene)
        if exchange.server_path:
            second_lab.target(scene, exchange)
            return scene
    if exchange.about_a_part:
        arrange_resource(scene, exchange)
    elif exchange.group == "events":
        seed_events(scene, exchange)
    elif exchange.server_path and exchange.server_path != "check-create-data":
        seed_target(scene, exchange)
    elif exchange.group == "list":
        seed_list(scene, exchange)
    elif exchange.group == "create":
        _create(scene, exchange)
    if "host-offline" in exchange.case:
        scene.cloud.set_host(online=False)
    if match := re.search(r"Duplicate name name (\S+?)\\?\"", exchange.details):
        scene.cloud.add_server(match[1], status="ready")
    return scene


def request_of(scene: Scene, exchange: Exchange) -> tuple[dict[str, str], Any]:
    """Return the headers and the body to send, live tokens and passwords in place of the placeholders."""
    headers = {}
    for name, value in exchange.headers.items():
        headers[name] = _revealed(scene, value)
    body = exchange.body
    if body is not None and not isinstance(body, str):
        text = json.dumps(body)
        text = text.replace("<USER_PASSWORD>", PASSWORDS["labuser"]).replace(
            "<ADMIN_PASSWORD>", PASSWORDS["sysadmin"]
        )
        body = json.loads(re.sub("<TOKEN(?::[^>]*)?>", lambda m: _revealed(scene, m[0]), text))
        if "access_key_secret" in text:
            _sign(body["auth"]["identity"], exchange)
    return headers, body


def _revealed(scene: Scene, value: str) -> str:
    match = re.search(r"<TOKEN(?::([^>]*))?>", value)
    return value.replace(match[0], scene.token(match[1] or "labuser")) if match else value


def _sign(identity: dict[str, Any], exchange: Exchange) -> None:
    """Sign the recorded text with a secret that is known here, where the recorded signature was good."""
    sent = json.loads(identity["access_key_secret"])
    if sent["access_key"] != ACCESS_KEY or "wrong" in exchange.case:
        return
    digest = b"AWS4" + ACCESS_PHRASE.encode()
    for part in (sent["request"].split("\n")[2].split("/")[0], sent["location"], "s3", "aws4_request"):
        digest = hmac.new(digest, part.encode(), hashlib.sha256).digest()
    sent["signature"] = hmac.new(digest, sent["request"].encode(), hashlib.sha256).hexdigest()
    identity["access_key_secret"] = json.dumps(sent)


def _create(scene: Scene, exchange: Exchange) -> None:
    details = exchange.details
    body = exchange.body if isinstance(exchange.body, dict) else {}
    wanted = body.get("server", body)
    if match := re.search(r"Duplicate name server (.+)$", details):
        scene.cloud.add_server(match[1].lower(), status="ready")
    elif "1062" in details and body.get("count", 1) == 1:
        ident = str(wanted["id"])
        if "after" not in exchange.case:
            scene.cloud.add_server("holder-of-the-id", ident=ident, status="ready")
        scene.world.store.burnt.add(ident.casefold())
    elif match := re.search(r"Address (\S+) has been used", details):
        for network in scene.world.inventory.networks.values():
            network.used.add(match[1])
    elif exchange.kind == "OutOfQuotaError":
        scene.cloud.settings.quota = 0
    elif exchange.status == 200 and isinstance(exchange.json.get("server"), dict):
        shown = exchange.json["server"]
        if wanted.get("eip"):
            second_lab.free_address(scene, wanted["eip"])
        if wanted.get("generate_name") and shown["name"] != wanted["generate_name"]:
            scene.cloud.add_server(wanted["generate_name"])
        if wanted.get("dry_run") and "disks_info" in shown:
            scene.seed(sighting(str(shown["id"]), exchange) or shown)
