"""An order becomes a job: who does it, on what, and whether that can be.

Law: knows documents, results, rows and offers; begins nothing. Raises Refusal, before anything is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from layerlift.wire.limits import NAME
from layerlift.wire.messages import Submit
from layerlift.wire.text import clipped
from layerlift.wire.values import EngineOffer, Param
from layerlift_server.jobs import params, refusals
from layerlift_server.jobs.port import Owner
from layerlift_server.jobs.results import Results
from layerlift_server.jobs.settings import JobSettings
from layerlift_server.jobs.store import Job
from layerlift_server.jobs.tracker import Tracker
from layerlift_server.jobs.uploads import Uploads


@dataclass(frozen=True)
class Material:
    """What a job works on: its name for people, its size (0: in the file), how many layers it has (0: it is flat),
    whether a selection comes with it, and the folder of the result that it is ("": it is none)."""

    name: str
    width: int = 0
    height: int = 0
    layers: int = 0
    mask: bool = False
    folder: str = ""


class Intake:
    """Takes orders in."""

    def __init__(self, uploads: Uploads, tracker: Tracker, results: Results, settings: JobSettings) -> None:
        self._uploads, self._tracker, self._results, self._settings = uploads, tracker, results, settings

    def take(
        self, order: Submit, content: str, owner: Owner, client: str, offers: Sequence[EngineOffer], certain: bool
    ) -> Job:
        """The new job's row, saved nowhere yet. `certain`: whether the `offers` are a worker's own."""
        limits = self._settings.limits
        engine = params.choose(order, offers, certain, limits)
        checked = params.check(order, engine, limits, upload=order.upload is not None)
        material = self._material(order, checked, owner)
        params.check(order, engine, limits, mask=material.mask)
        self._suits(order, checked, material)
        self._check_number(owner, client)
        now = self._settings.clock()
        return Job(
            job=order.job,
            owner=owner,
            client=clipped(client, NAME),
            name=clipped(material.name or "Picture", NAME),
            operation=order.operation,
            engine=engine.name,
            upload=order.upload,
            params=checked,
            detached=order.detached,
            content=content,
            created=now,
            touched=now,
            source=material.folder,
        )

    def _material(self, order: Submit, checked: dict[str, Param], owner: Owner) -> Material:
        if order.upload is not None:
            document = self._uploads.get(order.upload, owner).row.document
            return Material(document.name, document.width, document.height, mask=document.mask)
        source = checked.get("source")
        if not isinstance(source, str):
            return Material(str(checked["prompt"]))
        row = self._tracker.find(source, owner)
        if row.state != "done" or row.outcome is None:
            raise refusals.not_finished()
        if not self._results.whole(row.folder):
            raise refusals.damaged()
        return Material(row.name, row.outcome.width, row.outcome.height, row.outcome.layers, folder=row.folder)

    def _suits(self, order: Submit, checked: dict[str, Param], material: Material) -> None:
        """What the params ask of the material. Raises Refusal."""
        layer = checked.get("layer")
        if isinstance(layer, int) and layer >= material.layers:
            raise refusals.no_layer()
        if order.operation == "extend" and material.width:
            params.room(*params.extended(checked, material.width, material.height), self._settings.limits)

    def _check_number(self, owner: Owner, client: str) -> None:
        waiting = sum((row.owner, row.client) == (owner, client) for row in self._tracker.unfinished())
        if waiting >= self._settings.limits.jobs:
            raise refusals.too_many(f"{waiting} jobs of this client wait already.", "Wait until one is done.")
