from services.certification import service


class Certification(service.Certification):
    pass
