"""Pitches (讲解): one at a time, on the recording's clock; pitch requests and replays."""
