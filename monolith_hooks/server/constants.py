"""Constants shared by the controller's server and its clients."""

from __future__ import annotations

from typing import Final

SERVER_ADDR_FILENAME: Final = "controller_server_addr.txt"
"""The file in the model directory that holds the server's address."""
