"""All rows of one commune."""

from loader.sample.borders import add_borders
from loader.sample.cadastre import add_cadastre
from loader.sample.dossiers import add_changes_and_dossiers
from loader.sample.model import Head, Rows, Task
from loader.sample.parcels import lay_out
from loader.sample.planning import add_planning
from loader.sample.prices import add_prices
from loader.sample.statistics import add_plots


def fill(task: Task, head: Head) -> Rows:
    """Return the rows of a commune; depends on nothing but the arguments."""
    rows = Rows()
    ground = lay_out(task)
    add_cadastre(task, ground, rows)
    add_changes_and_dossiers(task, ground, rows)
    add_borders(task, ground, rows)
    add_plots(task, ground, rows)
    add_planning(task, ground, head, rows)
    add_prices(task, ground, head, rows)
    return rows
