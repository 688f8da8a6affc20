from services.reports import service


class Reports(service.Reports):
    pass
