"""Article pages made up by a seeded generator, each with the text that a good extractor should find."""

from benchmarks.corpus.build import CorpusPage, make_page, read_corpus, write_corpus

__all__ = ["CorpusPage", "make_page", "read_corpus", "write_corpus"]
