"""Names of the files through which an operator requests an action of a run (B47)."""

from __future__ import annotations

from typing import Final

ACTION_FILENAME: Final = "monolith_action"
RESPONSE_FILENAME: Final = "monolith_action_response"
