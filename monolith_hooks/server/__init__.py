"""The controller: a gRPC server beside the chief's session, and its client."""
