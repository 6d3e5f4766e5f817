"""The languages of exported files, as lists of what our own writers need: a file is made of nothing else, or no tool is shown it.

Tools carry out what they are told in many ways: control blocks, code models that start a program, Tcl in an attribute, functions of
C in Verilog, comments that are commands (`*ng_script`). So what is allowed is listed, and not what is forbidden.

    SPICE        elements that SPICE itself has, subcircuits, models, parameters, files; of quotes HSPICE's only
    Spectre      the same in its words
    Verilog      modules and what is in them, each of its nets by the name of its port
    Verilog-A    its disciplines, $abstime, $temperature, nothing that goes round
    xschem       symbols and what stands at them, nothing that Tcl puts something in the place of
    KiCad        what is drawn; fields that we have, so that none is the path of a file but those of the folder

A language is a pattern of one statement. Its groups say what a statement does: `cell` begins one and `end` ends it, `call` has one put
in its place, `part` is something that fills room; one that is called as a language names a file that is read there, and must
be a file of that language. Patterns are of what is whole: nothing is given back once it is matched (`++`), so that a long line takes
as long as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Statement = Mapping[str, str | None]
"""What a statement does, by group."""


@dataclass(frozen=True)
class Language:
    """A pattern of a statement; what joins two lines, which it has as a tab."""

    statement: re.Pattern[str]
    joint: str = r"(?!)"


class NotAllowed(ValueError):
    """A text that is not made of the statements of its language: where it begins to be something else."""


def statements(language: Language, text: str) -> Iterator[Statement]:
    """What the statements of a text do. NotAllowed where it has something else, a character among it that cannot be seen."""
    joined = re.sub(language.joint, "\t", text.replace("\t", " "))
    at = 0
    while at < len(joined):
        found = language.statement.match(joined, at)
        if found is None or not found[0].replace("\n", "").replace("\t", "").isprintable():
            raise NotAllowed(joined[at : at + 200].strip().partition("\n")[0].replace("\t", " "))
        yield found.groupdict()
        at = found.end()


def _pattern(text: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    return re.compile(text, re.VERBOSE | re.ASCII | flags)


_END = r"(?: \n | \Z )"
_REST = r"(?: [^\n\t\\] | \\ (?! [ ]*+ \n ) )*+"
"""A comment, in which no other line is, whatever ends with a backslash for a tool."""
_NET = r"""[^\s={}'`";$\\/]++ (?: / [^\s={}'`";$\\/]++ )*+"""
"""Of one word; a slash alone is before the cell, for some."""
_SPICE = rf"""
    (?: \* (?! [\#>\w] ) {_REST}
      | (?P<part> [bcdefghilmrv] ) [\w/]*+ [ \t] (?! [^\n]* (?: pwl [ \t(]*+ \w{{0,9}} file | file [ \t]*+ [(=] ) ) [^`";$\\\n]*+
      | x [\w/]*+ (?: [ \t]++ {_NET} (?! [ \t]*+ = ) )*? [ \t]++ (?P<call> \w++ ) (?! [ \t]*+ = )
        (?: [ \t]++ \w++ = (?: '[^'`";$\\\n]*+' | \{{[^{{}}'`";$\\\n]*+\}} | [^\s={{}}'`";$\\]++ ) )*+ [ \t]*+
      | \.subckt [ \t]++ (?P<cell> \w++ ) (?: [ \t] [^`";$\\\n]*+ )?
      | (?P<end> \.ends ) \b [^`";$\\\n]*+
      | \.(?: model | param | func | global | options? | temp | op | title ) (?: [ \t] [^`";$\\\n]*+ )?
      | \.end [ ]*+ (?= \n*+ \Z )
      | \.include [ \t]++ "?+ (?P<spice> [\w.]++ ) "?+
      | [ ]* )
    {_END}"""
_SPECTRE = rf"""
    (?: // {_REST}
      | simulator [ ] lang=spectre
      | subckt [ \t]++ (?P<cell> \w++ ) [ \t]++ \( [\w \t]*+ \)
      | (?P<end> ends ) [ \t]++ \w++
      | (?: parameters | model ) [ \t] [^`"@$<>;\\\n]*+
      | (?! (?: subckt | ends | model | parameters | include | ahdl_include | if | else | real | library | section ) \b )
        \w++ [ \t]++ \( [\w \t]*+ \) [ \t]++ (?P<call> \w++ ) \b [^`"@$<>;\\\n]*+
      | accurate [ ] options [ \t] [^`"@$<>;\\\n]*+ | point [ ] dc | save [ ] \*:\*
      | include [ ] "(?P<spectre> [\w.]++ )"
      | ahdl_include [ ] "(?P<verilog_a> [\w.]++ )"
      | [ ]* )
    {_END}"""
_NAMES, _NUMBERS = r"\w++ (?: , \s++ \w++ )*+", r"\w++ = [-+.\w]++ (?: , \s++ \w++ = [-+.\w]++ )*+"
_ON = r"\. \w++ \( [-+.\w]++ \)"
_VERILOG = rf"""
    \s++
    | // {_REST}
    | \(\* [ ] blackbox [ ] \*\)
    | module \s++ (?P<cell> \w++ ) (?: \s++ \#\( parameter \s++ real \s++ {_NUMBERS} \) )?+ \s++ \( inout \s++ (?: {_NAMES} )?+ \) ;
    | (?: supply0 | wire ) \s++ {_NAMES} ;
    | (?P<end> endmodule ) \b
    | (?! (?: module | generate | initial | always\w* | final | begin | else | assign | specify ) \b )
      (?P<call> [A-Za-z_] \w*+ ) (?: \s++ \#\( {_ON} (?: , \s++ {_ON} )*+ \) )?+ \s++ [A-Za-z_] \w*+ \s++
      \( (?: {_ON} (?: , \s++ {_ON} )*+ )?+ \) ;"""
_VERILOG_A = r"""
    // (?: [^`$\\\n] | \\ (?! [ ]*+ \n ) )*+
    | "[^"`$\\\n]*+"
    | (?! (?: while | for | repeat | forever | generate | genvar | function ) \b ) [A-Za-z_] \w*+
    | / (?! [/*] ) | [^\w"`$/\\]++ | \d++
    | \$ (?: abstime | temperature ) \b
    | ` include [ ] "disciplines\.vams" (?! \w )"""
_AT4, _AT6 = (rf"(?: [ ] -? [\d.]++ ){{{count}}}" for count in (4, 6))
_SAID = r"""(?! [^"]* (?i:tcl) ) [-\w\s'()*.=,:+]*+"""
_XSCHEM = rf"""
    \n
    | v [ ] \{{ xschem [ ] version=[\d.]++ [ ] file_version=[\d.]++ \}}
    | [GVSE] [ ] \{{\}}
    | G [ ] \{{ type=\w++ \n
      (?: format="(?: @name [ ] @pinlist [ ] @(?: value | symname ) | \*\.\w++ [ ] @lab | \n@value\n )" \n?
        | template="(?: (?: name | value | lab | only_toplevel ) = \w*+ [ ]? )*+" \n? ){{2}} \}}
    | L [ ] 4 {_AT4} [ ] \{{\}}
    | B [ ] 5 {_AT4} [ ] \{{ name=\w++ [ ] dir=\w++ \}}
    | T [ ] \{{ @?\w++ \}} {_AT6} [ ] \{{\}}
    | C [ ] \{{ (?P<xschem> [\w-]++\.sym ) \}} {_AT4} [ ]
      \{{ name=\w++ (?: [ ] lab=\w++ )? (?: [ ] only_toplevel=true )? (?: [ ] value="{_SAID}" )? \}}"""
_TEXT = r"""(?: [^"\\$@\n] | \\ ["\\n] | [$@] (?!\{) )*+"""
_HEADS = """kicad_sch generator uuid paper title_block title lib_symbols pin_names pin_numbers offset in_bom on_board id at effects font
    size justify rectangle start end stroke width type color fill pin length name number lib_id unit polyline pts xy text global_label
    shape no_connect path page reference value footprint sheet sheet_instances symbol_instances
    export design source tool components comp ref fields libsource lib part description nets net code node pinfunction pintype"""
_FIELDS = r"Reference|Value|Footprint|Datasheet|MPN|Manufacturer|Parts|Sim\.(?:Device|Pins|Name|Enable)|Sheet[ ]name"
_WORDS = "yes no hide passive line left right bottom top netlearn dash solid default background"
_KICAD = rf"""
    [ \n]++ | \)
    | \( version [ ] (?: 20211123 | "E" ) (?= \) )
    | \( property [ ] (?:
        "(?: {_FIELDS} )" [ ] "{_TEXT}"
      | "Sim\.Params" [ ] "type=\\"\w++\\" [ ] model=\\"[^"\\$@\n]*+\\" [ ] lib=\\"\\""
      | "Sim\.Library" [ ] "(?P<spice> [\w.]++ )"
      | "Sheet [ ] file" [ ] "(?P<kicad> [\w.]++ )" )
    | \( field [ ] \( name [ ] "(?: MPN | Manufacturer | Parts )" \)
    | \( (?P<part> symbol ) \b
    | \( (?: {"|".join(_HEADS.split())} ) (?= [ \n()] )
    | "{_TEXT}"
    | (?: -? [\d.]++ | [\da-f-]{{36}} | {"|".join(_WORDS.split())} ) (?= [ \n)] )"""

LANGUAGES: Mapping[str, Language] = {
    "spice": Language(_pattern(_SPICE, re.IGNORECASE), r"\n\+"),
    "spectre": Language(_pattern(_SPECTRE), r"\\\n"),
    "verilog": Language(_pattern(_VERILOG)),
    "verilog_a": Language(_pattern(_VERILOG_A)),
    "xschem": Language(_pattern(_XSCHEM)),
    "kicad": Language(_pattern(_KICAD)),
}
"""By the names that groups of patterns have for them."""
