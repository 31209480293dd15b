"""Progress of the sample: bars on a terminal, lines elsewhere."""

import io

from loader import sample


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_where_there_is_no_terminal_each_table_and_each_tenth_of_a_stage_is_a_line():
    out = io.StringIO()

    with sample.shown_on(out) as progress:
        for number in range(1, 112):
            progress.reached("communes", number, 111)
        for number in range(1, 4):
            progress.reached("indexes", number, 3)
        progress.filled("dc.thua_dat", 20_000)

    lines = out.getvalue().splitlines()
    assert lines[0] == "communes: 12 of 111"
    assert len([line for line in lines if line.startswith("communes")]) == 10
    assert lines[-4:] == ["indexes: 1 of 3", "indexes: 2 of 3", "indexes: 3 of 3", "dc.thua_dat: 20000 rows"]


def test_on_a_terminal_a_bar_for_each_stage_shows_itself_and_goes():
    out = Terminal()

    with sample.shown_on(out) as progress:
        progress.reached("communes", 111, 111)
        progress.reached("indexes", 1, 3)
        progress.filled("dc.thua_dat", 20_000)

    assert "communes" in out.getvalue()
    assert "indexes" in out.getvalue()
    assert "dc.thua_dat" not in out.getvalue()


def test_building_tells_how_far_it_is(empty_db: str):
    out = io.StringIO()

    with sample.shown_on(out) as progress:
        summary = sample.build(empty_db, parcels=200, seed=1, progress=progress)

    lines = out.getvalue().splitlines()
    assert "communes: 111 of 111" in lines
    assert [line for line in lines if line.startswith("indexes: ")]
    assert [line for line in lines if line.endswith(" rows")] == [
        f"{table}: {rows} rows" for table, rows in sorted(summary.rows.items())
    ]
