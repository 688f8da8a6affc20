"""How many threads a gateway's process has, and for what (lanes.py). gunicorn's settings read this: no imports here."""

CALLS, CALLS_WAITING = 16, 24
UPLOADS = 12
SECRETS, SECRETS_WAITING = 2, 6  # of clients that want a token
SPARE = 12  # for everything else
SLOW = 24  # who wait for a slow client, whatever for
ALL = CALLS + CALLS_WAITING + UPLOADS + SECRETS + SECRETS_WAITING + SPARE
