"""Rules 2, shown by the tokens that the released vocabulary gives."""

import sys
import unicodedata
from dataclasses import replace

import pytest

from model_store import RELEASED, Store
from sentiment import Tokenizer
from sentiment.default_ignorable import DEFAULT_IGNORABLE
from sentiment.text import clean
from sentiment.tokenizer import split

ADDRESS_PARTS = ["@", "a@", "@a", "a.", ".com", "a.com/", "www.", "http://", "http://.", "a@a.", "-.", "@."]
IGNORABLE = [chr(code) for first, last in DEFAULT_IGNORABLE for code in range(first, last + 1)]
CONTROLS = [
    chr(code)
    for code in range(sys.maxunicode + 1)
    if unicodedata.category(chr(code)) == "Cc" and not chr(code).isspace()
]
# Controls that were punctuation of Windows-1252 before it was read as Latin-1.
PUNCTUATION = {
    "\x82": "'",
    "\x84": '"',
    "\x91": "'",
    "\x92": "'",
    "\x93": '"',
    "\x94": '"',
    "\x96": "-",
    "\x97": "-",
}


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """A tokenizer with the released words alone, under rules 2."""
    model, version = Store(RELEASED).resolve("reviews@production")
    saved = Tokenizer.from_json((RELEASED / model / str(version) / "tokenizer.json").read_bytes())
    return Tokenizer(saved.words, replace(saved.config, text_rules=2, num_pieces=0, own_beginnings=False))


@pytest.mark.parametrize(
    "apostrophe",
    [
        *"`\u00b4\u02b9\u02bb\u02bc\u02bd\u02be\u02c8\u02ca\u02cb\u02f4\u0374\u0384\u055a\u05f3\u07f4\u1fbd\u1fbf\u1fef",
        *"\u1ffd\u1ffe\u2018\u2019\u201a\u201b\u2032\u2035\u275b\u275c\ua78b\ua78c\uff07\uff40\x91\x92",
        *(
            "&apos;",
            "&#39;",
            "&#x27;",
            "&rsquo;",
            "&lsquo;",
            "&#8217;",
            "&#146;",
            "&prime;",
            "&acute;",
            "&grave;",
        ),
        *("\u00e2\u20ac\u2122", "\u00e2\u20ac\u02dc", "\u00e2\x80\x99", "&acirc;&euro;&trade;"),
        *("\u00c3\u00a2\u00e2\u201a\u00ac\u00e2\u201e\u00a2", "\u00c3\u00a2\u00c2\x80\u00c2\x99"),
        *(
            "\u00c2\u00b4",
            "\u00ca\u00bc",
            "\u201a\u00c4\u00f4",
            "\u0393\u00c7\u00d6",
            "\u0432\u0402\u2122",
            "\ufffd",
        ),
        *("\u200b'", "'\ufe0f"),
    ],
    ids=ascii,
)
def test_another_apostrophe_keeps_the_negation(tokenizer: Tokenizer, apostrophe: str) -> None:
    for plain in ("They didn't care, so I won't come back.", "YOU CAN'T MISS IT! It's what we've hoped for."):
        other = plain.replace("'", apostrophe)
        assert tokenizer.split(other) == tokenizer.split(plain)
        assert tokenizer.encode(other) == tokenizer.encode(plain)


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("The ending is _superb_.", "The ending is superb."),
        ("*Boring* from start to finish", "Boring from start to finish"),
        ("~Lovely~ food", "Lovely food"),
        ("__never__ **again** ~~not~~ bad", "never again not bad"),
        ("***dull***, _**dull**_ and **_dull_**", "dull, dull and dull"),
        ("_not worth the money_", "not worth the money"),
        ("(*awful*) \"_awful_\" '*awful*' *awful!* _awful_...", "(awful) \"awful\" 'awful' awful! awful..."),
        ("*Don*'t go, it _isn_'t good", "Don't go, it isn't good"),
        ("*a f*cking masterpiece*", "a f*cking masterpiece"),
        ("\uff0aboring\uff0a", "boring"),
        ("_A paragraph that is left open, dull_ as it is", "A paragraph that is left open, dull as it is"),
        ("_One side alone", "One side alone"),
        ("<i>_boring_</i>", "<i>boring</i>"),
        ("_\u0928\u092e\u0938\u094d\u0924\u0947_", "\u0928\u092e\u0938\u094d\u0924\u0947"),
    ],
)
def test_emphasis_falls_away(tokenizer: Tokenizer, raw: str, plain: str) -> None:
    assert tokenizer.split(raw) == tokenizer.split(plain)
    assert tokenizer.encode(raw) == tokenizer.encode(plain)


@pytest.mark.parametrize(
    "raw",
    [
        *("5* hotel, 4* food", "2 * 3 * 4", "2*3*4", "f**k this s**t", "sh*t", "* one\n* two *", "great*"),
        *(
            "snake_case_name",
            "*_* -_- ^_^ t_t",
            "____ stars",
            "~5 minutes, ~6 at most",
            "a ~ b ~ c",
            "*****good*****",
        ),
        *("*", "_", "**", "* *", "*!*", "~~~"),
    ],
)
def test_marks_that_are_no_emphasis_stay(raw: str) -> None:
    assert clean(raw, 2) == raw


@pytest.mark.parametrize(
    "character", [*"_*~\u00b2\u00bd&<\ufffd", "_ ", " *a", "a_", " _(a_b", *ADDRESS_PARTS]
)
def test_a_long_run_takes_no_more_than_its_length(character: str) -> None:
    # A pattern that starts anew within the run would take minutes.
    assert clean(character * 100_000, 2)


def test_every_invisible_character_is_dropped(tokenizer: Tokenizer) -> None:
    plain = tokenizer.encode("Their worst record.")
    for character in {*IGNORABLE, *CONTROLS} - PUNCTUATION.keys():
        for raw in (
            f"Their wo{character}rst record.",
            f"Their {character}worst{character} record{character}.",
        ):
            assert tokenizer.encode(raw) == plain, ascii(raw)


@pytest.mark.parametrize(
    "raw", ["wo&shy;rst", "wo&#8203;rst", "wo&zwnj;rst", "wo\u2063&#x2063;\u2063rst", "w\u00ado\ufe0frst"]
)
def test_invisible_characters_are_dropped_however_they_are_written(raw: str) -> None:
    assert split(raw, 2) == ["worst"]


def test_a_mark_combines_over_an_invisible_character() -> None:
    assert split("cafe\u200b\u0301", 2) == ["caf\u00e9"]


@pytest.mark.parametrize(("character", "plain"), PUNCTUATION.items(), ids=ascii)
def test_punctuation_of_windows_is_read(character: str, plain: str) -> None:
    assert clean(f"a{character}b", 2) == f"a{plain}b"


def test_white_space_stays() -> None:
    spaces = [chr(code) for code in range(sys.maxunicode + 1) if chr(code).isspace()]
    dropped = [space for space in spaces if split(f"a{space}b", 2) != ["a", "b"]]
    # White space to Python, but not to Unicode; and the ellipsis of Windows-1252.
    assert dropped == ["\x1c", "\x1d", "\x1e", "\x1f", "\x85"]


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("I give it 2\u00bd stars", "I give it 2 1/2 stars"),
        ("4\u00be/5 \u215b \u2150", "4 3/4/5 1/8 1/7"),
        ("\u00bdhour, (\u00bd), \u00bd", "1/2 hour, (1/2), 1/2"),
        ("*\u00bd star*", "1/2 star"),
        ("2\u2009\u00bd", "2 1/2"),
        ("2&frac12; &#189; 2\u00c2\u00bd", "2 1/2 1/2 2 1/2"),
        ("1\u20442, 1\u22152 and 3\u00b9\u2044\u2082", "1/2, 1/2 and 3 1/2"),
    ],
)
def test_fractions_are_spelled_out(tokenizer: Tokenizer, raw: str, plain: str) -> None:
    assert clean(raw, 2) == clean(plain, 2)
    assert tokenizer.encode(raw) == tokenizer.encode(plain)


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("Loved it https://t.co/Ab3_x?y=1#z.", "Loved it ."),
        ("Loved it (see www.example.com/a_b_c)!", "Loved it (see )!"),
        ("HTTP://EXAMPLE.COM/A bad", "bad"),
        ("bad. shop.example.co.uk", "bad. "),
        ("bad at example.com/menu, too", "bad at , too"),
        ("Write to first.last+tag@mail.example.com!", "Write to !"),
        ("@Some_One you are great, @another1", " you are great, "),
        ('<a href="https://example.com/x">good</a>', "good"),
        ("\uff20someone bad", "bad"),
        ("\U0001f44d\U0001f3fd", "\U0001f44d"),
    ],
)
def test_addresses_handles_and_skin_tones_fall_away(tokenizer: Tokenizer, raw: str, plain: str) -> None:
    assert tokenizer.split(raw) == tokenizer.split(plain)


@pytest.mark.parametrize(
    "raw",
    [
        *("good.i liked it", "it was bad.and dull", "10/10. comfortable", "p@ss", "@", "a @ b", "@3", "$@#!"),
        *("the commons", "so.so com", "f@@k", "net. org. com"),
    ],
)
def test_what_is_no_address_stays(raw: str) -> None:
    assert clean(raw, 2) == raw


def test_no_look_alike_is_left_of_any_character() -> None:
    unwanted = {
        *IGNORABLE,
        *CONTROLS,
        *"`\u00b4\u02bc\u2018\u2019\u2032\u201c\u201d\u2013\u2014\u2044",
        "\u00bd",
    }
    left = [
        first
        for first in range(0, sys.maxunicode + 1, 256)
        if not unwanted.isdisjoint(clean(" ".join(map(chr, range(first, first + 256))), 2))
    ]
    assert left == []


@pytest.mark.parametrize(
    "raw",
    [
        "A plain review, isn't it? 10/10!",
        "Caf\u00e9 \u2014 \u201cgreat\u201d",
        "fish &amp; chips<br />yes",
        "",
    ],
)
def test_what_rules_1_read_well_stays(raw: str) -> None:
    assert clean(raw, 2) == clean(raw, 1)
