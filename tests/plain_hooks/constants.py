"""Constants of the controller server."""

SERVER_ADDR_FILENAME = "controller_server_addr.txt"
