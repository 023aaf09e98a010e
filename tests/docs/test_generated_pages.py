"""The generated pages say what the code says."""

import pytest

from docs import generate


@pytest.mark.parametrize("name", sorted(generate.pages()))
def test_page_is_up_to_date(name: str) -> None:
    assert (generate.HERE / name).read_text(encoding="utf-8") == generate.pages()[name], "run `make docs`"
