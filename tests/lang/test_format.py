"""Laying out a netlist changes blanks and line ends only, and doing it twice changes nothing more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netlearn.errors import NetlistError
from netlearn.lang.compile import compile_netlist
from netlearn.lang.format import format_text, same_tree
from netlearn.syntax import parse

SHIPPED = [p.read_text(encoding="utf-8") for p in sorted((Path(__file__).parents[2] / "netlists").glob("**/*.nl"))]
EXAMPLE = (Path(__file__).parent / "files" / "example.nl").read_text(encoding="utf-8")


def comments(text: str) -> list[str]:
    return [c.rstrip() for c in re.findall(r"#.*", re.sub(r'"[^"\n]*"', "", text))]


def check(text: str) -> None:
    """The promises of the layout."""
    once = format_text(text)
    assert format_text(once) == once
    assert same_tree(parse(text.removeprefix("\ufeff")), parse(once))
    assert comments(once) == comments(text)
    assert once.endswith("\n")
    assert not once.endswith("\n\n") or once == "\n"
    assert "\n\n\n" not in once
    assert not re.search(r"[ \t\r]\n", once)


@pytest.mark.parametrize("text", [*SHIPPED, EXAMPLE], ids=str)
def test_shipped_netlists_keep_their_meaning_and_comments(text: str) -> None:
    check(text)


@pytest.mark.parametrize("text", SHIPPED, ids=str)
def test_shipped_netlists_are_laid_out_already(text: str) -> None:
    assert format_text(text) == text


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([*SHIPPED, EXAMPLE]), st.randoms(use_true_random=False))
def test_blanks_and_lines_put_anywhere_change_nothing_else(text: str, random: object) -> None:
    def shaken(line: str) -> str:
        blanks = random.choice(["", " ", "\t", "      "])  # type: ignore[attr-defined]
        end = random.choice(["", "  ", "\n", "\n\n\n", "\r", " # seen"])  # type: ignore[attr-defined]
        return blanks + line.strip() + end

    check("\n".join(map(shaken, text.split("\n"))))


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from(list('ab1 \t\r\n#"(){}[],=.;net R circuit'))))
def test_any_text_is_laid_out_or_gives_diagnostics(text: str) -> None:
    try:
        format_text(text)
    except NetlistError:
        return
    check(text)


def test_indentation_follows_the_braces() -> None:
    text = "circuit A {\nnet a\n      for i in 0..1 {\n  R r[i](a,gnd) = 1k   # kept\n}\n\n\n\n}"
    assert format_text(text) == (
        "circuit A {\n  net a\n  for i in 0..1 {\n    R r[i](a, gnd) = 1k   # kept\n  }\n\n}\n"
    )


BLANKS = {
    "R r1(in,out)=10k": "R r1(in, out) = 10k",
    "R   r1 ( in , out )   = 10k": "R   r1(in, out)   = 10k",
    "R r1(in, out) = learn (10k,1k .. 100k,law=log)~1%": "R r1(in, out) = learn(10k, 1k..100k, law = log) ~ 1%",
    "mesh e=graph([0 -- 1,1--2]) on n of R=1k": "mesh e = graph([0--1, 1--2]) on n of R = 1k",
    "NMOS m(d=a,g=g,s=b,b=gnd){model=x}match pair": "NMOS m(d = a, g = g, s = b, b = gnd) { model = x } match pair",
    "net n [4] [4] :twin": "net n[4][4]: twin",
    "let x=- 1+2*(3-1)": "let x = - 1+2*(3-1)",
    "if a==1{ net b }": "if a == 1 { net b }",
    "input x[0..1]=V(a) ,V(b)# driven": "input x[0..1] = V(a), V(b) # driven",
    "for k in [1,2] { net b }": "for k in [1, 2] { net b }",
    "R r(a, b)\t=\t1e-3": "R r(a, b) = 1e-3",
}


@pytest.mark.parametrize(("written", "laid_out"), BLANKS.items())
def test_blanks_inside_a_statement_are_normal_and_alignment_stays(written: str, laid_out: str) -> None:
    assert format_text(f"circuit A {{\n{written}\n}}\n") == f"circuit A {{\n  {laid_out}\n}}\n"


@pytest.mark.parametrize(
    ("written", "laid_out"),
    [
        ("bundle twin{free,clamped}", "bundle twin { free, clamped }"),
        ("task t on A{data x:[1V]->y:[2V]}", "task t on A { data x: [1V] -> y: [2V] }"),
        ("circuit Drn (;sizes=[1,2]){}", "circuit Drn(; sizes = [1, 2]) {}"),
        ("element E(p,n){learn g (1uS)..2mS}", "element E(p, n) { learn g(1uS)..2mS }"),
        ('import"a.nl"as b', 'import "a.nl" as b'),
    ],
)
def test_blanks_outside_of_circuits_are_normal(written: str, laid_out: str) -> None:
    assert format_text(f"{written}\n") == f"{laid_out}\n"


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([*SHIPPED, EXAMPLE]), st.randoms(use_true_random=False))
def test_blanks_between_tokens_change_nothing_else(text: str, random: object) -> None:
    tokens = r'"[^"]*"|#.*|->|--|\.\.|[<>=!]=|[^\W\d]\w*|\d[\w.]*[^\s,()\[\]{}=]*|\n[ ]*|[ ]+|.'
    parts = re.findall(tokens, text)
    shaken = "".join(p + random.choice(["", "", " ", "   "]) if p in "()[],={}:" else p for p in parts)  # type: ignore[attr-defined]
    check(shaken)


def test_lines_inside_brackets_move_with_their_statement() -> None:
    text = "task t on A {\ndata x: [1V,\n         2V] -> y: [\n1V]\n}\n"
    assert format_text(text) == "task t on A {\n  data x: [1V,\n           2V] -> y: [\n    1V]\n}\n"


def test_commas_inside_texts_and_comments_stay() -> None:
    text = 'import "a,b.nl"  # one,two\n'
    assert format_text(text) == text


def test_a_text_with_faults_raises_what_the_compiler_raises() -> None:
    bad = "circuit A {\n  R r1(a b) = 1k\n}\n"
    with pytest.raises(NetlistError) as compiled:
        compile_netlist(bad)
    with pytest.raises(NetlistError) as formatted:
        format_text(bad)
    assert str(formatted.value) == str(compiled.value)
