"""netlearn export and netlearn verify as a person and as a program use them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from in_process import netlearn

ROOT = Path(__file__).parents[2]
DIVIDER = ROOT / "netlists" / "divider.nl"
CHIPS = ROOT / "netlists" / "factory" / "regression.nl"


def sums(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()
    }


def test_a_folder_has_the_files_that_its_readme_and_sums_name(tmp_path: Path) -> None:
    out, _ = netlearn("export", DIVIDER, "--to", "ngspice,spectre", "--out", tmp_path / "x", "--json")
    found = json.loads(out)
    assert found["files"] == sorted(sums(tmp_path / "x"))
    assert {"README.md", "SHA256SUMS", "design.json", "names.json", "ngspice/dut.cir", "spectre/tb.scs"} < {
        *found["files"]
    }
    listed = dict(line.split("  ")[::-1] for line in (tmp_path / "x" / "SHA256SUMS").read_text().splitlines())
    assert listed == {path: digest for path, digest in sums(tmp_path / "x").items() if path != "SHA256SUMS"}
    assert "netlearn export divider.nl --to ngspice,spectre --out FOLDER" in (tmp_path / "x" / "README.md").read_text()


def test_the_same_command_writes_the_same_bytes_wherever_it_writes_them(tmp_path: Path) -> None:
    for name in ("x", "y"):
        netlearn("export", CHIPS, "--to", "ngspice,xyce,hspice,ltspice", "--draw", 5, "--out", tmp_path / name)
    assert sums(tmp_path / "x") == sums(tmp_path / "y")


def test_another_chip_changes_its_numbers_and_no_block(tmp_path: Path) -> None:
    for k in (5, 6):
        netlearn("export", CHIPS, "--to", "ngspice", "--draw", k, "--out", tmp_path / str(k))
    one, other = (tmp_path / k / "ngspice" for k in ("5", "6"))
    assert (one / "dut.cir").read_text().split("\n")[1:] == (other / "dut.cir").read_text().split("\n")[1:]
    assert (one / "draw_0005.cir").read_text() != (other / "draw_0006.cir").read_text()


def test_a_run_leaves_as_it_was_trained(tmp_path: Path) -> None:
    netlearn("train", DIVIDER, "--out", tmp_path / "run", "--json")
    learned = json.loads(netlearn("solve", tmp_path / "run", "--json")[0])
    netlearn("export", tmp_path / "run", "--to", "ngspice", "--out", tmp_path / "x")
    design = json.loads((tmp_path / "x" / "design.json").read_text())
    assert design["voltages"] == pytest.approx({"gnd": 0.0, **learned["nodes"]})
    assert design["title"] == "Divider, as it was trained"
    assert design["numbers"]["r1_r"] == pytest.approx(23333.3, rel=1e-3)


def test_a_folder_is_made_again_in_its_place_but_no_other_folder_is_touched(tmp_path: Path) -> None:
    netlearn("export", DIVIDER, "--to", "ngspice,spectre", "--out", tmp_path / "x")
    netlearn("export", DIVIDER, "--to", "ngspice", "--out", tmp_path / "x")
    assert not (tmp_path / "x" / "spectre").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("done")
    _, err = netlearn("export", DIVIDER, "--to", "ngspice", "--out", tmp_path / "mine", code=2)
    assert "is not empty, and was not exported by netlearn" in err
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["thesis.tex"]


MISTAKES = {
    "there is no format 'spize'": ("--to", "spize"),
    "input 'z'": ("--to", "ngspice", "--input", "z=1V"),
    "nothing spreads": ("--to", "ngspice", "--draw", "0"),
    "there is no circuit 'Other'": ("--to", "ngspice", "--circuit", "Other"),
}


@pytest.mark.parametrize("said", [s for s in MISTAKES if s != "nothing spreads"])
def test_a_mistake_is_told_with_what_to_type(said: str, tmp_path: Path) -> None:
    _, err = netlearn("export", DIVIDER, *MISTAKES[said], "--out", tmp_path / "x", code=2)
    assert said.split("'")[0] in err or "there is no such input" in err
    assert "= help:" in err
    assert not (tmp_path / "x").exists()


def test_a_circuit_of_which_nothing_spreads_has_no_chips(tmp_path: Path) -> None:
    (tmp_path / "plain.nl").write_text("circuit Plain {\n  net a\n  R r(a, gnd) = 1k\n  input x = V(a)\n}\n")
    _, err = netlearn(
        "export",
        tmp_path / "plain.nl",
        "--to",
        "ngspice",
        "--draw",
        0,
        "--input",
        "x=1V",
        "--out",
        tmp_path / "x",
        code=2,
    )
    assert "nothing spreads in Plain" in err


def test_verify_says_with_json_what_was_compared(tmp_path: Path) -> None:
    netlearn("export", DIVIDER, "--to", "ngspice", "--out", tmp_path / "x")
    found = json.loads(netlearn("verify", tmp_path / "x", "--json")[0])
    assert found["folder"] == str(tmp_path / "x")
    assert {row["verdict"] for row in found["checks"]} <= {"passed", "failed", "not checked"}
    assert ("ngspice", "ngspice", "passed") in {(r["tool"], r["format"], r["verdict"]) for r in found["checks"]}
    assert list(found["checks"][0]) == ["tool", "format", "quantity", "ours", "theirs", "difference", "verdict"]


def test_verify_fails_where_a_value_is_off_by_a_tenth(tmp_path: Path) -> None:
    netlearn("export", DIVIDER, "--to", "ngspice", "--out", tmp_path / "x")
    file = tmp_path / "x" / "ngspice" / "dut.cir"
    file.write_text(file.read_text().replace("10000.0", "11000.0"))
    found = json.loads(netlearn("verify", tmp_path / "x", "--json", code=1)[0])
    failed = {row["tool"]: row for row in found["checks"] if row["verdict"] == "failed"}
    assert failed["sha256"]["theirs"] == "ngspice/dut.cir changed"
    assert failed["ngspice"]["difference"] == pytest.approx(0.0476, abs=1e-3)


@pytest.mark.parametrize(
    "line",
    [
        ".control\nshell touch PLACE\n.endc",
        ".include /etc/passwd",
        ".include ../../secret.cir",
        ".include `touch PLACE`",
        "* innocent\n.lib 'https://example.org/x' tt",
        ".csparam x={1}",
        "pre_osdi x.osdi",
        "*# echo hello",
        ".include\n+ /etc/passwd",
    ],
)
def test_a_folder_that_would_run_something_is_not_given_to_any_tool(line: str, tmp_path: Path) -> None:
    netlearn("export", DIVIDER, "--to", "ngspice", "--out", tmp_path / "x")
    file, mark = tmp_path / "x" / "ngspice" / "tb.cir", tmp_path / "mark"
    file.write_text(file.read_text().replace(".end", line.replace("PLACE", str(mark)) + "\n.end"))
    found = json.loads(netlearn("verify", tmp_path / "x", "--json", code=1)[0])
    rows = [row for row in found["checks"] if row["format"] == "ngspice"]
    assert [row["quantity"] for row in rows] == ["what an export has"]
    assert not mark.exists()


def test_what_was_not_exported_is_not_verified(tmp_path: Path) -> None:
    _, err = netlearn("verify", tmp_path, code=2)
    assert "is not an exported folder" in err
    netlearn("export", DIVIDER, "--to", "ngspice", "--out", tmp_path / "x")
    (tmp_path / "x" / "design.json").write_text("[]")
    _, err = netlearn("verify", tmp_path / "x", code=2)
    assert "design.json is damaged" in err
    (tmp_path / "x" / "SHA256SUMS").write_text("0  ../../outside\n")
    _, err = netlearn("verify", tmp_path / "x", code=2)
    assert "was not written by netlearn" in err


def test_a_tool_that_is_not_here_has_not_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from netlearn.verify import order
    from netlearn.verify.tools import VERIFIERS

    netlearn("export", DIVIDER, "--to", "ngspice", "--out", tmp_path / "x")
    monkeypatch.setattr(order, "VERIFIERS", {"ngspice": replace(VERIFIERS["ngspice"], version=lambda: None)})
    found = json.loads(netlearn("verify", tmp_path / "x", "--json")[0])
    assert [(r["verdict"], r["theirs"]) for r in found["checks"] if r["tool"] == "ngspice"] == [
        ("not checked", "not here: apt-get install ngspice")
    ]


FIVE = """netlearn 0.1
module Half(a, g) { NMOS mn(a, g, gnd, gnd) { vto = 0.7V, kp = 100uA/V^2, w = 10um, l = 1um } }
circuit Five {
  net vdd, out, x
  V supply(vdd, gnd) = 5V
  Half h(out, vdd)
  Half k(x, out)
  R r(vdd, out) = 10k
  R s(out, x) = 1k
}
"""


@pytest.mark.parametrize(
    ("volts", "pdk", "told"),
    [
        (
            "5V",
            "sky130",
            "xh.mn: 5 V between g and s at this operating point, and as sky130.nfet_01v8 it is made for 1.8 V",
        ),
        ("5V", "gf180mcu", "xh.mn: 5 V between g and s"),
        ("1.9V", "sky130", ""),
        ("5V", "", ""),
    ],
)
def test_a_transistor_with_more_volts_than_the_process_has_is_told(
    volts: str, pdk: str, told: str, tmp_path: Path
) -> None:
    (tmp_path / "five.nl").write_text(FIVE.replace("5V", volts))
    process = ["--pdk", pdk] if pdk else []
    found = netlearn("export", tmp_path / "five.nl", "--to", "cdl,ngspice", *process, "--out", tmp_path / "x", "--json")
    warnings = json.loads(found[0])["warnings"]
    assert [told in warning for warning in warnings] == ([True] if told else [])
    readme = (tmp_path / "x" / "README.md").read_text()
    assert ("Warning: xh.mn" in readme) == bool(told)
    assert ("is for cdl and gds alone" in readme) == bool(pdk)
    assert "level=1" in (tmp_path / "x" / "ngspice" / "models.cir").read_text()


@pytest.mark.parametrize(
    ("to", "draw", "told"),
    [
        ("ngspice,bom,gds", ("--draw", 5), "bom, gds: with the numbers of draw_0005, one copy as it came out"),
        ("ngspice", ("--draw", 5), ""),
        ("ngspice,bom,gds", (), ""),
    ],
)
def test_masks_and_boards_of_one_manufactured_copy_are_warned_of(
    to: str, draw: tuple[object, ...], told: str, tmp_path: Path
) -> None:
    found = netlearn("export", CHIPS, "--to", to, *draw, "--out", tmp_path / "x", "--json")
    warnings = json.loads(found[0])["warnings"]
    assert [told in warning for warning in warnings] == ([True] if told else [])
