"""Example documents of the API reference."""

from typing import Any, Final

ALLOCATION_EXAMPLE: Final[dict[str, Any]] = {
    "updated": [],
    "created": [
        {
            "uuid": "4fa11bd5-3f29-4c31-aa72-90f5d3a3a1e5",
            "assignment_configuration": "6fc7ef56-d1c4-4aa8-a649-e6eb209f7668",
            "learner_email": "abc@example.com",
            "lms_user_id": 123123,
            "content_key": "edx+101",
            "content_title": "edX 101",
            "content_quantity": -10000,
            "state": "allocated",
            "transaction_uuid": None,
            "actions": [],
            "earliest_possible_expiration": {
                "date": "2024-08-20T11:58:34.666249Z",
                "reason": "NINETY_DAYS_PASSED",
            },
        }
    ],
    "no_change": [],
}
ASSIGNMENTS_EXAMPLE: Final[dict[str, Any]] = {
    "count": 123,
    "page_count": 3,
    "page_size": 50,
    "current_page": 1,
    "next": "http://example.com",
    "previous": "http://example.com",
    "results": [
        {
            "uuid": "095be615-a8ad-4c33-8e9c-c7612fbf6c9f",
            "assignment_configuration": "fd456a98-653b-41e9-94d1-94d7b136832a",
            "learner_email": "user@example.com",
            "lms_user_id": 0,
            "content_key": "string",
            "content_title": "string",
            "content_quantity": 0,
            "state": "allocated",
            "transaction_uuid": "3a6bcbed-b7dc-4791-84fe-b20f12be4001",
            "actions": [
                {
                    "created": "2019-08-24T14:15:22Z",
                    "modified": "2019-08-24T14:15:22Z",
                    "uuid": "095be615-a8ad-4c33-8e9c-c7612fbf6c9f",
                    "action_type": "learner_linked",
                    "completed_at": "2019-08-24T14:15:22Z",
                    "error_reason": "email_error",
                }
            ],
            "earliest_possible_expiration": {
                "date": "2019-08-24T14:15:22Z",
                "reason": "string",
            },
            "recent_action": {
                "action_type": "assigned",
                "timestamp": "2019-08-24T14:15:22Z",
            },
            "learner_state": "notifying",
            "error_reason": "string",
        }
    ],
    "learner_state_counts": [{"learner_state": "waiting", "count": 123}],
}
