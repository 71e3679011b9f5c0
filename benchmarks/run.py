"""What the benchmarks of one run share: how much to do, a folder, and the corpus."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks.corpus import CorpusPage, read_corpus, write_corpus


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run. `pages` is the size of the corpus, `repeats` how often a rate is measured, `folder` scratch
    space that lives until the end of the run."""

    folder: Path
    pages: int
    repeats: int

    @cached_property
    def corpus(self) -> Path:
        """The folder of the corpus, written at first use."""
        folder = self.folder / "corpus"
        write_corpus(folder, self.pages)
        return folder

    def corpus_pages(self) -> list[CorpusPage]:
        """All pages with their gold texts."""
        return list(read_corpus(self.corpus, self.pages))

    def gold(self) -> dict[str, str]:
        """Gold text by path."""
        return {page.path: page.gold for page in self.corpus_pages()}
