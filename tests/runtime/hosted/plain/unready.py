"""A worker that runs and says that it cannot work yet."""


class Unready:
    def run(self, stop):
        stop.wait()

    def ready(self):
        return {"caught_up": False, "behind": 7}


def worker(config):
    return Unready()
