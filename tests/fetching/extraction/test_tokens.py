import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.fetching.extraction.tokens import count_tokens

ENGLISH = (
    "The harbour master counted the boats before sunrise and wrote their names into a heavy ledger. "
    "Nobody remembers who planted the row of poplars along the old road between the two villages.\n"
)
PYTHON = 'def visible(items: list[str]) -> dict[str, int]:\n    return {item: len(item) for item in items if item != ""}\n'
CHINESE = "这是一个用来测试的中文句子，内容并不重要，只是为了计算数量。"
RUSSIAN = "Капитан порта считал лодки до восхода солнца и записывал их имена в тяжёлую книгу. "
# Counted with the o200k vocabulary, ten copies of each text.
MEASURED = {ENGLISH: 360, PYTHON: 290, CHINESE: 200, RUSSIAN: 281}


@pytest.mark.parametrize("text", list(MEASURED))
def test_the_estimate_is_within_a_quarter_of_the_real_count(text: str) -> None:
    assert count_tokens(text * 10) == pytest.approx(MEASURED[text], rel=0.25)


def test_a_long_text_is_estimated_from_samples_of_all_its_parts() -> None:
    half = 400
    mixed = ENGLISH * half + CHINESE * (half * len(ENGLISH) // len(CHINESE))
    parts = count_tokens(ENGLISH * 60) / 60 * half + count_tokens(CHINESE * 300) / 300 * (
        half * len(ENGLISH) // len(CHINESE)
    )
    assert count_tokens(mixed) == pytest.approx(parts, rel=0.1)


def test_only_the_empty_text_has_no_tokens() -> None:
    assert (count_tokens(""), count_tokens(" ")) == (0, 1)


@given(st.text(min_size=1, max_size=300))
def test_a_text_never_has_more_tokens_than_three_for_each_character(text: str) -> None:
    assert 1 <= count_tokens(text) <= 3 * len(text)
