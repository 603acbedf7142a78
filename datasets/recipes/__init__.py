"""How the shipped instances are made: one function each, so that all can be made again."""

from __future__ import annotations

from .adversarial import ADVERSARIAL
from .halls import HALLS
from .recipe import Recipe
from .scenarios import SCENARIOS

RECIPES: tuple[Recipe, ...] = (*HALLS, *SCENARIOS, *ADVERSARIAL)

__all__ = ["RECIPES", "Recipe"]
