from services.inspections import service


class Inspections(service.Inspections):
    pass
