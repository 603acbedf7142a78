"""Branch and price over the largest aggregated blocks, for instances too large for one model.

Every *aggregate* (an aligned block of the largest enabled level) follows one *pattern*: how many
units of each kind it hosts. A linear program chooses patterns and jobs (`master`), a dynamic
program over the binary tree of blocks inside an aggregate finds the best pattern for given prices
(`pricing`, `pairs`); together they give the bound of Dantzig and Wolfe (`bound`), which sees that
a region is shared by its units; branching on jobs lowers it (`branch`), and so does the choice of
jobs beyond all levels as wholes (`beyond`), a branch and price over places of their units
(`places`, `unit_master`) under cuts that say what others miss (`cuts`). The plan puts jobs down
from the largest to the smallest (`plan`): those beyond all levels, those of several base blocks
(`anchors`, `place`), and those that fit base blocks, where whole patterns say (`match`, `follow`,
`fill`) or with patterns of single blocks (`complete`, `whole`); others start given sets of jobs
(`attempt`). For start vectors, prices refute what cannot start (`refute`, `witness`), and one plan
shows the rest (`priority`). Usable capacity is what sold idle nodes earn (`idle`, `idle_rows`,
`sell`) beside a proven first term (`spare`), with the best places for jobs beyond all levels
(`spare_places`).
`simplex` solves the linear programs; `lagrange` says what their prices tell.

Source: G. B. Dantzig, P. Wolfe, Decomposition Principle for Linear Programs, Operations Research 8
(1960); J. F. Benders, Partitioning procedures for solving mixed-variables programming problems,
Numerische Mathematik 4 (1962); smoothing of the prices after P. Wentges (1997); inequalities
between prices after J. M. Valerio de Carvalho, Using Extra Dual Cuts to Accelerate Column
Generation (2005).
"""
