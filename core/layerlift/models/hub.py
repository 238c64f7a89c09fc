"""The Hugging Face Hub, or a mirror of it: what a repository holds, and a file's bytes from any position on.

Law: the only file that knows huggingface_hub, which is imported when it is needed. That library lists, resolves,
authorises and transfers; what it does not do (as of 2.4) lives in `fetching`: keeping what arrived when a download is
interrupted, and comparing checksums. Plain HTTP is used even where Xet is offered, because it can be resumed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from io import RawIOBase
from typing import Any
from urllib.parse import urlsplit

from layerlift.errors import EngineUnavailable, LayerliftError
from layerlift.models.failures import DownloadFailed, NotThere
from layerlift.models.manifest import Listed
from layerlift.models.model import Part

TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
"""HTTP states (RFC 9110, RFC 6585) after which trying again can help."""
CHUNK = 1024 * 1024
"""Bytes that are handed over at a time: what a cancelled download waits for and a killed one loses. The library's own
10 MB are ten seconds on a slow line."""
_CHECK_NETWORK = "Check the connection and try again; what has arrived is kept."
_ELSEWHERE = "Try without a mirror (--endpoint, HF_ENDPOINT), or choose another variant."
_TOKEN = "Accept its conditions on its page, then set HF_TOKEN to your access token and try again."


class Hub:
    """One hub. `endpoint`: a mirror's address; None: HF_ENDPOINT, else the hub itself."""

    def __init__(self, endpoint: str | None = None) -> None:
        try:
            import huggingface_hub
            from huggingface_hub import constants, errors, utils
        except ImportError:
            raise EngineUnavailable(
                "Downloading models needs the package huggingface_hub, which is not installed.",
                'Install it: pip install "layerlift[gpu]"; or bring the models along with “layerlift models add”.',
            ) from None
        self._library: Any = huggingface_hub
        self._errors: Any = errors
        self._utils: Any = utils
        self._constants: Any = constants
        self._endpoint: str = endpoint or constants.ENDPOINT

    @property
    def address(self) -> str:
        """The hub's host, for people."""
        return urlsplit(self._endpoint).netloc or self._endpoint

    def files(self, part: Part) -> tuple[str, list[Listed]]:
        """The commit that the part's revision stands for, and its files there. Raises NotThere, DownloadFailed."""
        with self._explained(part.repo):
            api = self._library.HfApi(endpoint=self._endpoint)
            about = api.model_info(part.repo, revision=part.revision, files_metadata=True)
        found = [_listed(sibling) for sibling in about.siblings or () if _wanted(sibling.rfilename, part)]
        if not found:
            raise NotThere(
                f"{part.repo} at {self.address} has no file like {', '.join(part.files)}.",
                f"It may have been renamed there. {_ELSEWHERE}",
            )
        self._check(part, found)
        return about.sha or part.revision, found

    def _check(self, part: Part, found: list[Listed]) -> None:
        """A hub or mirror says what a file is, but neither where it goes nor that known weights are others."""
        if not all(listed.honest for listed in found):
            raise NotThere(
                f"{self.address} lists files of {part.repo} with names that lead elsewhere.", "Don't use that address."
            )
        if part.sha256 and [listed.sha256 for listed in found] != [part.sha256]:
            raise NotThere(
                f"{self.address} has another {found[0].name} of {part.repo} than the one that Layerlift knows.",
                "Try without --endpoint, or choose another variant; if that is the hub itself, please report it.",
            )

    def transfer(self, repo: str, commit: str, listed: Listed, into: RawIOBase, start: int) -> None:
        """Write the file's bytes from `start` to its end into `into`. A server that cannot begin in the middle begins
        again: then `into` is rewound first. Raises DownloadFailed (retryable where it is), NotThere."""
        from huggingface_hub.file_download import get_hf_file_metadata, http_get
        from huggingface_hub.utils import build_hf_headers

        with self._explained(repo):
            url = self._library.hf_hub_url(repo, listed.name, revision=commit, endpoint=self._endpoint)
            place = get_hf_file_metadata(url, endpoint=self._endpoint).location
            same = urlsplit(place).netloc == urlsplit(url).netloc
            headers = build_hf_headers(token=None if same else False)  # a storage server must not see the token
            usual, self._constants.DOWNLOAD_CHUNK_SIZE = self._constants.DOWNLOAD_CHUNK_SIZE, CHUNK
            try:
                http_get(place, into, resume_size=start, headers=headers, expected_size=listed.size)
            finally:
                self._constants.DOWNLOAD_CHUNK_SIZE = usual

    @contextmanager
    def _explained(self, repo: str) -> Iterator[None]:
        """The library's progress bars and warnings are silenced, its failures become sentences."""
        utils = self._utils
        loud = not utils.are_progress_bars_disabled()
        verbosity = utils.logging.get_verbosity()
        if loud:
            utils.disable_progress_bars()
        utils.logging.set_verbosity_error()
        try:
            yield
        except LayerliftError:
            raise
        except Exception as failure:
            explained = self._explain(failure, repo)
            if explained is None:
                raise
            raise explained from failure
        finally:
            utils.logging.set_verbosity(verbosity)
            if loud:
                utils.enable_progress_bars()

    def _explain(self, failure: Exception, repo: str) -> LayerliftError | None:
        errors = self._errors
        if isinstance(failure, errors.OfflineModeIsEnabled):
            return NotThere(
                "HF_HUB_OFFLINE is set, so nothing can be downloaded.",
                "Unset it, or bring the models along: “layerlift models add FOLDER”.",
            )
        if isinstance(failure, errors.GatedRepoError):
            return NotThere(f"{repo} is given out only to people who accepted its conditions.", _TOKEN)
        if isinstance(failure, errors.HfHubHTTPError):
            return self._refused(failure, repo)
        base = next((one for one in errors.HfHubHTTPError.__mro__ if one.__name__ == "HTTPError"), None)
        if (base and isinstance(failure, base)) or (isinstance(failure, OSError) and failure.errno is None):
            return DownloadFailed(f"The connection to {self.address} failed ({_brief(failure)}).", _CHECK_NETWORK)
        return None

    def _refused(self, failure: Exception, repo: str) -> LayerliftError:
        status = getattr(getattr(failure, "response", None), "status_code", 0)
        if status in TRANSIENT:
            return DownloadFailed(f"{self.address} is not able to answer now ({status}).", "Try again a little later.")
        if status in (401, 403):
            return NotThere(f"{self.address} does not give {repo} to you ({status}).", _TOKEN)
        if status == 404:
            return NotThere(f"{self.address} has no such file or revision of {repo}.", _ELSEWHERE)
        return NotThere(f"{self.address} refused {repo} ({status}).", "Try another mirror with --endpoint.")


def _wanted(name: str, part: Part) -> bool:
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in part.files)


def _listed(sibling: Any) -> Listed:
    if sibling.lfs:
        return Listed(sibling.rfilename, sibling.lfs.size, sha256=sibling.lfs.sha256)
    return Listed(sibling.rfilename, sibling.size or 0, git=sibling.blob_id or "")


def _brief(failure: Exception) -> str:
    words = " ".join(str(failure).split())
    return words[:120] or type(failure).__name__
