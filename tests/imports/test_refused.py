"""What cannot be imported is refused by name, at its place, with what to type; nothing outside the folder is read."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from netlearn.errors import NetlistError
from netlearn.export.names import named
from netlearn.imports import import_file, import_text
from netlearn.imports.names import Names
from netlearn.lang.compile import compile_netlist
from netlearn.syntax import KEYWORDS

# what is wrong: (text behind the title, line, what the caret points at, a part of the message, a part of the help)
REFUSED: dict[str, tuple[str, int, str, str, str]] = {
    "a program": ("V1 a 0 1\n.control\nshell rm -rf x\n.endc", 3, ".control", "'.control' is refused", "runs a program"),
    "a command": ("shell ls", 2, "shell", "'shell' is refused", "runs a program"),
    "a model in C": ("codemodel x.cm", 2, "codemodel", "is refused", "write an element"),
    "a compiled model": ("pre_osdi x.osdi", 2, "pre_osdi", "is refused", "write an element"),
    "a parameter set by a program": (".csparam x=1", 2, ".csparam", "is refused", "program"),
    "a code model": ("A1 a b m", 2, "A1", "no element", "write an element"),
    "a behavioural source": ("B1 a 0 v=v(b)*2", 2, "B1", "no element", "write an element"),
    "a bipolar transistor": ("Q1 c b e npn", 2, "Q1", "no element", "bipolar"),
    "coupled inductors": ("K1 L1 L2 0.9", 2, "K1", "no element", "coupled"),
    "a function": (".param f(x)={x*2}", 2, "f", "is a function", ".param"),
    "a function of a parameter": (".param k=2\n.func f(x) {x*k}", 3, "{x*k}", "'k' is no argument of 'f'", "make it one"),
    "a function twice": (".func f(x) {x}\n.func F(x) {x}", 3, "F", "a function 'f' already", "another name"),
    "a function that is known": (".func max(x) {x}", 2, "max", "a function 'max' already", "another name"),
    "a function without a formula": (".func f(x)", 2, ".func f(x)", "no function of arguments", "{x * y}"),
    "a function with too little": (".func f(x,y) {x*y}\nR1 a 0 {f(1)}", 3, "{f(1)}", "f takes 2 arguments", ""),
    "functions that double": (
        ".func f0(x) {x+x}\n" + "".join(f".func f{k + 1}(x) {{f{k}(x)+f{k}(x)}}\n" for k in range(40)) + "R1 a 0 {f40(1)}",
        0, "", "more than 300 parts", ".param",
    ),
    "an unknown statement": (".frobnicate 1", 2, ".frobnicate", "is not read", ".subckt"),
    "a choice": (".param a={b ? 1 : 2} b=1", 2, "{b ? 1 : 2}", "'?'", "write numbers"),
    "a random number": (".param a={agauss(1, 0.1, 3)}", 2, "{agauss(1, 0.1, 3)}", "agauss", "mismatch"),
    "brackets in brackets": ("R1 a 0 {" + "(" * 50 + "1" + ")" * 50 + "}", 2, "{" + "(" * 50 + "1" + ")" * 50 + "}", "deep", ".param"),
    "a long expression": ("R1 a 0 {" + "1+" * 500 + "1}", 2, "{" + "1+" * 500 + "1}", "more than 300 parts", ".param"),
    "an infix prefix": ("R1 a 0 4k7", 2, "4k7", "'4k7' is not a number", "4.7k"),
    "a letter that means two things": ("C1 a 0 5a", 2, "5a", "1e-18 in HSPICE", "5e-18"),
    "an overflow": ("R1 a 0 1e308k", 2, "1e308k", "too large", "1.8e308"),
    "a division by zero": ("R1 a 0 {1/0}", 2, "", "not a finite number", "division"),
    "a negative resistance": ("R1 a 0 -5", 2, "", "must be greater than zero", "another number"),
    "a resistance of zero": ("R1 a 0 0", 2, "0", "a resistance of zero", "vR1 a 0 0"),
    "no value": ("R1 a 0", 2, "R1", "has no value", "1k"),
    "too few nets": ("R1 a", 2, "R1 a", "2 nets are wanted", "R1 a b"),
    "a value twice": ("R1 a 0 1k r=2k", 2, "1k", "given twice", "remove"),
    "a parameter that nobody has": ("R1 a 0 1k foo=3", 2, "foo", "'foo' is not read", "R1 a b"),
    "a parameter without a value": ("R1 a 0 {rl}", 2, "{rl}", "no parameter 'rl'", ".param rl=1"),
    "parameters in a circle": (".param a={b} b={a}\nR1 x 0 {a}", 2, "", "circle", "number"),
    "a parameter twice": (".param a=1\n.param A=2", 3, "A", "defined twice", "remove"),
    "a parameter that is a constant": (".param e=1", 2, "e", "constant", "another name"),
    "a value with blanks": (".param a = 1 + 2", 2, "1 + 2", "blanks", "a={1 + 2}"),
    "a word behind a value": (".model d d\nD1 a 0 d area=5 foo", 3, "foo", "'foo' cannot stand behind a value", "area=5 alone"),
    "a word behind a port": (".subckt s a r=1 b\nR1 a b {r}\n.ends", 2, "b", "'b' cannot stand behind", "r=1 alone"),
    "a value of two words": (".param a=(1 + 2) * 3", 2, "(1 + 2) * 3", "blanks", "a={(1 + 2) * 3}"),
    "a diode's breakdown": (".model d1 d(bv=5)", 2, "5", "'bv'", "no breakdown"),
    "another level": (".model n1 nmos(level=14)", 2, "14", "'level'", "kit"),
    "an oxide": (".model n1 nmos(tox=10n)", 2, "10n", "'tox'", "kp"),
    "a current that an inductor begins with": ("L1 a 0 1m ic=3m\n.tran 1 1 uic", 2, "3m", "an inductor begins", "uic"),
    "a model of another kind": (".model q npn(bf=100)", 2, ".model q npn(bf=100)", "'npn' are not read", "known"),
    "two elements": ("R1 a 0 1\nr1 b 0 1", 3, "r1", "two elements", "another name"),
    "two models": (".model d1 d\n.model D1 d(n=2)", 3, "D1", "two models", "another"),
    "no model": ("D1 a 0 dx", 2, "dx", "no model 'dx'", ".model dx d("),
    "a kit's transistor that is not there": ("M1 d g s b sky130__nfet_99", 2, "sky130__nfet_99", "no model", "sky130__nfet_01v8"),
    "no subcircuit": ("X1 a b foo", 2, "foo", "no subcircuit 'foo'", ".subckt foo"),
    "too few ports": (".subckt s a b\n.ends\nX1 a s", 4, "s", "2 ports", "X1 a b s"),
    "a parameter that a subcircuit has not": (".subckt s a b\n.ends\nX1 a b s w=1", 4, "w", "no parameter 'w'", "none"),
    "a subcircuit in itself": (".subckt s a\nX1 a t\n.ends\n.subckt t a\nX1 a s\n.ends\nX1 a s", 0, "", "within itself", "take"),
    "a subcircuit that stays open": (".subckt s a\nR1 a 0 1", 2, ".subckt s a", "never closed", ".ends"),
    "a subcircuit in another one": (".subckt s a\n.subckt t a\n.ends\n.ends", 3, ".subckt t a", "within", "in front"),
    "ground as a port": (".subckt s a 0\n.ends", 2, "0", "ground", "take it out"),
    "a port twice": (".subckt s a A\n.ends", 2, "A", "two ports", "once"),
    "another name at the end": (".subckt s a\n.ends t\n.ends", 3, "t", "'s' is the one", ".ends s"),
    "a parameter with two values": (
        ".param r=1\n.subckt i a\nR1 a 0 {r}\n.ends\n.subckt o a r=2\nX1 a i\nR1 a 0 {r}\n.ends\nX1 a o",
        7, "X1 a i", "takes the parameter 'r'", "rename",
    ),
    "a parameter made of one that is hidden": (
        ".param r=1 s={r}\n.subckt o a r=2\nR1 a 0 {r+s}\n.ends\nX1 a o",
        3, ".subckt o a r=2", "'s' is made of the parameter 'r'", "rename",
    ),
    "a source that senses nothing": ("F1 a 0 vx 2", 2, "vx", "no voltage source 'vx'", "vsense"),
    "a source by a polynomial": ("E1 a 0 POLY(2) b 0 c 0 1 2 3", 2, "POLY", "'POLY'", "element"),
    "a source by a formula": ("E1 a 0 value={v(b)}", 2, "value", "'value'", "element"),
    "a damped sine": ("V1 a 0 sin(0 1 1k 0 5)", 2, "sin", "no damping", "sin(0 1 1k)"),
    "an exponential": ("V1 a 0 exp(0 1 1 1)", 2, "exp", "'exp'", "pulse"),
    "an option that changes numbers": (".options scale=1u", 2, "scale", "'scale' changes", "write the numbers"),
    "an option that is only named": (".options wl post", 2, "wl", "'wl' changes", "write the numbers"),
    "an absolute path": ('.include "/etc/passwd"', 2, '"/etc/passwd"', "absolute", "relative"),
    "a path outside": (".include ../secret.inc", 2, "../secret.inc", "outside", "--allow"),
    "a link to outside": (".include link.inc", 2, "link.inc", "outside", "--allow"),
    "no file": (".include modls.inc", 2, "modls.inc", "no file", "models.inc"),
    "no section": (".lib models.inc nn", 0, "", "no section 'nn'", "there"),
    "a library that is not there": ('V1 a 0 1\n.lib "mdels.lib"\nR1 a 0 1', 3, '"mdels.lib"', "there is no file 'mdels.lib'", '.include "mdels.lib"'),
    "a section that stays open": (".lib tt\nR1 a 0 1", 2, "tt", "no .endl closes", ".endl"),
    "a section of a file that stays open": (".lib open.lib ss", 0, "", "no .endl closes the section 'tt'", ".endl"),
    "a section that nobody chooses": (".lib tt\nR1 a 0 1\n.endl\nR2 a 0 1", 2, "tt", "nothing chooses the section 'tt'", ".lib 'file' tt"),
    "a section that an include does not choose": (".include models.inc\nR1 a 0 1", 0, "", "nothing chooses the section 'tt'", "choose it"),
    "an end of no section": ("R1 a 0 1\n.endl", 3, ".endl", "no section is open", ".lib name"),
    "an end of another section": (".lib tt\nR1 a 0 1\n.endl ss", 4, "ss", "'tt' is the section", ".endl tt"),
    "includes in a circle": (".include loop.inc", 0, "", "circle", "take one"),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "in"
    inside.mkdir()
    (tmp_path / "secret.inc").write_text(".param secret=1\n")
    (inside / "link.inc").symlink_to(tmp_path / "secret.inc")
    (inside / "models.inc").write_text(".lib tt\n.endl\n")
    (inside / "open.lib").write_text(".lib tt\n.param r=1\n.lib ss\n.param r=2\n.endl\n")
    (inside / "loop.inc").write_text(".include more.inc\n")
    (inside / "more.inc").write_text(".include loop.inc\n")
    return inside


def refusal(text: str, folder: Path | None = None, name: str = "bad.cir") -> NetlistError:
    start = time.process_time()
    with pytest.raises(NetlistError) as caught:
        import_text(text, name, folder)
    assert time.process_time() - start < 8.0
    return caught.value


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_read_is_refused_by_name_and_place(what: str, folder: Path) -> None:
    text, line, caret, message, help = REFUSED[what]
    found = refusal(f"title\n{text}\n.end\n", folder).diagnostics
    fault = found[0]
    assert message in fault.message
    assert help in fault.help
    if line:
        assert fault.span.line == line
        shown = fault.source.line(line)[fault.span.column - 1 :][: fault.span.length]
        assert shown == caret or not caret


def test_every_fault_is_told_at_once() -> None:
    found = refusal("title\nQ1 a b c n\nR1 a 0 4k7\nX1 a foo\n.control\nquit\n.endc\n").diagnostics
    assert sorted(f.span.line for f in found) == [2, 3, 4, 5]


def test_faults_in_front_of_a_file_that_is_not_there_are_told_as_well(folder: Path) -> None:
    found = refusal("title\n.frob\n.include nothing.inc\n", folder).diagnostics
    assert {f.span.line for f in found} == {2, 3}


def test_a_title_that_looks_like_a_statement_is_told_of() -> None:
    assert "title" in refusal(".subckt a b\nR1 b 0 1\n.ends\n").diagnostics[0].message


@pytest.mark.parametrize(
    "text",
    [
        "t\n" + "".join(f"R{k} a 0 1\n" for k in range(250_000)),
        "t\n" + "R1 a 0 1\n+" + "1" * 200_000,
        "t\n" + "* x\n" * 2_000_000,
        "t\nR1 a 0 {" + "(" * 10**5,
        "t\n.param a={" + "-" * 10**5 + "1}",
        "t\n"
        + "".join(f".subckt s{k} a\nX1 a s{k + 1}\nX2 a s{k + 1}\n.ends\n" for k in range(39))
        + ".subckt s39 a\nR1 a 0 1\n.ends\nX1 a s0",
        "t\n.param a0=1 " + " ".join(f"a{k + 1}={{a{k}*a{k}*2}}" for k in range(2000)) + "\nR1 x 0 {a2000}",
        "t\nR1 a 0 1k m=1e9",
        "t\nR1 a 0 \0",
        "\0" * 10**5,
    ],
    ids=[
        "cards",
        "a card",
        "characters",
        "brackets",
        "signs",
        "copies that double",
        "numbers that double",
        "copies",
        "NUL",
        "NULs",
    ],
)
def test_what_would_exhaust_the_machine_is_refused_quickly(text: str) -> None:
    assert refusal(text).diagnostics


def test_includes_that_double_are_refused_quickly(folder: Path) -> None:
    for k in range(25):
        (folder / f"m{k}.inc").write_text(f"* {'x' * 1000}\n.include m{k + 1}.inc\n.include m{k + 1}.inc\n")
    (folder / "m25.inc").write_text("* the end\n")
    assert "characters together" in refusal("t\n.include m0.inc\n", folder).diagnostics[0].message


def test_a_further_folder_can_be_allowed(folder: Path) -> None:
    (folder / "a.cir").write_text("t\n.include ../secret.inc\nR1 a 0 {secret}\n")
    with pytest.raises(NetlistError, match="outside"):
        import_file(folder / "a.cir")
    assert "secret = 1" in import_file(folder / "a.cir", [folder.parent]).text


def test_a_fault_in_an_included_file_is_shown_there(folder: Path) -> None:
    (folder / "bad.inc").write_text("* first\nR1 a 0 4k7\n")
    fault = refusal("t\n.include bad.inc\n", folder).diagnostics[0]
    assert (Path(fault.source.name).name, fault.span.line) == ("bad.inc", 2)


def test_every_word_of_the_language_can_be_a_name_in_spice() -> None:
    words = sorted(
        {word.lower() for word in KEYWORDS} | {"V", "I", "true", "false", "xor", "sin", "match", "R", "NMOS", "gndx"}
    )
    for word in words:
        spice = (
            f"t\n.param {word}=2\n.model {word} d(n=1)\n.subckt {word} {word} b {word}x=1\nR{word} {word} b {{{word}*{word}x}}\n"
            f".ends\nV{word} {word} 0 1\nX{word} {word} 0 {word} {word}x={{{word}}}\nD1 {word} 0 {word}\n"
        )
        made = import_text(spice, f"{word}.cir").text
        assert not [w for w in compile_netlist(made).warnings if w.severity != "note"], word


def test_names_that_become_alike_stay_apart() -> None:
    made = import_text(
        "t\nR1 a.b a_b 1k\nR2 a+b a.b 1k\nR3 a_b 0 1k\nR4 a+b 0 1k\nR5 1 n1 1\nR6 1 0 1\nR7 n1 0 1\n", "x.cir"
    ).text
    assert "net a_b, n1, a_b_2, a_b_3, n1_2" in made
    assert "# names: net a.b is a_b_2, net a+b is a_b_3, net 1 is n1_2" in made


CDL = """*.SCALE METER
*.PININFO a:I b:O
.PARAM wn=20u
.GLOBAL vdd!
.SUBCKT edge a b g
*.PININFO a:B b:B g:I
M1 a g b gnd! ald1106 W=20u L=10u $X=1 $Y=2
MP1 a g b vdd! $[pch] $W=wn $L=10u
R1 a b 10000 rpoly
R2 a b 10k $[rp] $SUB=gnd! $ said
C1 b gnd! 1p $[cmim] M=1
.ENDS edge
.SUBCKT TOP in out
XI0 in m out / edge
XI1 m out in edge
.MODEL pch PMOS (LEVEL=1)
.ENDS
.MODEL pch PMOS (LEVEL=1)
"""


def test_cdl_is_read_as_cdl() -> None:
    made = import_text(CDL, "x.cdl").text
    for line in (
        "module edge(a, b, g, vdd_; wn = 20u) {",
        "  NMOS M1(a, g, b, gnd) { model = ald1106, w = 20um, l = 10um }  # left out: $X, $Y",
        "  PMOS MP1(a, g, b, vdd_) { w = wn, l = 10um }",
        "  R R1(a, b) = 10000  # of rpoly",
        "  R R2(a, b) = 10k  # of rp; left out: $SUB",
        "  edge XI0(in, m, out, vdd_) { wn = wn }",
    ):
        assert line in made.splitlines(), made


def test_many_names_that_become_alike_stay_apart_in_no_time() -> None:
    written = [
        f"{'<>'[k % 2]}{'[]'[k // 2 % 2]}" + "".join("-+"[k >> bit & 1] for bit in range(2, 17)) for k in range(40_000)
    ]
    start = time.process_time()
    names = Names()
    here = [names.name("net", "_" * 17 + "_2"), *(names.name("net", one) for one in written)]
    there = list(named([here[0], *written], lambda one: re.sub(r"\W", "_", one)).values())
    assert time.process_time() - start < 2.0
    assert here[1:4] == ["_" * 17, "_" * 17 + "_3", "_" * 17 + "_4"]
    assert there[1:4] == ["_" * 17, "_2", "_3"]
    assert len(set(here)) == len(set(there)) == 40_001


AUCDL = """************************************************************************
* auCdl Netlist:
************************************************************************

*.BIPOLAR
*.RESI = 2000 
*.RESVAL
*.CAPVAL
*.DIOPERI
*.DIOAREA
*.EQUATION
*.SCALE METER
*.MEGA
.PARAM

*.GLOBAL gnd!
+        vdd!

*.PIN gnd!
*+    vdd!

.SUBCKT inv a y
*.PININFO a:I y:O
MM0 y a gnd! gnd! nch W=200n L=60n m=1 nf=1 $X=1
MM1 y a vdd! vdd! pch W=400n L=60n m=1 nf=1
DD0 gnd! a ndio 1e-12 4e-6 m=1
RR0 a y 10k $.MODEL=rpoly
.ENDS
.SUBCKT top in out
XI0 in out / inv
XI1 inv $PINS a=out y=in
.ENDS
.model nch nmos(level=1)
.model pch pmos(level=1)
.model ndio d
"""


def test_a_header_that_auCdl_writes_is_read_with_what_it_says_of_nets_pins_and_models() -> None:
    made = import_text(AUCDL, "x.cdl").text
    for line in (
        "module inv(a, y, vdd_) {",
        "  NMOS MM0(y, a, gnd, gnd) { w = 200nm, l = 60nm }  # left out: nf, $X",
        "  D DD0(gnd, a) { is = 1e-14 * 1e-12 }  # left out: perimeter 4e-6",
        "  R RR0(a, y) = 10k  # of rpoly",
        "  inv XI1(out, in, vdd_)",
    ):
        assert line in made.splitlines(), made


def test_a_net_of_a_global_command_is_one_net_in_all_subcircuits() -> None:
    text = "*.GLOBAL sub:G\n+ vss\n* said\n*+ vdd:P\n.SUBCKT s a\nR1 a sub 1k\nR2 a vss 1k\nR3 a vdd 1k\n.ENDS\n"
    assert "module s(a, sub, vss, vdd) {" in import_text(text, "x.cdl").text


def test_a_comment_of_spice_that_looks_like_a_command_says_nothing() -> None:
    made = import_text("t\n*.MEGA\n*.FOO\n*.GLOBAL b\nR1 a b 5m\n+ m=2\nR2 b 0 1\nV1 a 0 1\n", "x.cir").text
    assert "R R1[copy](a, b) = 5m" in made


# what is wrong in CDL: (text, line, what the caret points at, a part of the message, a part of the help)
CDL_REFUSED: dict[str, tuple[str, int, str, str, str]] = {
    "nets that are joined": ("*.CONNECT a b\nR1 a b 1k", 1, ".CONNECT", "'*.CONNECT' is not read", "where it belongs"),
    "sizes in micrometres": ("*.SCALE MICRON\nR1 a b 1k", 1, ".SCALE MICRON", "'*.SCALE MICRON' is not read", "METER"),
    "an M that is mega for some": ("*.MEGA\nR1 a b 5M\n", 2, "5M", "1e6 for some readers of *.MEGA", "5e-3 or 5meg"),
    "a transistor of no known channel": ("M1 d g s b n18 w=1u l=1u", 1, "n18", "there is no model 'n18'", ".model n18 nmos("),
    "fingers": (".model n nmos\nM1 d g s b n w=4u l=1u nf=4", 2, "nf", "w is of one finger", "m in the place of nf"),
    "a port that pins leave out": (".SUBCKT s a b\nR1 a b 1\n.ENDS\nX1 s $PINS a=n", 4, "s", "the port 'b' of 's'", "b=net"),
    "pins of nothing": ("X1 s $PINS a=n", 1, "s", "behind a subcircuit that is given", "$PINS port=net"),
    "nets in front of pins": (".SUBCKT s a\n.ENDS\nX1 n s $PINS a=n", 3, "s", "behind a subcircuit", "$PINS port=net"),
}  # fmt: skip


def test_a_model_that_cdl_names_without_a_card_is_known_by_its_letter_or_by_our_own_names() -> None:
    text = ".SUBCKT t d g\nM1 d g gnd gnd nch W=1u L=2u\nM2 d g gnd gnd PCH W=1u L=2u\nD1 d g esd 1p\n.ENDS\n"
    made = import_text(text, "x.cdl").text.splitlines()
    assert "  NMOS M1(d, g, gnd, gnd) { w = 1um, l = 2um }  # of nch" in made
    assert "  PMOS M2(d, g, gnd, gnd) { w = 1um, l = 2um }  # of PCH" in made
    assert "  D D1(d, g)  # of esd; left out: area 1p" in made
    assert "no model 'nch'" in refusal(f"t\n{text}").diagnostics[0].message


def test_a_subcircuit_with_nothing_in_it_is_a_black_box_that_is_told_of() -> None:
    made = import_text("t\nR1 a 0 1\n.subckt box p n\n.ends\nX1 a 0 box\n", "x.cir")
    assert "# a black box: there is nothing in it" in made.text
    assert [(w.severity, w.span.line) for w in made.warnings] == [("warning", 3)]


@pytest.mark.parametrize("what", CDL_REFUSED)
def test_what_of_cdl_is_not_read_is_refused_by_name_and_place(what: str) -> None:
    text, line, caret, message, help = CDL_REFUSED[what]
    fault = refusal(f"{text}\n", None, "x.cdl").diagnostics[0]
    assert message in fault.message
    assert help in fault.help
    assert fault.span.line == line
    assert fault.source.line(line)[fault.span.column - 1 :][: fault.span.length] == caret


@pytest.mark.parametrize(
    ("word", "kind"), [("sky130_fd_pr__nfet_01v8", "sky130.nfet_01v8"), ("gf180mcu__pfet_03v3", "gf180mcu.pfet_03v3")]
)
def test_a_transistor_of_a_kit_is_one_here(word: str, kind: str) -> None:
    for letter in "MX":
        made = import_text(f"t\n{letter}1 d g 0 0 {word} w=1u l=0.5u nf=1\nV1 d 0 1\nV2 g 0 1\n", "x.cir").text
        assert f'import "pdk/{kind.split(".")[0]}"' in made
        assert f"  {kind} {letter}1(d, g, gnd, gnd) {{ w = 1um, l = 0.5um }}  # left out: nf" in made
    wrong = refusal(f"t\nM1 d g 0 0 {word} w=1 l=0.5\n").diagnostics[0]
    assert "must not exceed" in wrong.message
    assert wrong.span.line == 2
