"""A worker that ends although nobody asked it to."""


class Short:
    def run(self, stop):
        return


def worker(config):
    return Short()
