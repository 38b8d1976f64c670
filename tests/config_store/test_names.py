"""Which names are allowed, and which known ones a mistyped one is near to."""

from __future__ import annotations

import difflib
import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config_store.errors import InvalidInput
from config_store.names import check_file_name, check_group_name, nearest

GROUP_ALPHABET = frozenset(string.ascii_letters + string.digits + "_@()-")
FILE_ALPHABET = GROUP_ALPHABET | frozenset(".+=~")
JAR = (".jar",)


def fault(name: str, *suffixes: str) -> str:
    """What is said of a refused name: of a group's, or with suffixes of a file's."""
    with pytest.raises(InvalidInput) as refused:
        check_file_name(name, suffixes) if suffixes else check_group_name(name)
    return str(refused.value)


@pytest.mark.parametrize("name", ["default", "g_large", "PROD@eu(2)-x", "7", "-", "A" * 250])
def test_a_group_name_is_taken_as_it_is(name: str) -> None:
    assert check_group_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("a b", " prod", "prod ", "prod\n", "prod\t"),
        *("a/b", "../prod", "..", ".", "a.b", "a\\b", "a:b", "a%b", "a,b", "a'b"),
        *("prod\x00", "\x00", "a\x7fb"),
        *("größe", "\u0430dmin", "\uff50rod", "\u0663", "prod\u200b", "pro\u0301d", "\U0001f600", "\ud800"),
    ],
)
def test_a_group_name_of_other_characters_is_refused(name: str) -> None:
    assert fault(name) == f"name: {name!r} is refused: a name consists of letters, digits and _ @ ( ) -"


@pytest.mark.parametrize("blank", ["", " ", "   ", "\t\n", "\u00a0\u2003"])
def test_a_blank_name_is_refused(blank: str) -> None:
    assert fault(blank) == "name: must not be empty or blank"
    assert fault(blank, ".jar") == "name: must not be empty or blank"


@pytest.mark.parametrize("length", [251, 300, 100_000])
def test_a_long_name_is_refused_by_its_length(length: int) -> None:
    expected = f"name: has {length} characters, at most 250 are allowed"
    assert fault("a" * length) == expected
    assert fault("a" * (length - 4) + ".jar", ".jar") == expected


@pytest.mark.parametrize(
    "name", ["hbase.jar", "my-lib_2.13+x@(1)=~.jar", "_.jar", "X.JAR", "a..jar", "x" * 246 + ".jar"]
)
def test_a_file_name_is_taken_as_it_is(name: str) -> None:
    assert check_file_name(name, JAR) == name


@pytest.mark.parametrize(
    "name",
    [
        *("../x.jar", "..", "..jar", ".hidden.jar", "./x.jar", "/x.jar", "a/x.jar", "x.jar/", "..\\x.jar", "C:x.jar"),
        *(
            "x\x00.jar",
            "x.jar\x00",
            "x.jar\n",
            " x.jar",
            "x y.jar",
            "x,y.jar",
            "x%2e.jar",
            "x#y.jar",
            "x?.jar",
            "x*.jar",
        ),
        *("-rf.jar", "--conf.jar", "@x.jar", "~x.jar", "größe.jar", "x\u202eraj.jar", "\U0001f600.jar"),
    ],
)
def test_a_file_name_that_leads_elsewhere_or_splits_is_refused(name: str) -> None:
    allowed = "letters, digits and _ . + @ ( ) = ~ -, without directories"
    assert fault(name, ".jar") == f"name: {name!r} is refused: a name consists of {allowed}"


@pytest.mark.parametrize("name", ["x.txt", "x", "x.jar.exe", "jar"])
def test_a_file_name_ends_with_a_known_suffix(name: str) -> None:
    assert fault(name, ".py", ".zip") == f"name: {name!r} must end with .py or .zip"


@settings(max_examples=100, database=None)
@given(st.text(max_size=260) | st.text(alphabet=sorted(GROUP_ALPHABET), max_size=260))
def test_a_group_name_is_taken_exactly_when_it_fits(name: str) -> None:
    fits = 0 < len(name) <= 250 and set(name) <= GROUP_ALPHABET
    if fits:
        assert check_group_name(name) == name
    else:
        assert fault(name).startswith("name: ")


@settings(max_examples=100, database=None)
@given(st.text(max_size=260) | st.text(alphabet=sorted(FILE_ALPHABET | {"/"}), max_size=260).map("{}.jar".format))
def test_a_file_name_that_is_taken_stays_in_its_folder(name: str) -> None:
    try:
        check_file_name(name, JAR)
    except InvalidInput:
        return
    assert set(name) <= FILE_ALPHABET
    assert name[0] not in ".-~"
    assert name.lower().endswith(".jar")
    assert len(name) <= 250


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("prd", ["prod", "prod_eu"]),
        ("PROD", ["prod", "prod_eu"]),
        ("prod-eu", ["prod_eu", "prod"]),
        ("defualt", ["Default"]),
        ("zzz", []),
        ("", []),
    ],
)
def test_the_nearest_names_come_first(name: str, expected: list[str]) -> None:
    assert nearest(name, ["Default", "g_large", "prod", "prod_eu"]) == expected


def test_at_most_three_names_are_near() -> None:
    assert nearest("lib", ["lib1", "lib2", "lib3", "lib4"]) == ["lib4", "lib3", "lib2"]


def test_a_huge_name_is_compared_in_no_time() -> None:
    assert nearest("x" * 10_000_000, ["x" * 250, "y"]) == ["x" * 250]


LETTERS = string.ascii_lowercase + string.digits + "_-"


@pytest.mark.parametrize("length", [1, 2, 8, 40, 250])
def test_the_nearest_of_ten_thousand_names_is_found(length: int) -> None:
    draw = random.Random(length)
    names = list(dict.fromkeys("".join(draw.choices(LETTERS, k=length)) for _ in range(10_000)))
    wanted = draw.choice(names)
    assert nearest(wanted.upper(), names)[0] == wanted
    if length >= 8:
        middle = length // 2
        for mistyped in (
            f"{wanted[:middle]}{wanted[middle + 1 :]}",  # a letter is missing,
            f"{wanted[:middle]}~{wanted[middle + 1 :]}",  # is wrong,
            f"{wanted[:middle]}~{wanted[middle:]}",  # is too many,
            f"{wanted[: middle - 1]}{wanted[middle]}{wanted[middle - 1]}{wanted[middle + 1 :]}",  # came too early
        ):
            assert nearest(mistyped, names)[0] == wanted


def test_a_long_name_of_few_letters_is_near_with_one_of_them_wrong() -> None:
    long = "ab" * 125
    assert nearest(f"{long[:120]}~{long[121:]}", [long, "c" * 250]) == [long]


def test_names_that_differ_in_a_number_alone() -> None:
    short = [f"group_{number:05}" for number in range(10_000)]
    assert nearest("grup_01234", short)[0] == "group_01234"
    long = [f"team_{number:05}_{'x' * 230}" for number in range(10_000)]
    assert nearest(f"team_04242_{'x' * 229}", long)[0] == f"team_04242_{'x' * 230}"


def test_nothing_is_near_among_ten_thousand() -> None:
    assert nearest("ÄÖÜ", [f"group_{number:05}" for number in range(10_000)]) == []
    assert nearest("g", [f"group_{number:05}" for number in range(10_000)]) == []
    assert nearest("", [f"group_{number:05}" for number in range(10_000)]) == []


@settings(max_examples=200, database=None)
@given(st.text(alphabet="abcd_", max_size=12), st.lists(st.text(alphabet="abcd_", max_size=12), max_size=60))
def test_few_names_are_all_compared_exactly(name: str, known: list[str]) -> None:
    few = known[:50]
    exact = difflib.get_close_matches(name, dict.fromkeys(few), n=3, cutoff=0.5)
    assert nearest(name, few) == exact
    assert set(nearest(name, known)) <= set(known)
