from bursar.delivery.models import Mail, MailStatus

__all__ = ["Mail", "MailStatus"]
