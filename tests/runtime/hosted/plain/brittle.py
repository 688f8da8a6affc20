"""A worker that breaks, quoting what it was given."""

ID_NUMBER = "110101199003070118"


class Brittle:
    def run(self, stop):
        stop.wait(0.2)
        raise ValueError(ID_NUMBER)


def worker(config):
    return Brittle()
