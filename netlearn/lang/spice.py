"""Lines of SPICE, recognised so that a message can say how they are written here."""

from __future__ import annotations

import re
from collections.abc import Callable

from netlearn.spice import split_number

_FOUR = r"(?P<n>\w*)\s+(?P<nodes>\w+\s+\w+\s+\w+\s+\w+)\s+"
_TWO = re.compile(r"(?P<k>[RrCcLlVvIi])(?P<n>\w*)\s+(?P<a>\w+)\s+(?P<b>\w+)\s+(?:[Dd][Cc]\s+)?(?P<v>[-\d.]\S*)(\s.*)?")
_DIODE = re.compile(r"(?P<k>[Dd])(?P<n>\w*)\s+(?P<a>\w+)\s+(?P<b>\w+)\s+(?P<m>[A-Za-z]\w*)")
_MOS = re.compile(rf"(?P<k>[Mm]){_FOUR}(?P<m>[A-Za-z]\w*)(?P<p>(?:\s+\w+\s*=\s*\S+)*)")
_CONTROLLED = re.compile(rf"(?P<k>[EeGg]){_FOUR}(?P<v>[-\d.]\S*)")
_INSTANCE = re.compile(r"(?P<k>[Xx])(?P<n>\w*)\s+(?P<nodes>\w+(?:\s+\w+)*)\s+(?P<m>[A-Za-z]\w*)")
_CARD = re.compile(r"\.(?P<card>[A-Za-z]\w*)\s*(?P<rest>.*)")
_KINDS = {"E": "VCVS", "G": "VCCS", "M": "NMOS"}


def as_netlearn(line: str) -> str:
    """How a line of SPICE is written here (`write R r1(a, b) = 10k`); nothing for any other line."""
    bare = re.split(r"[#;$]", line.strip())[0].strip()
    for pattern, form in _FORMS:
        if found := pattern.fullmatch(bare):
            return form(found)
    return ""


def _name(m: re.Match[str]) -> str:
    return (m["k"] + m["n"]).lower()


def _nodes(text: str) -> str:
    return ", ".join("gnd" if node == "0" else node for node in text.split())


def _value(text: str) -> str:
    """A number of SPICE, whose prefixes know no case, with the prefixes of here."""
    found = split_number(text)
    if found is None or found[1] == "mil":
        return text
    digits, prefix, rest = found
    unit = re.match(r"(V|A|F|H|s|Hz)?", rest)
    return digits + {"meg": "M", "g": "G", "t": "T"}.get(prefix, prefix) + (unit[0] if unit else "")


def _two(m: re.Match[str]) -> str:
    return f"write {m['k'].upper()} {_name(m)}({_nodes(m['a'] + ' ' + m['b'])}) = {_value(m['v'])}"


def _diode(m: re.Match[str]) -> str:
    return f"write D {_name(m)}({_nodes(m['a'] + ' ' + m['b'])}) {{ model = {m['m']} }}"


def _mos(m: re.Match[str]) -> str:
    kind = "PMOS" if m["m"].lower().startswith("p") else "NMOS"
    params = [f"model = {m['m']}"]
    params += [f"{k.lower()} = {_value(v)}" for k, v in re.findall(r"(\w+)\s*=\s*(\S+)", m["p"])]
    return f"write {kind} {_name(m)}({_nodes(m['nodes'])}) {{ {', '.join(params)} }}"


def _controlled(m: re.Match[str]) -> str:
    return f"write {_KINDS[m['k'].upper()]} {_name(m)}({_nodes(m['nodes'])}) = {_value(m['v'])}"


def _instance(m: re.Match[str]) -> str:
    return f"write the module's name first: {m['m']} {_name(m)}({_nodes(m['nodes'])})"


def _card(m: re.Match[str]) -> str:
    words = m["rest"].split()
    match m["card"].lower():
        case "model" if len(words) > 1:
            kind = re.split(r"[(\s]", words[1])[0].upper()
            params = ", ".join(f"{k.lower()} = {_value(v)}" for k, v in re.findall(r"(\w+)\s*=\s*([^\s)]+)", m["rest"]))
            return f"write model {words[0]} = {kind} {{ {params or '...'} }}"
        case "subckt" if words:
            return f"write module {words[0]}({_nodes(' '.join(words[1:]))}) {{ ... }}"
        case "param" if found := re.match(r"(\w+)\s*=\s*(\S+)", m["rest"]):
            return f"write let {found[1]} = {_value(found[2])}"
        case "include" | "inc" | "lib" if words:
            return f'write import "{words[0].strip(chr(34) + chr(39))}"'
        case "ends":
            return "remove it: a module ends with }"
        case "end" | "endc":
            return "remove it: nothing is needed at the end"
        case "control":
            return "remove it: nothing in a netlist runs a program, the netlearn command does"
        case "tran" | "dc" | "ac" | "op" | "noise":
            return "remove it: analyses are asked for with the netlearn command"
        case "ic":
            return "write it where the capacitor stands: C c1(a, gnd) = 1nF, ic = 1V"
    return "remove it: circuits, tasks and models have statements of their own here"


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (_CARD, _card),
    (_TWO, _two),
    (_DIODE, _diode),
    (_MOS, _mos),
    (_CONTROLLED, _controlled),
    (_INSTANCE, _instance),
)
