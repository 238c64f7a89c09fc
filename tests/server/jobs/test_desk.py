"""A document in, layers out: the desk with a real worker and the drill engines."""

from __future__ import annotations

import asyncio
import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.imaging.profiles import wide_rgb
from layerlift import formats
from layerlift.imaging.arithmetic import blend, composite, finish
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, LayerStack, Role
from layerlift.wire import frames
from layerlift.wire.limits import LATTICE
from layerlift.wire.messages import Done, Failed, LayerReady, Preview, Progress, Queued, Started, Submit
from layerlift.wire.values import DocumentInfo, Native
from layerlift_server.jobs.desk import Desk
from layerlift_server.jobs.port import LOCAL, Refusal
from server.jobs.desks import Ear, eventually, new_id, opened, picture, send, submit

KINDS = {8: np.uint8, 16: np.dtype("<u2")}


def pull(desk: Desk, job: str, index: int | None, chunk: int = 1000, native: bool = False) -> bytes:
    """A layer's bytes (None: the profile's), in small pieces."""
    download = desk.download(job, LOCAL, index, native)
    pieces = b"".join(bytes(download.read(offset, chunk)) for offset in range(0, download.size, chunk))
    download.close()
    assert len(pieces) == download.size
    return pieces


def assembled(desk: Desk, job: str, done: Done, ear: Ear) -> LayerStack:
    """The stack that a client would build from what it was told and pulled."""
    layers = []
    for ready in ear.all(LayerReady):
        info, data = ready.layer, pull(desk, job, ready.layer.index)
        assert hashlib.sha256(data).hexdigest() == info.digest
        pixels = np.frombuffer(data, KINDS[info.depth]).reshape(info.bounds.height, info.bounds.width, 4)
        box = Bounds(info.bounds.x, info.bounds.y, info.bounds.width, info.bounds.height)
        layers.append(Layer(info.name, Role(info.role), box, pixels))
    return LayerStack(Extent(done.width, done.height), tuple(layers))


async def test_a_selected_part_in_its_own_profile_comes_back_as_exact_layers(tmp_path: Path) -> None:
    pixels, icc = picture(), wide_rgb()
    mask = np.zeros(pixels.shape[:2], np.uint8)
    mask[4:30, 6:40] = 255
    mask[10:20, 10:12] = 100
    payload = pixels.tobytes() + mask.tobytes() + icc
    info = DocumentInfo("Poster", width=48, height=40, depth=8, x=7, y=-3, mask=True, icc=len(icc))
    async with opened(tmp_path) as desk:
        upload = new_id()
        writer = desk.upload(upload, len(payload), info, LOCAL)
        for offset in range(0, len(payload), 5000):
            writer.write(offset, memoryview(payload)[offset : offset + 5000])
        writer.close()
        job, ear = submit(desk, upload, layers=3)
        done = await ear.until(Done)
        # the bands cover all that was selected: of the ground nothing is left
        assert (done.layers, done.width, done.height, done.depth, done.icc) == (2, 48, 40, 8, len(icc))
        assert pull(desk, job, None) == icc
        expected = pixels.copy()
        expected[..., 3] = (pixels[..., 3].astype(int) * mask + 127) // 255
        stack = assembled(desk, job, done, ear)
        # premultiplied, as the heart promises where the document is translucent
        shown, wanted = (p[..., :3] * (p[..., 3:].astype(float) / 255) for p in (composite(stack), expected))
        assert np.abs(composite(stack)[..., 3].astype(int) - expected[..., 3]).max() <= 1
        assert np.abs(shown - wanted).max() <= 1.5
        for message in ear.heard:
            frames.encode(message)  # whatever is told can be said on the wire


async def test_a_document_with_its_own_numbers_comes_back_in_those_too(tmp_path: Path) -> None:
    pixels = picture(dtype=np.uint16)
    own = np.random.default_rng(9).integers(0, 256, (*pixels.shape[:2], 5), np.uint8)
    table = np.random.default_rng(8).integers(0, 256, (LATTICE**3, 5), np.uint8)
    payload = memoryview(pixels.tobytes() + own.tobytes() + table.tobytes())
    info = DocumentInfo("Inks", width=48, height=40, depth=16, native=Native(4, 8))
    async with opened(tmp_path) as desk:
        upload = new_id()
        writer = desk.upload(upload, len(payload), info, LOCAL)
        writer.write(0, payload)
        writer.close()
        job, ear = submit(desk, upload, layers=3)
        await ear.until(Done)
        state = np.zeros((5, 48 * 40), np.float32)
        for ready in ear.all(LayerReady):
            frames.encode(ready)
            box, beside = ready.layer.bounds, ready.layer.native
            assert beside is not None
            data = pull(desk, job, ready.layer.index, native=True)
            assert (len(data), hashlib.sha256(data).hexdigest()) == (beside.size, beside.digest)
            sheet = np.zeros((40, 48, 5), np.float32)
            sheet[Bounds(box.x, box.y, box.width, box.height).slices] = np.frombuffer(data, np.uint8).reshape(
                box.height, box.width, 5
            )
            state = blend("krita", state, np.ascontiguousarray(sheet.reshape(-1, 5).T), 255)
        shown = finish("krita", state, 255).T.reshape(40, 48, 5)
        assert np.abs(shown[..., :4] - own[..., :4]).max() <= 1
        rgb, heard = submit(desk, send(desk, pixels), layers=3)
        await heard.until(Done)
        assert all(ready.layer.native is None for ready in heard.all(LayerReady))
        with pytest.raises(Refusal, match="own numbers"):
            desk.download(rgb, LOCAL, 0, native=True)


async def test_sixteen_bits_stay_sixteen(tmp_path: Path) -> None:
    pixels = picture(dtype=np.uint16)
    async with opened(tmp_path) as desk:
        job, ear = submit(desk, send(desk, pixels), layers=4)
        done = await ear.until(Done)
        assert done.depth == 16
        assert np.abs(composite(assembled(desk, job, done, ear)).astype(int) - pixels).max() <= 257


async def test_an_encoded_picture_is_decoded_in_the_worker_and_a_broken_one_explained(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.fromarray(picture()).save(buffer, "PNG")
    async with opened(tmp_path) as desk:
        for data, kind in ((buffer.getvalue(), Done), (b"no picture at all", Failed)):
            upload = new_id()
            writer = desk.upload(upload, len(data), DocumentInfo("x.png", kind="file"), LOCAL)
            writer.write(0, memoryview(data))
            writer.close()
            _, ear = submit(desk, upload)
            end = await ear.until(kind)
        assert isinstance(end, Failed)
        assert end.problem.code == "input"
        assert "not a picture" in end.problem.sentence
        assert upload not in end.problem.sentence


async def test_everything_is_told_in_its_order_and_again_to_a_latecomer(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        job, ear = submit(desk, send(desk, picture()), layers=3)
        done = await ear.until(Done)
        kinds = [type(message) for message in ear.heard]
        assert kinds[0] is Started
        assert Progress in kinds
        kinds = [kind for kind in kinds if kind is not Progress]
        assert kinds == [Started, Preview, LayerReady, LayerReady, LayerReady, Done]
        [preview] = ear.all(Preview)
        assert Image.open(io.BytesIO(preview.png)).size == (preview.width, preview.height)
        assert len(preview.png) <= 160 << 10
        assert [ready.layer.index for ready in ear.all(LayerReady)] == [0, 1, 2]
        late = Ear()
        desk.watch(job, LOCAL, late)()
        assert late.heard == [*ear.all(LayerReady), done]


async def test_someone_who_joins_a_running_job_hears_its_state(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    async with opened(tmp_path) as desk:
        job, ear = submit(desk, send(desk, picture()), what=f"wait {gate}")
        await ear.until(Progress, lambda said: said.stage.startswith("Drill"))
        waiting, behind = submit(desk, send(desk, picture()))
        late, patient = Ear(), Ear()
        desk.watch(job, LOCAL, late)
        desk.watch(waiting, LOCAL, patient)
        assert [type(message) for message in late.heard] == [Started, Progress]
        assert patient.heard == [Queued(waiting, 1)]
        with pytest.raises(Refusal) as refused:
            desk.download(job, LOCAL, 0)
        assert refused.value.problem.code == "not-finished"
        gate.touch()
        await late.until(Done)
        await behind.until(Done)
        assert desk.figures()["done_total"] == 2


async def test_the_same_order_twice_is_the_same_job_and_another_under_its_id_is_refused(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        upload = send(desk, picture())
        job, ear = submit(desk, upload, layers=2)
        order = Submit(job, engine="drill", upload=upload, params={"layers": 2})
        assert desk.submit(order, LOCAL, "krita").job == job
        await ear.until(Done)
        again = desk.submit(order, LOCAL, "another client's name")
        assert (again.state, again.layers, again.client) == ("done", 2, "krita")
        assert len(desk.list(LOCAL, 0)) == 1
        for other, owner in ((Submit(job, engine="drill", upload=upload, params={"layers": 3}), LOCAL), (order, "d1")):
            with pytest.raises(Refusal, match="another one"):
                desk.submit(other, owner, "krita")


async def test_devices_see_their_own_jobs_and_the_local_user_sees_all(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        mine, ear = submit(desk, send(desk, picture(), "tablet"), owner="tablet")
        ours, other = submit(desk, send(desk, picture()))
        await ear.until(Done)
        await other.until(Done)
        assert {info.job for info in desk.list(LOCAL, 0)} == {mine, ours}
        assert [info.job for info in desk.list("tablet", 0)] == [mine]
        for ask in (
            lambda: desk.watch(ours, "tablet", ear),
            lambda: desk.download(ours, "tablet", 0),
            lambda: desk.cancel(ours, "tablet"),
            lambda: desk.drop(ours, "tablet"),
            lambda: desk.keep(ours, "tablet", True),
            lambda: desk.drop(new_id(), "tablet"),
        ):
            with pytest.raises(Refusal) as refused:
                ask()
            assert refused.value.problem.code == "unknown-job"
        desk.forget_owner("tablet")
        assert [info.job for info in desk.list(LOCAL, 0)] == [ours]
        assert desk.figures()["uploads"] == 1


async def test_dropping_deletes_rows_and_files(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        job, ear = submit(desk, send(desk, picture()))
        await ear.until(Done)
        download = desk.download(job, LOCAL, 0)
        desk.drop(job, LOCAL)
        assert len(download.read(0, 1 << 20)) == download.size  # who reads it may read on
        download.close()
        assert desk.list(LOCAL, 0) == []
        await eventually(lambda: not [*(tmp_path / "data" / "results").iterdir(), *(tmp_path / "data/trash").iterdir()])


async def test_exports_are_made_once_and_open_elsewhere(tmp_path: Path) -> None:
    pixels = picture()
    async with opened(tmp_path) as desk:
        job, ear = submit(desk, send(desk, pixels), layers=3)
        await ear.until(Done)
        first, second = await asyncio.gather(*(desk.export(job, LOCAL, "psd") for _ in range(2)))
        assert first == second
        assert desk.figures()["exports_total"] == 1
        assert np.abs(composite(formats.read(first)).astype(int) - pixels).max() <= 1
        assert await desk.export(job, LOCAL, "psd") == first
        assert desk.figures()["exports_total"] == 1
        assert formats.read(await desk.export(job, LOCAL, "zip")).name == "Poster"
        with pytest.raises(Refusal, match="no format"):
            await desk.export(job, LOCAL, "exe")
        (first.parent / "layer-001.rgba").write_bytes(b"short")
        with pytest.raises(Refusal, match="damaged"):
            await desk.export(job, LOCAL, "ora")


async def test_nothing_of_a_document_stays_in_the_server_s_memory_and_files_are_private(tmp_path: Path) -> None:
    async with opened(tmp_path, prestart=False) as desk:
        send(desk, picture())
        folder = tmp_path / "data"
        assert folder.stat().st_mode & 0o777 == 0o700
        for path in folder.rglob("*"):
            assert path.stat().st_mode & 0o077 == 0, path
