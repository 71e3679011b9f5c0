"""A decider without a model: understands a wish, gathers evidence, ranks it, answers or asks.

`understanding` reads the wish by tables of words, `gathering` reads the site within the budget, `ranking`
compares texts, `answers` holds one module for each kind of wish, `decider` puts them together. A page never
becomes anything but evidence: no function here reads a wish from it.
"""

from tasks.executing.rules.decider import RulesExecutor

__all__ = ["RulesExecutor"]
