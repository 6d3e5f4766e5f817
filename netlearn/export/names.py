"""Names that every format can have: lower case, [a-z0-9_], no word that means something there, each to one thing only.

`n[0][1].free` becomes `n_0_1_free`; two underscores are in no name, so that they can join names. What two things would share
goes to the first; the next is called `..._2`. A folder's names.json says which is which.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

from netlearn.devices import Device

Key = TypeVar("Key", bound=Hashable)

_WORDS = """
above abs absdelay abstol ac_stim access acos acosh agauss ahdl_include aliasparam all always analog analysis and
arctan asin asinh assert assign atan atan2 atanh aunif automatic begin branch buf bufif0 bufif1 case casex casez ceil
cell cmos config connect connectmodule connectrules constraints continuous cos cosh cross current ddt ddt_nature ddx
deassign default defined defparam delay design disable discipline discrete domain driver_update dtemp dut e edge
electrical else end endcase endconfig endconnectrules enddiscipline endfunction endgenerate endmodule endnature
endparamset endprimitive ends endsection endspecify endtable endtask event exclude exp export fabs false final_step
flicker_noise floor flow for force forever fork freq frequency from function gauss generate genvar global gmin gnd
ground hertz highz0 highz1 hypot i idt idt_nature idtmod if ifnone incdir include inf initial initial_step inline
inout input instance int integer inv join k lang laplace_nd laplace_np laplace_zd laplace_zp large last_crossing
liblist library limexp limit ln localparam log log10 m macromodule max medium merged min model models module mult nand
nature negedge net_resolution nint nmos noise_table nor noshowcancelled not notif0 notif1 omega option options or
output par param parameter parameters params paramset pi pmos posedge potential pow primitive print pull0 pull1
pulldown pullup pulsestyle_ondetect pulsestyle_onevent pwr pwrs q rand random rcmos real realtime reg release repeat
resolveto rnmos rpmos rtran rtranif0 rtranif1 save scalared sdt section sgn showcancelled sign signed simulator sin
sinh slew small specify specparam spline split sqrt statistics stp string strong0 strong1 subckt supply0 supply1 sweep
table tan tanh task tb temp temper temperature time timer title tnom tran tranif0 tranif1 transition tri tri0 tri1
triand trior trireg trise true u unif units unsigned uramp use uwire v var vectored voltage vt wait wand weak0 weak1
while white_noise wire wor wreal x xnor xor zi_nd zi_np zi_zd zi_zp
"""
RESERVED = frozenset(_WORDS.split())
"""Words of Verilog-AMS 2.4 and its disciplines, and what some simulator calls its own: ground, functions, constants, statements,
parameters of every instance. In lower case, and kept from in any."""


MASTERS = frozenset(
    [
        "bsource",
        "capacitor",
        "cccs",
        "ccvs",
        "diode",
        "inductor",
        "iprobe",
        "isource",
        "mos1",
        "r",
        "resistor",
        "vccs",
        "vcvs",
        "vsource",
    ]
)
"""What Spectre and those like it call their elements: no cell's name."""
LONGEST = 60
"""Letters of a name of a single thing: some tools take two long names that begin alike for one."""


def legal(text: str) -> str:
    """The text in the letters that every format has; a word that means something gets an underscore."""
    name = re.sub(r"[^a-z0-9]+", "_", text.lower())[:LONGEST].strip("_") or "n"
    name = name if name[0].isalpha() else f"n{name}"
    return f"{name}_" if name in RESERVED else name


def model_name(device: Device) -> str:
    """What the model is called that a device leaves as, where no simulator has one of its own."""
    return f"nl_{legal(device.name).rstrip('_')}"


def named(keys: Iterable[Key], form: Callable[[Key], str], others: Iterable[str] = ()) -> dict[Key, str]:
    """A name for each key, by `form`, no two alike and none of the `others`."""
    found: dict[Key, str] = {}
    taken = set(others)
    counts: dict[str, int] = {}  # of each base the last number that was tried: none below it is free again
    for key in dict.fromkeys(keys):
        name = base = form(key)
        while name in taken:
            counts[base] = counts.get(base, 1) + 1
            name = f"{base.rstrip('_')}_{counts[base]}"
        taken.add(name)
        found[key] = name
    return found
