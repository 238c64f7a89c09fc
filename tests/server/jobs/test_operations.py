"""Every operation through the desk, a real worker and engines that can all of them: exactly what the library gives."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from layerlift import formats, operations
from layerlift.engines.fake import FakeEngine
from layerlift.imaging.layer import Document
from layerlift.wire.messages import Done, Failed, Submit
from layerlift.wire.params import OPERATIONS
from layerlift.wire.values import Operation, Param
from layerlift_server.jobs.desk import Desk
from layerlift_server.jobs.port import LOCAL, Refusal
from server.jobs.desks import eventually, new_id, opened, picture, send, submit
from server.jobs.orders import ORDERS, WITH_SOURCE, expected, material, result, same, selected


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
async def test_every_operation_gives_what_it_gives_without_a_server(tmp_path: Path, dtype: type) -> None:
    pixels = picture(dtype=dtype)
    async with opened(tmp_path) as desk:
        upload = send(desk, pixels)
        await eventually(lambda: desk.offers()[0].name == "drill")  # who does it is not said
        for operation in OPERATIONS:
            params = ORDERS[operation]
            job, ear = submit(
                desk, None if operation == "generate" else upload, operation=operation, engine=None, **params
            )
            done = await ear.until(Done)
            stack = result(desk, job)
            alone = operations.run(operation, FakeEngine(), params=params, **material(operation, pixels))
            same(stack, alone)
            assert (done.width, done.height) == tuple(alone.extent)
            assert done.notes == alone.notes
            info = desk.list(LOCAL, 0)[0]
            assert (info.operation, info.name) == (operation, "a boat" if operation == "generate" else "Poster")
        assert desk.figures()["done_total"] == len(OPERATIONS)


async def test_an_uploaded_selection_goes_to_the_operation_and_not_into_the_picture(tmp_path: Path) -> None:
    pixels, mask = picture(), selected()
    mask[12:20, 14:20] = 128
    async with opened(tmp_path) as desk:
        upload = send(desk, pixels, mask=mask)
        for operation in ("inpaint", "harmonise"):
            job, ear = submit(desk, upload, operation=operation)
            await ear.until(Done)
            document = Document(pixels, "Poster")
            same(result(desk, job), operations.run(operation, FakeEngine(), document=document, mask=mask))
        job, ear = submit(desk, upload, operation="edit", prompt="make it look like dusk")
        await ear.until(Done)
        (layer,) = result(desk, job).layers
        assert layer.bounds.x >= 10, "for the others a selection is the picture's outline"
        assert layer.bounds.right <= 30


async def test_a_finished_job_is_worked_on_in_place_of_an_upload(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        source, ear = submit(desk, send(desk, picture()), layers=3)
        await ear.until(Done)
        stack = result(desk, source)
        for operation, params in WITH_SOURCE.items():
            job, ear = submit(desk, None, operation=operation, source=source, **params)
            await ear.until(Done)
            same(result(desk, job), expected(operation, stack, params))
            assert desk.list(LOCAL, 0)[0].name == "Poster"
        assert len(desk._results._held) == 0


async def test_words_that_are_a_command_are_obeyed_by_an_engine_that_cannot_edit(tmp_path: Path) -> None:
    async with opened(tmp_path, engines="layerlift.engines") as desk:
        source, ear = submit(desk, send(desk, picture()), engine="fake", layers=3)
        await ear.until(Done)
        await eventually(lambda: len(desk.offers()) >= 2)
        job, ear = submit(
            *(desk, None), operation="edit", engine="quick", source=source, layer=1, prompt="move it 3 px right"
        )
        await ear.until(Done)
        before, after = result(desk, source), result(desk, job)
        assert after.layers[1].bounds.x == before.layers[1].bounds.x + 3
        np.testing.assert_array_equal(after.layers[0].pixels, before.layers[0].pixels)


def refused(desk: Desk, upload: str | None, operation: Operation, owner: str = LOCAL, **params: Param) -> str:
    with pytest.raises(Refusal) as caught:
        desk.submit(Submit(new_id(), operation, "drill", upload, params), owner, "krita")
    return caught.value.problem.code


async def test_what_is_not_there_or_not_one_s_own_cannot_be_worked_on(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    async with opened(tmp_path) as desk:
        upload = send(desk, picture())
        await eventually(lambda: len(desk.offers()) == 2)
        theirs, ear = submit(desk, send(desk, picture(), "tablet"), owner="tablet", layers=2)
        await ear.until(Done)
        failed, ear = submit(desk, upload, what="sorry")
        await ear.until(Failed)
        ours, ear = submit(desk, upload, layers=2)
        await ear.until(Done)
        running, ear = submit(desk, upload, what=f"wait {gate}")
        edit = {"prompt": "dusk"}
        assert refused(desk, None, "edit", **edit) == "bad-params"
        assert refused(desk, upload, "edit", source=ours, **edit) == "bad-params"
        assert refused(desk, None, "edit", source=new_id(), **edit) == "unknown-job"
        assert refused(desk, None, "edit", "tablet", source=ours, **edit) == "unknown-job"
        for unfinished in (running, failed):
            assert refused(desk, None, "edit", source=unfinished, **edit) == "not-finished"
        assert refused(desk, None, "edit", source=ours, layer=2, **edit) == "bad-params"
        assert refused(desk, None, "decompose", source=ours, layer=2) == "bad-params"
        assert refused(desk, upload, "inpaint") == "bad-params"
        assert refused(desk, None, "inpaint", source=ours) == "bad-params"
        assert refused(desk, upload, "extend", left=100_000) == "too-large"
        assert refused(desk, None, "extend", source=ours, left=100_000) == "too-large"
        assert refused(desk, None, "generate", prompt="x") == "bad-params"
        assert refused(desk, None, "generate", prompt="x", width=90_000, height=90_000) == "too-large"
        assert len(desk.list(LOCAL, 0)) == 4
        mine, other = submit(desk, None, operation="edit", owner="tablet", source=theirs, layer=1, prompt="dusk")
        gate.touch()
        await ear.until(Done)
        await other.until(Done)
        desk.drop(ours, LOCAL)
        assert refused(desk, None, "edit", source=ours, **edit) == "unknown-job"
        assert mine


async def test_exports_of_what_is_larger_than_its_document(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        job, ear = submit(desk, send(desk, picture()), operation="extend", left=7, bottom=11)
        done = await ear.until(Done)
        assert (done.width, done.height) == (55, 51)
        made = await asyncio.gather(*(desk.export(job, LOCAL, name) for name in ("psd", "ora")))
        for path in made:
            assert tuple(formats.read(path).extent) == (55, 51)
