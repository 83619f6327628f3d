//! Names that a server and its clients agree on.

/// The file in the model directory that holds the controller's address.
pub const SERVER_ADDR_FILENAME: &str = "controller_server_addr.txt";

/// What the server's handlers run on; the label of their lanes in traces.
pub const HANDLER_POOL_NAME: &str = "controller";
