from bursar.delivery.service import (
    NewMail,
    drop_pending,
    enqueue,
    pending_subjects,
    replace_recipients,
)

__all__ = ["NewMail", "drop_pending", "enqueue", "pending_subjects", "replace_recipients"]
