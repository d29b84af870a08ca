from bursar.delivery.channel import Attempt, AttemptOutcome, MailKind, QueuedMail

__all__ = ["Attempt", "AttemptOutcome", "MailKind", "QueuedMail"]
