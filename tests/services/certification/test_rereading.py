"""What 0.2 recorded is read again and stays what it was: no certificate becomes another's, none counts otherwise."""

import os
import signal
import subprocess
import sys

import pytest
from bson.binary import Binary

from audit import records, sealed
from audit.books import Books
from contract import certification as public
from runtime.vault import Vault
from services.certification import rereading
from tests.builders import a_certificate
from tests.services.certification.actors import CENTRE

# As it was typed; what 0.2 masked it to; as it is read now.
TYPED = [
    ("王 芳", "王*芳", "王芳", "王*"),
    ("李\u200b梅", "李*梅", "李梅", "李*"),
    ("阿依古丽•买买提", "阿*古丽•买买提", "阿依古丽·买买提", "阿*古丽·买买提"),
    ("A·B", "A*B", "A·B", "A·*"),
    ("张\uf9b5", "张*", "张例", "张*"),
]
COUNT = 40


@pytest.fixture
def of_02(service, certificates, settings):
    """Certificates as 0.2 wrote them, with their imprints in the log."""
    vault = Vault(settings, certificates.store)
    for number in range(COUNT):
        service.issue_certificate(a_certificate(number), CENTRE)
    for number, row in enumerate(certificates.store["certificates"].find().sort("_id", 1)):
        name, masked, _, _ = TYPED[number % len(TYPED)]
        person = vault.open(row["sealed"]) | {"name": name}
        kind = row["holder"]["document_type"]
        old = {
            "sealed": vault.seal(person),
            "holder": row["holder"] | {"name": masked},
            "holder_key": vault.hash("holder", kind, person["document_number"], name),
            "work_type": "——",
            "assessor": "某某（石家庄）评价 中心",
        }

        def write(session, row=row, old=old):
            certificates.store["certificates"].update_one({"_id": row["_id"]}, {"$set": old}, session=session)
            written = {name: value for name, value in (row | old).items() if name not in ("sealed", "commands")}
            certificates.outbox.note(session, "certificates", written)

        certificates.transact(write)
    return certificates


def said(certificates):
    rows = certificates.store["outbox"].find({}, {"event.type": 1, "event.data": 1})
    return [row["event"]["data"] for row in rows if "record" not in row["event"]["data"]]


def check(certificates, service, settings, before):
    names = [
        service.certificate(a_certificate(number)["certificate_number"], CENTRE)["holder"]["name"]
        for number in range(COUNT)
    ]
    assert names == [TYPED[number % len(TYPED)][3] for number in range(COUNT)]
    rows = list(certificates.store["certificates"].find())
    assert {(row["work_type"], row["assessor"]) for row in rows} == {("--", "某某(石家庄)评价中心")}
    assert said(certificates) == before, "what counts is said of no certificate"
    assert {row["version"] for row in rows} == {1}
    for number in range(COUNT):
        again = a_certificate(number, holder_name=TYPED[number % len(TYPED)][2], assessor="某某（石家庄）评价中心")
        with pytest.raises(public.CertificateAlreadyIssued):
            service.issue_certificate(again, CENTRE)
    while certificates.outbox.order(token=1):
        pass
    books = Books(settings)
    assert list(records.imprint_faults(books, "certification")) == []
    assert list(sealed.faults(books)) == []


def test_what_was_recorded_is_read_again_and_stays_the_same_certificate(of_02, service, settings):
    before = said(of_02)
    work = rereading.rereading(settings)
    while work.work():
        pass
    (at,) = of_02.store["migrations"].find()
    assert (at["done"], at["changed"]) == (True, COUNT)
    check(of_02, service, settings, before)
    assert not rereading.rereading(settings).work(), "once is enough"


def test_a_rereading_that_is_killed_goes_on_where_it_was(of_02, service, settings):
    before = said(of_02)
    code = (
        "import os, signal\n"
        "from runtime import config\n"
        "from services.certification.rereading import rereading\n"
        "work, rows = rereading(config.read(), batch=2), []\n"
        "def reread(row, session, read=work._reread):\n"
        "    rows.append(row)\n"
        "    if len(rows) == 8:  # the second of its batch: the first is written, and not committed\n"
        "        print('session', session.session_id['id'].hex(), flush=True)\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return read(row, session)\n"
        "work._reread = reread\n"
        "while work.work(): pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ.copy(), capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    (session,) = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("session")]
    # MongoDB would do so itself within a minute.
    of_02.store.client.admin.command("killSessions", [{"id": Binary(bytes.fromhex(session), 4)}])
    (at,) = of_02.store["migrations"].find()
    assert not at["done"]
    assert at["changed"] == 6
    work = rereading.rereading(settings, batch=7)
    while work.work():
        pass
    (at,) = of_02.store["migrations"].find()
    assert (at["done"], at["changed"]) == (True, COUNT), "each was read once"
    check(of_02, service, settings, before)


def test_one_that_cannot_be_opened_keeps_nobody_waiting(of_02, settings):
    first = of_02.store["certificates"].find_one(sort=[("_id", 1)])
    of_02.store["certificates"].update_one(
        {"_id": first["_id"]}, {"$set": {"sealed": Binary(first["sealed"][:-1] + b"x", 6)}}
    )
    work = rereading.rereading(settings)
    while work.work():
        pass
    (at,) = of_02.store["migrations"].find()
    assert (at["done"], at["changed"]) == (True, COUNT - 1)
