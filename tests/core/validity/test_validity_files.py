"""Reading labelled files: plain and gzipped, hostile cells, and reasons a person can act on."""

import gzip
import math

import pytest

from core.validity.files import Layout, Unusable, locate, read

PLAIN = Layout(texts=("who",), counts=("likes",))


def test_plain_and_gzipped_files_read_the_same(tmp_path, write):
    rows = [["ann", 3], ["bob", ""], ["ann", 1]]
    plain = read(write(tmp_path / "a" / "data.csv", ["who", "likes"], rows), PLAIN)
    packed = read(write(tmp_path / "b" / "data.csv.gz", ["who", "likes"], rows), PLAIN)
    assert plain.texts["who"].tolist() == packed.texts["who"].tolist() == ["ann", "ann", "bob"]
    assert plain.numbers["likes"].tolist()[:2] == packed.numbers["likes"].tolist()[:2] == [1.0, 3.0]
    assert math.isnan(plain.numbers["likes"][2])


def test_locate_prefers_nothing_that_is_not_there(tmp_path, write):
    assert locate(tmp_path, "set") is None
    path = write(tmp_path / "set" / "data.csv.gz", ["a"], [])
    assert locate(tmp_path, "set") == path
    assert locate(tmp_path, "set", "cross") is None


def test_a_missing_column_is_named(tmp_path, write):
    path = write(tmp_path / "data.csv", ["who", "hearts"], [["ann", 3]])
    with pytest.raises(Unusable, match="column likes missing"):
        read(path, PLAIN)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00bad", b"who,likes\n\x00\xff\xff", b""])
def test_what_is_no_text_is_refused(tmp_path, content):
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    with pytest.raises(Unusable):
        read(path, PLAIN)


def test_a_gzip_file_that_breaks_off_is_refused(tmp_path):
    whole = gzip.compress(b"who,likes\n" + b"".join(b"ann,%d\n" % i for i in range(5000)))
    for name, content in (("cut", whole[: len(whole) // 2]), ("fake", b"who,likes\nann,1\n")):
        path = tmp_path / f"{name}.csv.gz"
        path.write_bytes(content)
        with pytest.raises(Unusable, match="cannot be read"):
            read(path, PLAIN)


@pytest.mark.parametrize("cell", ["-1", "inf", "many", "1,5", "=1+1", "0x10"])
def test_a_cell_that_is_no_count_costs_its_row_only(tmp_path, write, cell):
    rows = [["ann", i] for i in range(40)] + [["eve", cell]]
    sheet = read(write(tmp_path / "data.csv", ["who", "likes"], rows), PLAIN)
    assert len(sheet) == 40
    assert sheet.skipped == 1


def test_too_many_unreadable_rows_are_no_file_to_trust(tmp_path, write):
    rows = [["ann", i] for i in range(10)] + [["eve", "x"]]
    with pytest.raises(Unusable, match="1 of 11 rows"):
        read(write(tmp_path / "data.csv", ["who", "likes"], rows), PLAIN)


def test_short_rows_are_counted_and_blank_lines_are_not(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("who,likes\n" + "ann,1\n" * 40 + "\n\nbob\n", encoding="utf-8")
    sheet = read(path, PLAIN)
    assert (len(sheet), sheet.skipped) == (40, 1)


def test_counts_may_be_written_short_where_the_layout_says_so(tmp_path, write):
    path = write(tmp_path / "data.csv", ["size"], [["3.3k"], ["475.8m"], ["29.0b"], ["12"]])
    sheet = read(path, Layout(scaled=("size",)))
    assert sorted(sheet.numbers["size"].tolist()) == pytest.approx([12.0, 3300.0, 475.8e6, 29e9])


def test_moments_count_days_and_keep_their_zone(tmp_path, write):
    cells = [["1970-01-02"], ["1970-01-02 12:00:00"], ["1970-01-02T01:00+01:00"]]
    sheet = read(write(tmp_path / "data.csv", ["at"], cells), Layout(moments=("at",)))
    assert sheet.numbers["at"].tolist() == [1.0, 1.5, 1.0]


def test_another_separator_and_a_byte_order_mark(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("﻿who;likes\nann;4\n", encoding="utf-8")
    assert read(path, Layout(texts=("who",), counts=("likes",), separator=";")).numbers["likes"].tolist() == [4.0]
