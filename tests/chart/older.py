"""The chart as it was before a field of the spec and one of the status were added."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import yaml

from tools.docs.chart import CHART

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.cluster.kube import Object

SPEC_FIELD = "deletionProtection"
STATUS_FIELD = "deletionPolicy"  # one that every server has


def older_chart(directory: Path) -> Path:
    """Write the chart into *directory*; return where it is."""
    chart = directory / "onecloud-operator"
    shutil.copytree(CHART, chart)
    about = yaml.safe_load((chart / "Chart.yaml").read_text())
    (chart / "Chart.yaml").write_text(yaml.safe_dump({**about, "version": "0.0.9"}))
    definition = yaml.safe_load((chart / "files" / "crd.yaml").read_text())
    del fields_of(definition, "spec")[SPEC_FIELD]
    del fields_of(definition, "status")[STATUS_FIELD]
    text = yaml.safe_dump(definition, sort_keys=False)
    assert "\nmetadata:\n" in text
    (chart / "files" / "crd.yaml").write_text(text)
    return chart


def fields_of(definition: Object, part: str) -> dict[str, Any]:
    """Return the fields of spec or status that a definition has."""
    (version,) = definition["spec"]["versions"]
    fields: dict[str, Any] = version["schema"]["openAPIV3Schema"]["properties"][part]["properties"]
    return fields
