"""An element on its way from SPICE to ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from netlearn.imports.cards import Card, Word
from netlearn.imports.deck import Model
from netlearn.imports.expressions import Expression
from netlearn.imports.waves import Wave

Value = Expression | Wave


@dataclass(frozen=True)
class Part:
    """An element as it will be here: `kind` a device, or a subcircuit in small letters (`inside`); nets as they are written.

    model: a `.model` (of `models.find`) that its parameters come from, or the name of a model card. count: of copies side by
    side. senses: the voltage source whose current it takes. said: what its comment says."""

    card: Card
    kind: str
    nodes: tuple[str, ...]
    value: Value | None = None
    props: Mapping[str, Expression] = field(default_factory=dict)
    model: Model | str = ""
    count: Expression | None = None
    inside: bool = False
    senses: Word | None = None
    said: str = ""

    @property
    def name(self) -> str:
        return self.card.words[0].text

    @property
    def expressions(self) -> list[Expression]:
        """All that it names parameters in."""
        found = [*self.props.values(), *([self.count] if self.count else [])]
        if isinstance(self.value, Wave):
            found += [e for e, _ in (*self.value.arguments, *self.value.options.values())]
        elif self.value is not None:
            found.append(self.value)
        return found
