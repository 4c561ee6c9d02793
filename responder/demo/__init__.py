"""The demo bureau: invented messages, and the files of the channels they would arrive in."""
