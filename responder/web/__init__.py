"""The desk: thin pages over the responder's services, rendered on the server, without scripts."""
