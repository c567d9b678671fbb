"""The media engine: RTMP in; HTTP-FLV, LL-HLS and an fMP4 recording out; no transcoding, no database.

Runs as its own process. It knows nothing of rooms: who may publish, play or keep a recording is asked over
SRS-shaped HTTP callbacks (hooks.py), so that an external SRS or MediaMTX can take its place. How the bytes walk:

    ingest.py (RTMP) -> live.py (one stream) -> fanout.py (FLV viewers)
                                             -> packager.py -> playlist.py, web.py (LL-HLS viewers)
                                                            -> recording.py (fMP4 files, SHA-256)
"""
