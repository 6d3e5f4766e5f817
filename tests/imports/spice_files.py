"""SPICE files as people write them: what each is about, and its text. `{}` of Python are nowhere in them."""

MODELS = """
.model nch nmos (level=1 vto=0.7 kp=110u gamma=0.4 phi=0.65 lambda=0.04)
.model pch pmos (level=1, vto=-0.8, kp=50u, gamma=0.5, phi=0.65, lambda=0.05)
.model dio d(is=2e-14 n=1.1 rs=3 cjo=2p vj=0.7 m=0.4 tt=5n)
"""
FILES: dict[str, str] = {
    "a divider": """a divider
V1 in 0 5
R1 in out 10k
R2 out 0 4.7kOhm
.op
.end
""",
    "numbers in every way": """numbers
V1 a 0 DC 1.5e0V
R1 a b 1MEG
R2 b 0 +1.0E3k
R3 b c 3mil
R4 c 0 0.002G
R5 c d 1e9m
R6 d 0 .5meg
I1 0 d 2.u
R7 d e 1t
R8 e 0 1e12
.end
""",
    "lines that go on and all kinds of comments": """title line
* a comment
V1 a 0
+ 3 ; volts
* between
+ AC 1
R1 a b $ a comment
+ 1k // and another
// a whole line of it
R2 b 0 2k ; end
.end
R3 this is not read
""",
    "nodes with numbers and odd names": """names
V1 1 0 2
R1 1 2 1k
Rn1 2 n1 1k
R2 n1 net-3 1k
R3 net-3 a<0> 1k
R4 a<0> a_0_ 1k
R5 a_0_ gnd 1k
R6 2 V 1k
R7 V 0 5k
R8 n1 not 1k
R9 not match 2k
R10 match 0 3k
R11 R1 in 3k
R12 in 2 3k
R13 R1 0 3k
.end
""",
    "case means nothing": """case
V1 IN 0 1
r1 In oUt 1K
R2 OUT GND 1k
.PARAM Rx=2K
R3 out 0 {RX}
.END
""",
    "expressions of parameters": """expressions
.param b={a*2} a=1k c='sqrt(b*b)/2 + 1'
.param d = {a*(b + c)/(1k + a) - 3**2} g=2^3^2 h=a*(b+c)/1k
.param f={max(a, b) + min(c, 10) - abs(-5) + exp(0) + ln(10) + log10(1000) + pow(2, 3) + sqr(3)}
V1 x 0 {a/100}
R1 x y {b}
R2 y z {c}
R3 z 0 'd'
R4 z w {g}
R5 w 0 {f*(-1) + 2*f}
R6 w x {2 - (-h)}
.end
""",
    "functions": """functions
.param k={f(2, 3)}
.func f(x,y) {x*y+1}
.func g(x) 'f(x, 2)*2 - x'
.func h() {3k}
V1 a 0 {G(1)}
R1 a b {g(k) * 1k}
R2 b c {h()}
R3 c 0 {f(-2, -3) / (f(1, 1) + 1) * 1k}
.end
""",
    "subcircuits with parameters": """subcircuits
.param top=3k
.subckt divider a b c r1=1k r2={2*r1}
.param both={r1 + r2}
R1 a b {r1}
R2 b c {r2}
R3 a c {both + top}
.ends divider
.subckt two in out params: k=2
X1 in m 0 divider r1={k*1k}
X2 m out 0 divider r2={top*k} r1=500
.ends
V1 in 0 4
X1 in out two k=3
X2 out o2 two
R9 o2 0 10k
.end
""",
    "a parameter that hides another": """hidden
.param r=1k
.subckt inner a
R1 a 0 {2*r}
.ends
.subckt outer a b r=5k
.param s={r/2}
R1 a b {r + s}
.ends
V1 a 0 2
X1 a b outer
X2 b 0 outer r=4k
X3 b inner
R2 b 0 {r}
.end
""",
    "nets that are the same everywhere": """global
.global vdd vss
.include "models.inc"
.subckt inv a q
M1 q a vdd vdd pch w=10u l=1u
M2 q a vss vss nch w=4u l=1u
.ends
.subckt buf a q
X1 a m inv
X2 m q inv
.ends
V1 vdd 0 3
V2 vss 0 -1
V3 in 0 1.05
X1 in out buf
R1 out 0 100k
.end
""",
    "level 1 transistors": """transistors
.include models.inc
V1 vdd 0 5
V2 g 0 1.8
R1 vdd d 10k
M1 d g s 0 nch w=20u l=2u ad=1p as=1p pd=4u ps=4u
R2 s 0 1k
M2 p1 d vdd vdd pch l=2u w=20u m=2
R3 p1 0 5k
M3 p1 d x x pch W=10u L=1u
R4 x vdd 2k
.end
""",
    "diodes": """diodes
.include models.inc
V1 a 0 3
R1 a b 1k
D1 b c dio
D2 c 0 dio 2.5
D3 b 0 dio area=3 m=2
D4 0 b dio off
R2 c 0 10k
.model local D IS=1f N=2
D5 a e local
R3 e 0 2k
.end
""",
    "sources that are controlled": """controlled
V1 a 0 1
R1 a b 1k
E1 c 0 b 0 -3
R2 c d 2k
G1 d 0 a b 1m
R3 d 0 1k
G2 d 0 d 0 2m
Vs b e 0
R4 e 0 3k
F1 f 0 Vs 5
R5 f 0 100
H1 h 0 Vs 1k
R6 h f 1k
H2 i 0 V1 2k
R7 i 0 1k
F2 i 0 V1 0.5
.end
""",
    "currents sensed in subcircuits": """sensed
.subckt mirror in out g=2
Vsense in 0 0
F1 out 0 Vsense {g}
.ends
.subckt drop a b
Vx a m 0.3
H1 b m Vx 50
.ends
V1 vdd 0 5
R1 vdd x 1k
X1 x y mirror g=3
R2 vdd y 100
X2 y z drop
R3 z 0 1k
.end
""",
    "models whose numbers are parameters": """corners
.param shift=0.1 kpn=100u
.model nx nmos(level=1 vto={0.6+shift} kp={kpn})
.subckt cell d g s vt=0.5
.model ny nmos(level=1 vto={vt} kp={kpn*2})
.model nz nmos(level=1 vto=0.4 kp=30u)
M1 d g s 0 ny w=5u l=1u
M2 d g s 0 nz w=5u l=1u
.ends
V1 vdd 0 3
V2 g 0 1.2
R1 vdd a 10k
R2 vdd b 10k
R3 vdd c 10k
X1 a g 0 cell
X2 b g 0 cell vt=0.8
M1 c g 0 0 nx w=8u l=1u
.end
""",
    "resistors and capacitors by model": """by model
.model rp r(rsh=200 tc1=1m)
.model cp c(cj=1m cjsw=0.1n)
V1 a 0 1
R1 a b rp w=2u l=50u
R2 b 0 5k tc1=2m
R3 b c 1k m=2
C1 b 0 cp w=10u l=10u
L1 c d 1m
R4 d 0 rp l=10u w=1u m=1
.end
""",
    "functions of time begin as they do": """over time
V1 a 0 pulse(0.5 5 1u 1n 1n 5u 10u)
V2 b 0 sin(1 2 1k)
I1 0 c pwl(0 1m 1m 2m)
V3 d 0 DC 2 AC 1 0
R1 a e 1k
R2 b e 1k
R3 c e 1k
R4 d e 1k
R5 e 0 1k
R6 c 0 1k
.tran 1u 10u
.end
""",
    "sections of a library": """library
.lib 'corners.lib' ss
V1 a 0 2
R1 a b {rx}
R2 b 0 1k
.end
""",
    "copies by a parameter": """copies
.param n=3
.subckt leg a m=2
R1 a 0 {4k/m}
.ends
V1 a 0 1
R1 a b 1k m={n}
R2 b 0 2k m='n+1'
X1 b leg m=4
X2 b leg
I1 0 b 1m
.end
""",
    "an amplifier of three levels": """amplifier
.include "models.inc"
.param vdd=5 wn=10u
.subckt pair p n a b t w={wn}
M1 a p t 0 nch w={w} l=2u
M2 b n t 0 nch w={w} l=2u
.ends
.subckt ota p n out vdd bias
X1 p n a out t pair w={wn*2}
M3 a a vdd vdd pch w=20u l=2u
M4 out a vdd vdd pch w=20u l=2u
M5 t bias 0 0 nch w=20u l=2u
.ends ota
V1 vdd 0 {vdd}
R1 vdd bias 100k
M6 bias bias 0 0 nch w=20u l=2u
V2 in 0 2.5
X1 in out out vdd bias ota
R2 out 0 1meg
.end
""",
}
BESIDE = {
    "models.inc": MODELS,
    "corners.lib": "* corners\n.lib tt\n.param rx=1k\n.endl tt\n.lib ss\n.param rx=2k\n.endl\n",
}
"""Files that they include, by name."""
