"""The sample rosters: ``python -m samples.rosters`` writes the same files each time it is run.

One file for each reporting unit, in ``samples/rosters``; beside it ``expected.csv`` (what must become of every row),
``expected_counts.csv`` (indicator 12.1 for 2023, counted here from the people themselves) and ``README.md``.
"""

import datetime as dt
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from contract import regions
from samples import expected, marks, people, sheets
from samples.expected import YEAR
from samples.files import FILES, File, Made, body_of, headers

HERE = Path(__file__).parent
EMPTY_COUNTY = "130723"  # 康保县 has nobody: a region with nought must be shown too


class Maker:
    """Makes all files from one seed: people and serial numbers go on from file to file."""

    def __init__(self, seed: int = 20230101) -> None:
        self.rng = random.Random(seed)
        self.people = 0
        self.serials: Counter[str] = Counter()
        self.rows: dict[str, list[Made]] = {}

    def make(self) -> dict[str, list[Made]]:
        for file in FILES:
            self.rows[file.unit] = self._ordinary(file)
        for file in FILES:
            self._faults(file)
            self._again(file)
            self._to_review(file)
        for story in marks.STORIES:
            self._story(story)
        self._oddities()
        return self.rows

    def _ordinary(self, file: File) -> list[Made]:
        made = []
        for county in regions.counties(file.unit):
            for _ in range(0 if county.code == EMPTY_COUNTY else 24 if county.level == "unit" else self._some()):
                made.append(self._row(file, self._body(file.unit, county.code, self._day(), self._level())))
        self.rng.shuffle(made)
        return made

    def _some(self) -> int:
        return self.rng.randint(6, 10)

    def _day(self) -> dt.date:
        year = self.rng.choices((2022, 2023, 2024), (6, 90, 4))[0]
        return dt.date(year, 1, 1) + dt.timedelta(days=self.rng.randrange(75 if year == 2024 else 365))

    def _county(self, unit: str) -> str:
        return self.rng.choice([region.code for region in regions.counties(unit) if region.code != EMPTY_COUNTY])

    def _level(self) -> str:
        return self.rng.choices("54321", (60, 22, 12, 4, 2))[0]

    def _body(
        self, unit: str, county: str, day: dt.date, level: str, person: people.Person | None = None
    ) -> dict[str, Any]:
        issuer = body_of(unit)
        self.serials[unit] += 1
        number = people.certificate_number(
            issued_on=day,
            level=level,
            serial=self.serials[unit],
            kind=issuer.kind,
            body=issuer.code,
            site=issuer.site,
        )
        return people.certificate(
            person or self._person(), number=number, level=level, issued_on=day, region=county, assessor=issuer.name
        )

    def _person(self) -> people.Person:
        self.people += 1
        if self.people % 211 == 0:
            return people.passport_holder(self.people)
        if self.people % 151 == 0:
            return people.permit_holder(self.people)
        return people.resident(self.people)

    def _row(self, file: File, body: dict[str, Any]) -> Made:
        if self.people % 97 == 0:
            body["holder_name"] = people.RARE_NAMES[self.people // 97 % len(people.RARE_NAMES)]
        if "联系电话" not in file.without and self.rng.random() < 0.7:
            body["phone"] = people.phone(self.people)
        if "备注" not in file.without and self.rng.random() < 0.1:
            body["remarks"] = self.rng.choice(("补贴性培训", "企业职工", "农村转移就业劳动者", "退役军人家属"))
        return Made(body, sheets.casual(body, rng=self.rng, spreadsheet=not file.encoding))

    def _plain(self, unit: str) -> Made:
        """A further sound row of 2023, plainly written, for a resident."""
        county = self._county(unit)
        self.people += 1
        day = dt.date(YEAR, 1, 9) + dt.timedelta(days=self.rng.randrange(340))
        body = self._body(unit, county, day, "5", people.resident(self.people))
        return Made(body, sheets.plain(body))

    def _insert(self, unit: str, made: Made, *, after: int = 0) -> None:
        rows = self.rows[unit]
        rows.insert(self.rng.randint(after, len(rows)), made)

    def _faults(self, file: File) -> None:
        for fault in marks.FAULTS:
            if fault.unit == file.unit:
                made = self._plain(file.unit)
                fault.spoil(made.cells)
                made.outcome, made.field, made.code, made.note = "rejected", fault.field, fault.code, fault.note
                self._insert(file.unit, made)

    def _again(self, file: File) -> None:
        rows = self.rows[file.unit]
        for again in marks.AGAIN:
            if again.unit == file.unit:
                first = self._plain(file.unit)
                first.note = f"其后又报一次（{again.outcome}）"
                self._insert(file.unit, first)
                second = Made(dict(first.body), dict(first.cells), again.outcome, note=again.note)
                again.rewrite(second.cells)
                self._insert(file.unit, second, after=rows.index(first) + 1)

    def _to_review(self, file: File) -> None:
        for unit, day, level, number in marks.TO_REVIEW:
            if unit == file.unit:
                made = self._plain(unit)
                made.body |= {"issued_on": day, "level": level, "certificate_number": number}
                made.cells = sheets.plain(made.body)
                made.counts, made.note = False, "旧编号或特级技师编号：建立，状态为待复核（needs_review），复核前不计数"
                self._insert(unit, made)

    def _story(self, story: marks.Story) -> None:
        self.people += 1
        person = people.resident(self.people)
        for unit, day, level in (story.first, story.second):
            body = self._body(unit, self._county(unit), dt.date.fromisoformat(day), level, person)
            cells = sheets.plain(body)
            if story.full_width and (unit, day, level) == story.second:
                cells["证件号码"] = marks.full_width(person.document_number)
            self._insert(unit, Made(body, cells, note=story.note))

    def _oddities(self) -> None:
        for unit in ("130400", "130800"):
            self.rows[unit].insert(40, Made())
        lines = self._plain("131000")
        lines.body["remarks"] = lines.cells["备注"] = "第一行\n第二行"
        lines.note = "备注里有换行：仍是一行"
        self.rows["131000"].insert(20, lines)
        spoiled = self._plain("131100")
        spoiled.cells["证件号码"] = str(spoiled.cells["证件号码"])[:-1]
        mended = Made(dict(spoiled.body), sheets.plain(spoiled.body), note="前面少一位的那行改正后再报：建立")
        spoiled.outcome, spoiled.field, spoiled.code = "rejected", "document_number", "document_number_invalid"
        spoiled.note = "少一位，后面有改正后的一行"
        self.rows["131100"].insert(30, spoiled)
        self._insert("131100", mended, after=31)


def write(folder: Path = HERE) -> dict[str, list[Made]]:
    """Write everything below ``folder``; the rows made, by unit."""
    made = Maker().make()
    (folder / "rosters").mkdir(exist_ok=True)
    for file in FILES:
        path, cells = folder / "rosters" / file.name, [row.cells for row in made[file.unit]]
        if file.encoding:
            sheets.write_csv(path, headers(file), cells, encoding=file.encoding, newline=file.newline)
        else:
            sheets.write_xlsx(path, headers(file), cells)
    expected.write_rows(folder / "expected.csv", made)
    expected.write_counts(folder / "expected_counts.csv", made)
    (folder / "README.md").write_text(expected.readme(made), encoding="utf-8")
    return made


if __name__ == "__main__":
    rows = write()
    sys.stdout.write(f"{sum(len(of) for of in rows.values())} rows in {len(rows)} files\n")
