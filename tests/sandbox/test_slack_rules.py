"""One wrong payload for every rule, and the published fixtures as examples of right ones."""

import json
from pathlib import Path

import pytest

from sandbox.slack_blocks import ELEMENTS, kinds
from sandbox.slack_rules import check_blocks, judge_errors, judge_message, judge_options, judge_view

CONTRACTS = Path(__file__).parents[2] / "../shared/data/contracts/slack"
QUIET = {"unfurl_links": False, "unfurl_media": False}
published = pytest.mark.skipif(not CONTRACTS.is_dir(), reason="the published contracts are not beside the project")


def plain(text):
    return {"type": "plain_text", "text": text}


def md(text):
    return {"type": "mrkdwn", "text": text}


def raw(text):
    return {"type": "raw_text", "text": text}


def button(**more):
    return {"type": "button", "action_id": "a", "text": plain("Go"), **more}


def actions(*elements, **more):
    return {"type": "actions", "elements": list(elements), **more}


def option(**more):
    return {"text": plain("One"), "value": "1", **more}


def options(count):
    return [option(value=str(number)) for number in range(count)]


def choice(kind, **more):
    return {"type": kind, "action_id": "a", **more}


def section(**more):
    return {"type": "section", **more}


def ask(element, **more):
    return {"type": "input", "label": plain("Name"), "element": element, **more}


def image(**more):
    return {"type": "image", "alt_text": "a chart", **({"image_url": "https://x.example/a.png"} | more)}


def confirm(**more):
    return actions(button(confirm={"title": plain("Sure?"), "text": md("Really"), **more}))


def card(**more):
    return {"type": "card", **more}


def box(**more):
    return {"type": "container", "child_blocks": [{"type": "divider"}], **more}


def video(**more):
    return {
        "type": "video", "alt_text": "v", "title": plain("V"), "thumbnail_url": "https://x.example/t.png",
        "video_url": "https://x.example/v", **more,
    }  # fmt: skip


def table(rows, **more):
    return {"type": "table", "rows": rows, **more}


def data_table(rows, **more):
    return {"type": "data_table", "caption": "Scores", "rows": rows, **more}


def points(*labels):
    return [{"label": label, "value": 1} for label in labels]


def chart(series, categories=("w1",), title="Score", **axis):
    inner = {"type": "line", "series": series, "axis_config": {"categories": list(categories), **axis}}
    return {"type": "data_visualization", "title": title, "chart": inner}


def pie(segments):
    return {"type": "data_visualization", "title": "Parts", "chart": {"type": "pie", "segments": segments}}


def line(name="nasa", labels=("w1",)):
    return {"name": name, "data": points(*labels)}


def feedback(**more):
    good = {"text": plain("Good"), "value": "1", **more}
    element = {"type": "feedback_buttons", "positive_button": good, "negative_button": good}
    return {"type": "context_actions", "elements": [element]}


def icon(**more):
    return {"type": "icon_button", "icon": "trash", "text": plain("Remove"), **more}


def task(url):
    sources = [{"type": "url", "url": url, "text": "x"}]
    return {"type": "task_card", "task_id": "1", "title": "T", "status": "pending", "sources": sources}


def weeks(count):
    return [f"w{number}" for number in range(count)]


PAIR = [raw("a"), raw("b")]
WRONG_BLOCKS = {
    "text-empty": section(text=md("")),
    "text-too-long": section(text=md("x" * 3001)),
    "button-action-id-too-long": actions(button(action_id="x" * 256)),
    "button-text-too-long": actions(button(text=plain("x" * 76))),
    "button-url-too-long": actions(button(url="x" * 3001)),
    "button-value-too-long": actions(button(value="x" * 2001)),
    "confirmation-title-too-long": confirm(title=plain("x" * 101)),
    "confirmation-text-too-long": confirm(text=md("x" * 301)),
    "confirmation-confirm-too-long": confirm(confirm=plain("x" * 31)),
    "confirmation-deny-too-long": confirm(deny=plain("x" * 31)),
    "option-text-too-long": actions(choice("static_select", options=[option(text=plain("x" * 76))])),
    "option-value-too-long": actions(choice("static_select", options=[option(value="x" * 151)])),
    "option-url-too-long": actions(choice("overflow", options=[option(url="😀" * 3001)])),
    "option-description-too-long": actions(choice("static_select", options=[option(description=plain("x" * 76))])),
    "option-group-label-too-long": actions(
        choice("static_select", option_groups=[{"label": plain("x" * 76), "options": options(1)}])
    ),
    "option-group-empty": actions(choice("static_select", option_groups=[{"label": plain("x"), "options": []}])),
    "option-group-too-many-options": actions(
        choice("static_select", option_groups=[{"label": plain("x"), "options": options(101)}])
    ),
    "select-placeholder-too-long": actions(choice("users_select", placeholder=plain("x" * 151))),
    "select-too-many-options": actions(choice("static_select", options=options(101))),
    "select-too-many-option-groups": actions(
        choice("static_select", option_groups=[{"label": plain("x"), "options": options(1)}] * 101)
    ),
    "overflow-empty": actions(choice("overflow", options=[])),
    "overflow-too-many-options": actions(choice("overflow", options=options(6))),
    "checkboxes-empty": actions(choice("checkboxes", options=[])),
    "checkboxes-too-many-options": actions(choice("checkboxes", options=options(11))),
    "radio-buttons-empty": actions(choice("radio_buttons", options=[])),
    "radio-buttons-too-many-options": actions(choice("radio_buttons", options=options(11))),
    "url-source-url-empty": task(""),
    "url-source-url-too-long": task("x" * 3001),
    "table-too-many-rows": table([PAIR] * 101),
    "table-ragged-rows": table([PAIR, PAIR[:1]]),
    "table-column-settings-mismatch": table([PAIR], column_settings=[{"align": "left"}] * 3),
    "table-too-many-cells": table([[raw("x")] * 21]),
    "file-input-max-files-too-small": ask(choice("file_input", max_files=0)),
    "file-input-max-files-too-large": ask(choice("file_input", max_files=11)),
    "plain-text-input-max-length-too-large": ask(choice("plain_text_input", max_length=3001)),
    "actions-too-many-elements": actions(*(button(action_id=f"a{number}") for number in range(26))),
    "context-too-many-elements": {"type": "context", "elements": [md("x")] * 11},
    "header-text-too-long": {"type": "header", "text": plain("x" * 151)},
    "header-not-plain": {"type": "header", "text": md("x")},
    "image-url-too-long": image(image_url="x" * 3001),
    "image-alt-text-too-long": image(alt_text="x" * 2001),
    "image-without-alt-text": {"type": "image", "image_url": "https://x.example/a.png"},
    "input-label-too-long": ask(choice("plain_text_input"), label=plain("x" * 2001)),
    "input-hint-too-long": ask(choice("plain_text_input"), hint=plain("x" * 2001)),
    "markdown-empty": {"type": "markdown", "text": ""},
    "markdown-too-long": {"type": "markdown", "text": "x" * 12_001},
    "section-text-too-long": section(text=plain("x" * 3001)),
    "section-too-many-fields": section(fields=[md("x")] * 11),
    "section-field-too-long": section(fields=[md("x" * 2001)]),
    "video-alt-text-empty": video(alt_text=""),
    "video-alt-text-too-long": video(alt_text="x" * 201),
    "video-title-too-long": video(title=plain("x" * 201)),
    "video-author-name-too-long": video(author_name="x" * 51),
    "video-description-too-long": video(description=plain("x" * 201)),
    "video-provider-name-too-long": video(provider_name="x" * 51),
    "section-missing-content": section(),
    "static-select-options-and-groups": actions(
        choice("static_select", options=options(1), option_groups=[{"label": plain("x"), "options": options(1)}])
    ),
    "image-url-and-slack-file": image(slack_file={"id": "F1"}),
    "number-input-inverted-range": ask(
        choice("number_input", is_decimal_allowed=False, min_value="9", max_value="1")
    ),
    "context-invalid-element": {"type": "context", "elements": [button()]},
    "input-invalid-element": ask(button()),
    "block-id-too-long": section(text=md("x"), block_id="x" * 256),
    "button-accessibility-label-too-long": actions(button(accessibility_label="x" * 76)),
    "alert-text-too-long": {"type": "alert", "text": md("x" * 201)},
    "card-title-too-long": card(title=md("x" * 151)),
    "card-subtitle-too-long": card(title=md("x"), subtitle=md("x" * 151)),
    "card-body-too-long": card(body=md("x" * 201)),
    "card-too-many-actions": card(actions=[button(action_id=f"a{number}") for number in range(4)]),
    "card-subtext-too-long": card(title=md("x"), subtext=md("x" * 201)),
    "card-empty": card(),
    "carousel-empty": {"type": "carousel", "elements": []},
    "carousel-too-many-cards": {"type": "carousel", "elements": [card(title=md("x"))] * 11},
    "container-title-too-long": box(title=plain("x" * 151)),
    "container-subtitle-too-long": box(subtitle=md("x" * 151)),
    "container-too-many-child-blocks": box(child_blocks=[{"type": "divider"}] * 11),
    "context-actions-too-many-elements": {"type": "context_actions", "elements": [icon()] * 6},
    "feedback-button-text-too-long": feedback(text=plain("x" * 76)),
    "feedback-button-value-too-long": feedback(value="x" * 2001),
    "feedback-button-accessibility-label-too-long": feedback(accessibility_label="x" * 76),
    "icon-button-too-many-visible-users": {
        "type": "context_actions", "elements": [icon(visible_to_user_ids=["U1"] * 11)],
    },
    "data-table-too-few-rows": data_table([PAIR]),
    "data-table-too-many-rows": data_table([PAIR] * 202),
    "data-table-too-few-columns": data_table([[], []]),
    "data-table-too-many-columns": data_table([[raw("x")] * 21] * 2),
    "data-table-page-size-too-small": data_table([PAIR] * 2, page_size=0),
    "data-table-page-size-too-large": data_table([PAIR] * 2, page_size=101),
    "data-table-cell-text-empty": data_table([PAIR, [raw(""), raw("b")]]),
    "data-table-content-too-long": data_table([[raw("x" * 10_001)]] * 2),
    "data-visualization-title-too-long": chart([line()], title="x" * 51),
    "pie-chart-empty": pie([]),
    "pie-chart-too-many-segments": pie(points(*weeks(13))),
    "chart-segment-label-too-long": pie(points("x" * 21)),
    "chart-segment-value-not-positive": pie([{"label": "x", "value": 0}]),
    "chart-series-empty": chart([]),
    "chart-too-many-series": chart([line(f"n{number}") for number in range(13)]),
    "chart-value-not-finite": chart([{"name": "n", "data": [{"label": "w1", "value": float("nan")}]}]),
    "chart-missing-a-category": chart([line()], categories=("w1", "w2")),
    "data-series-name-too-long": chart([line("x" * 21)]),
    "data-series-empty": chart([line(labels=())]),
    "data-series-too-many-points": chart([line(labels=weeks(21))], weeks(21)),
    "data-point-label-too-long": chart([line(labels=("x" * 21,))], ("x" * 21,)),
    "axis-categories-empty": chart([line()], ()),
    "axis-too-many-categories": chart([line(labels=weeks(21))], weeks(21)),
    "axis-category-label-too-long": chart([line(labels=("x" * 21,))], ("x" * 21,)),
    "axis-label-too-long": chart([line()], x_label="x" * 51),
    "unknown-block": {"type": "banner"},
    "unknown-field": section(text=md("x"), colour="red"),
    "verbatim-in-plain-text": section(text={**plain("x"), "verbatim": True}),
    "action-id-twice": actions(button(), button()),
    "no-object": "section",
}  # fmt: skip
WRONG_VIEWS = {
    "view-missing-blocks": {"blocks": []},
    "view-too-many-blocks": {"blocks": [{"type": "divider"}] * 101},
    "view-private-metadata-too-long": {"private_metadata": "x" * 3001},
    "view-callback-id-too-long": {"callback_id": "x" * 256},
    "view-title-too-long": {"title": plain("x" * 25)},
    "view-close-too-long": {"close": plain("x" * 25)},
    "view-submit-too-long": {"submit": plain("x" * 25)},
    "view-without-title": {"title": None},
    "view-input-without-submit": {"blocks": [ask(choice("plain_text_input"))]},
    "view-of-another-type": {"type": "home"},
    "view-unknown-field": {"colour": "red"},
}


@pytest.mark.parametrize("case", WRONG_BLOCKS)
def test_a_wrong_block_is_refused(case):
    found = check_blocks([WRONG_BLOCKS[case]], "/blocks", 50)
    assert found, case
    assert all(path.startswith("/blocks") and reason for path, reason in found)


@pytest.mark.parametrize("case", WRONG_VIEWS)
def test_a_wrong_view_is_refused(case):
    right = {"type": "modal", "title": plain("Watch"), "blocks": [{"type": "divider"}]}
    assert judge_view(right, home=False).error == ""
    assert judge_view(right | WRONG_VIEWS[case], home=False).error == "invalid_arguments"


def test_a_view_may_not_be_too_large():
    right = {"type": "modal", "title": plain("Watch"), "blocks": [section(text=md("x" * 3000))] * 90}
    assert judge_view(right, home=False).error == "view_too_large"


DIVIDER = {"type": "divider"}
SMALL_CHART = chart([line()])


@pytest.mark.parametrize(
    ("payload", "error", "path"),
    [
        ({}, "no_text", "/text"),
        ({"text": "x" * 40_001}, "msg_too_long", "/text"),
        ({"text": "x", "blocks": [DIVIDER] * 51}, "invalid_blocks", "/blocks"),
        ({"text": "x", "blocks": [SMALL_CHART] * 3}, "invalid_blocks", "/blocks"),
        ({"text": "x", "blocks": [{"type": "markdown", "text": "x" * 7000}] * 2}, "invalid_blocks", "/blocks"),
        ({"text": "x", "blocks": [table([PAIR])] * 2}, "invalid_blocks", "/blocks"),
        ({"text": "x", "blocks": [{"type": "alert", "text": md("x")}]}, "invalid_blocks", "/blocks/0"),
        ({"text": "x", "blocks": [{**DIVIDER, "block_id": "b"}] * 2}, "invalid_blocks", "/blocks/1/block_id"),
        ({"text": "x", "blocks": "no list"}, "invalid_blocks", "/blocks"),
        ({"text": "x", "metadata": {"event_type": "clout_digest"}}, "invalid_metadata_format", "/metadata"),
        ({"text": "x", "metadata": {"event_type": "a", "event_payload": {}, "b": 1}}, "invalid_metadata_format",
         "/metadata/b"),
    ],
)  # fmt: skip
def test_a_wrong_message_is_refused(payload, error, path):
    verdict = judge_message(payload | QUIET, unfurls=True)
    assert (verdict.error, verdict.hard[0][0]) == (error, path)
    assert verdict.house == ()


def shout(what):
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [what]}]}


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        ({"text": "hi <!everyone>"}, "/text"),
        ({"text": "hi <!subteam^S1>"}, "/text"),
        ({"text": "x", "blocks": [section(text=md("<!here|here>"))]}, "/blocks/0/text/text"),
        ({"text": "x", "blocks": [{"type": "markdown", "text": "<!channel>"}]}, "/blocks/0/text"),
        ({"text": "x", "blocks": [shout({"type": "broadcast", "range": "here"})]}, "/blocks/0/elements/0/elements/0"),
        ({"text": "x", "blocks": [shout({"type": "usergroup", "usergroup_id": "S1"})]},
         "/blocks/0/elements/0/elements/0"),
        ({"blocks": [DIVIDER]}, "/text"),
        ({"text": "x", "unfurl_links": True}, "/unfurl_links"),
        ({"text": "x", "unfurl_media": None}, "/unfurl_media"),
        ({"text": "x", "link_names": True}, "/link_names"),
        ({"text": "x", "parse": "full"}, "/parse"),
        ({"text": "x", "blocks": [chart([line(f"n{number}") for number in range(7)])]}, "/blocks/0/chart/series"),
    ],
)  # fmt: skip
def test_a_message_against_the_house_rules_is_noted_and_taken(payload, path):
    verdict = judge_message(QUIET | payload, unfurls=True)
    assert (verdict.error, [place for place, _ in verdict.house]) == ("", [path])


def test_a_plain_word_may_look_like_a_shout():
    right = section(text=plain("<!channel>"))
    assert judge_message({"text": "x", "blocks": [right], **QUIET}, unfurls=True).house == ()


def test_bolts_own_line_needs_no_flags():
    assert judge_message({"text": ":warning: We apologize, but"}, unfurls=True).house == ()


def test_errors_of_a_submission_name_inputs():
    view = {"blocks": [ask(choice("plain_text_input"), block_id="who")]}
    assert judge_errors({"who": "no"}, view) == []
    assert judge_errors({"handle": "no"}, view) == [("/errors/handle", "is no block_id of an input block")]
    assert judge_errors({}, view)
    assert judge_errors({"who": ""}, view)


def test_suggestions_are_options_or_nothing():
    assert judge_options({"options": []}) == []
    assert judge_options({"options": options(100)}) == []
    assert judge_options({"options": options(101)})
    assert judge_options({"choices": []})


# --- the published contracts ------------------------------------------------------------------------------------------


def files(folder):
    return sorted((CONTRACTS / "fixtures/valid" / folder).glob("*.json")) if CONTRACTS.is_dir() else []


@pytest.mark.parametrize("file", files("blocks"), ids=lambda file: file.stem)
def test_published_blocks_are_taken(file):
    value = json.loads(file.read_text("utf-8"))
    blocks = value if isinstance(value, list) else [value]
    assert [found for one in blocks for found in check_blocks([one], "", 100)] == []


@pytest.mark.parametrize("file", files("elements"), ids=lambda file: file.stem)
def test_published_elements_are_taken(file):
    value, found = json.loads(file.read_text("utf-8")), []
    if value["type"] != "url":  # stands in tasks only
        kinds(ELEMENTS)(value, "", found)
    assert found == []


@published
def test_every_published_wrong_case_has_a_payload_here():
    cases = json.loads((CONTRACTS / "fixtures/invalid/manifest.json").read_text("utf-8"))["cases"]
    assert {one["id"] for one in cases} - set(WRONG_BLOCKS) - set(WRONG_VIEWS) == set()


@published
def test_the_schema_takes_published_blocks_and_names_what_is_wrong():
    pytest.importorskip("jsonschema")
    from sandbox.slack_contract import Contract

    contract = Contract(CONTRACTS)
    for file in files("blocks"):
        value = json.loads(file.read_text("utf-8"))
        assert contract.blocks(value if isinstance(value, list) else [value], "") == [], file.stem
    wrong = [section(text=md("x"), colour="red"), {"type": "banner"}, actions({"type": "button"})]
    paths = [path for path, _ in contract.blocks(wrong, "/blocks")]
    assert paths[:2] == ["/blocks/0", "/blocks/1"]
    assert paths[2].startswith("/blocks/2/elements/0")


@published
def test_unknown_arguments_of_older_methods_are_named():
    pytest.importorskip("jsonschema")
    from sandbox.slack_contract import Contract

    contract = Contract(CONTRACTS)
    assert contract.unknown_arguments("chat.postMessage", {"channel", "text", "unfurl_links", "colour"}) == ["colour"]
    assert contract.unknown_arguments("files.getUploadURLExternal", {"anything"}) == []
