"""Client by server, in every pair of languages, over real gRPC on this machine."""
